/** `POST /guest`: gives out tickets. Who brings an old one keeps the player and may take another name. */
import { isOriginAllowed } from "./handshake.js";
import type { NetContext } from "./net-context.js";
import { judgeName, nameProblems } from "./player-name.js";
import type { AddressLimits } from "./rate-limit.js";
import { issueTicket, judgeTicket } from "./tickets.js";
import type { HttpAnswer, HttpRequest, HttpStatus } from "./transport.js";

export interface GuestDesk {
  readonly context: NetContext;
  readonly key: Uint8Array;
  readonly addresses: AddressLimits;
}

const HOUR_MS = 3_600_000;
const utf8 = new TextDecoder("utf-8", { fatal: true });

export function answerGuest(request: HttpRequest, desk: GuestDesk, isDraining: boolean): HttpAnswer {
  const { config, clock } = desk.context;
  if (!isOriginAllowed(request, config.net.origins)) return problem(403, "this origin is not allowed", {});
  const cors = corsHeaders(request.origin);
  if (request.method === "OPTIONS") return { status: 204, headers: cors, body: "" };
  if (request.method !== "POST") return problem(405, "use POST", { ...cors, allow: "POST, OPTIONS" });
  if (isDraining) return problem(503, "the server is shutting down", cors);
  if (!desk.addresses.take(request.address, clock.nowMs())) {
    return problem(429, "too many tickets for this address; wait a minute", cors);
  }
  const asked = parse(request.body);
  if (asked === null) return problem(400, 'the body must be JSON: {"name": "…", "ticket"?: "…"}', cors);
  const verdict = judgeName(asked.name);
  if (!verdict.isValid) return problem(400, nameProblems[verdict.problem], cors);
  const issuedAt = clock.wallMs();
  const playerId = playerOf(asked.ticket, desk, issuedAt) ?? newPlayerId(desk);
  const expiresAt = issuedAt + config.session.ticketHours * HOUR_MS;
  const { name } = verdict;
  const ticket = issueTicket({ playerId, name, issuedAt, expiresAt }, desk.key);
  return json(200, { ticket, playerId, name }, cors);
}

/** An old ticket that is no longer good for the door is no longer good for a player either. */
function playerOf(ticket: unknown, desk: GuestDesk, wallMs: number): string | null {
  if (typeof ticket !== "string") return null;
  const verdict = judgeTicket(ticket, { key: desk.key, wallMs });
  return verdict.is === "valid" ? verdict.ticket.playerId : null;
}

function newPlayerId(desk: GuestDesk): string {
  return Buffer.from(desk.context.secretBytes(16)).toString("hex");
}

function parse(body: Uint8Array): { name?: unknown; ticket?: unknown } | null {
  try {
    const value: unknown = JSON.parse(utf8.decode(body));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch (error) {
    // Neither UTF-8 nor JSON: what anybody may send.
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

function corsHeaders(origin: string): Record<string, string> {
  if (origin === "") return { "cache-control": "no-store" };
  return {
    "cache-control": "no-store",
    "access-control-allow-origin": origin,
    "access-control-allow-headers": "content-type",
    "access-control-allow-methods": "POST",
    vary: "origin",
  };
}

function problem(status: HttpStatus, error: string, headers: Record<string, string>): HttpAnswer {
  return json(status, { error }, headers);
}

function json(status: HttpStatus, value: object, headers: Record<string, string>): HttpAnswer {
  return {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "x-content-type-options": "nosniff",
      ...headers,
    },
    body: JSON.stringify(value),
  };
}
