/** What the kernel keeps for those who do not read, as Linux tells. */
import { readFileSync } from "node:fs";

const ESTABLISHED = "01";

/**
 * Bytes in the send queue of each connection that the process has accepted on a port of IPv4: sent and not acknowledged,
 * or not sent. Such are kept in its own kernel, whatever the client's does.
 */
export function sendQueuesOf(pid: number, port: number): number[] {
  const localPort = port.toString(16).toUpperCase().padStart(4, "0");
  return readFileSync(`/proc/${pid}/net/tcp`, "utf8")
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local, , state, queues] = line.trim().split(/\s+/);
      if (local === undefined || !local.endsWith(`:${localPort}`) || state !== ESTABLISHED) return [];
      return Number.parseInt(queues!.split(":")[0]!, 16);
    });
}
