/** Tickets for many guests: a few requests at a time over kept-alive connections, waiting when the server says so. */
import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const REQUESTS_AT_ONCE = 8;
const ANSWER_BYTES_MAX = 65_536;
const ATTEMPTS_MAX = 20;
const RETRY_MS = 500;
const RETRY_MS_MAX = 10_000;
const TIMEOUT_MS = 10_000;

/** The server gave no ticket. */
export class TicketRefused extends Error {
  override readonly name = "TicketRefused";
}

export class GuestTickets {
  readonly #host: string;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: REQUESTS_AT_ONCE });
  /** Set while the server limits us: everybody waits for the same moment. */
  #pause: Promise<void> | undefined;

  constructor(address: { readonly host: string; readonly port: number }) {
    this.#host = address.host;
    this.#port = address.port;
  }

  /** @throws TicketRefused */
  async fetch(name: string): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      await this.#pause;
      const answer = await this.#post(JSON.stringify({ name }));
      if (answer.status === 200) return ticketOf(answer.text);
      const isTransient = answer.status === 429 || answer.status === 503;
      if (!isTransient || attempt === ATTEMPTS_MAX) {
        throw new TicketRefused(`POST /guest: ${answer.status} ${answer.text.trim().slice(0, 200)}`);
      }
      const seconds = Number(answer.retryAfter);
      const waitMs = seconds > 0 ? Math.min(seconds * 1000, RETRY_MS_MAX) : RETRY_MS;
      this.#pause ??= delay(waitMs).then(() => {
        this.#pause = undefined;
      });
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(body: string): Promise<{ status: number; text: string; retryAfter: string }> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(new TicketRefused(`POST /guest: ${error.message}`));
      const sent = request(
        {
          host: this.#host,
          port: this.#port,
          path: "/guest",
          method: "POST",
          agent: this.#agent,
          timeout: TIMEOUT_MS,
          headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        },
        (response) => {
          const parts: Buffer[] = [];
          let length = 0;
          response.on("data", (part: Buffer) => {
            length += part.length;
            if (length > ANSWER_BYTES_MAX) response.destroy(new Error("the answer is too long"));
            else parts.push(part);
          });
          response.on("error", fail);
          response.on("end", () => {
            const retryAfter = response.headers["retry-after"] ?? "";
            resolve({
              status: response.statusCode ?? 0,
              text: Buffer.concat(parts).toString("utf8"),
              retryAfter,
            });
          });
        },
      );
      sent.on("timeout", () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
      sent.on("error", fail);
      sent.end(body);
    });
  }
}

function ticketOf(text: string): string {
  let answer: { ticket?: unknown };
  try {
    answer = JSON.parse(text);
  } catch {
    throw new TicketRefused(`POST /guest: not JSON: ${text.slice(0, 80)}`);
  }
  if (typeof answer?.ticket !== "string" || answer.ticket === "") {
    throw new TicketRefused(`POST /guest: no ticket in ${text.slice(0, 80)}`);
  }
  return answer.ticket;
}
