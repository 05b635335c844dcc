/** The bare server of floor-server.ts, in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { FloorOptions } from "./floor-server.js";

/** Clients that share a published message of the floor: as many as share a cell's. */
const GROUP_SIZE = 28;

/** Of a floor that sends each client as many bytes a second, its own, in one message a tick. */
export function floorOf(load: {
  readonly clients: number;
  readonly tickHz: number;
  readonly bytesPerClientSecond: number;
}): FloorOptions {
  const { clients, tickHz, bytesPerClientSecond } = load;
  return {
    ...{ clients, tickHz, bytesPerTick: Math.round(bytesPerClientSecond / tickHz), messagesPerTick: 1 },
    ...{ groupSize: Math.min(GROUP_SIZE, clients), way: "send" },
  };
}

/** Starts one, and ends it when `use` has settled. */
export async function withFloor<T>(
  options: FloorOptions,
  use: (server: { readonly url: string; readonly pid: number }) => Promise<T>,
): Promise<T> {
  const entry = fileURLToPath(new URL("./floor-server.js", import.meta.url));
  const child = spawn(process.execPath, [entry, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    return await use({ url: await firstLineOf(child), pid: child.pid! });
  } finally {
    const exited = child.exitCode === null ? once(child, "exit") : undefined;
    child.kill("SIGTERM");
    await exited;
  }
}

async function firstLineOf(child: ChildProcess): Promise<string> {
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout! }), "line"),
    once(child, "exit").then(() => {
      throw new Error("the floor server did not start");
    }),
  ])) as [string];
  return line.trim();
}
