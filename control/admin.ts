/** The admin port: health, readiness, metrics, state. Reads only, and is meant for this machine or behind a token. */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isLoopback } from "../engine/config-checks.js";
import { limits } from "../engine/limits.js";
import type { Log } from "../engine/log.js";
import { metricsText } from "./metrics-text.js";
import type { ServerView } from "./server-view.js";
import { statsOf } from "./stats.js";

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  /** Empty: no token is asked for, and only requests for a loopback name are answered. */
  readonly token: string;
  readonly log: Log;
}

interface Answer {
  readonly status: number;
  readonly type:
    | "text/plain; version=0.0.4; charset=utf-8"
    | "application/json"
    | "text/plain; charset=utf-8";
  readonly body: string;
}

const text = (status: number, body: string): Answer => ({
  status,
  type: "text/plain; charset=utf-8",
  body: `${body}\n`,
});
const json = (status: number, value: object): Answer => ({
  status,
  type: "application/json",
  body: `${JSON.stringify(value)}\n`,
});

/** Pages open to anyone who can reach the port: what a load balancer asks for. */
const openPaths: readonly string[] = ["/healthz", "/readyz"];

export class AdminServer {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** Listens. Rejects with the system's error when it cannot. */
  static open(view: ServerView, options: AdminOptions): Promise<AdminServer> {
    const server = createServer({ maxHeaderSize: limits.adminHeaderBytesMax }, (request, response) => {
      reply(request, response, answer(view, options, request));
    });
    server.maxConnections = limits.adminConnectionsMax;
    server.requestTimeout = 10_000;
    server.headersTimeout = 5000;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port, options.host, () => {
        server.off("error", reject);
        server.on("error", (error) => options.log.warn("admin port failed", { reason: error.message }));
        const { port } = server.address() as AddressInfo;
        const host = options.host.includes(":") ? `[${options.host}]` : options.host;
        resolve(new AdminServer(server, `http://${host}:${port}`));
      });
    });
  }

  /** Stops listening and ends every connection. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

function answer(view: ServerView, options: AdminOptions, request: IncomingMessage): Answer {
  if (request.method !== "GET") return text(405, "only GET is answered here");
  const path = (request.url ?? "/").split("?", 1)[0]!;
  if (!openPaths.includes(path)) {
    const refusal = refusalOf(options.token, request);
    if (refusal !== null) return refusal;
  }
  switch (path) {
    case "/healthz":
      return text(200, "ok");
    case "/readyz": {
      const notReady = view.notReady();
      return json(notReady.length === 0 ? 200 : 503, {
        ready: notReady.length === 0,
        notReady,
        impaired: view.impaired(),
      });
    }
    case "/metrics":
      return { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: metricsText(view) };
    case "/stats":
      return json(200, statsOf(view));
    default:
      return text(404, "there are /healthz, /readyz, /metrics and /stats");
  }
}

function refusalOf(token: string, request: IncomingMessage): Answer | null {
  if (token !== "") {
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    return given !== undefined && isEqual(given, token)
      ? null
      : text(401, "a bearer token is needed: admin.token");
  }
  // Without a token the address is the only guard, and a web page can point its own name at it.
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return isLoopback(host) ? null : text(403, "ask for this page by a loopback address, or set admin.token");
}

/** Compares in a time that says nothing about where the two differ, nor how long the secret is. */
function isEqual(given: string, token: string): boolean {
  const digest = (value: string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function reply(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  const headers: Record<string, string> = {
    "content-type": type,
    "content-length": String(Buffer.byteLength(body)),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  if (status === 405) headers.allow = "GET";
  if (status === 401) headers["www-authenticate"] = "Bearer";
  // A body that was sent in spite of the method is not read.
  if (request.method !== "GET") headers.connection = "close";
  response.writeHead(status, headers);
  response.end(body);
}
