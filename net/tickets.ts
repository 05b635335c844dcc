/**
 * Guest tickets: who somebody is, signed by this server, so that nothing has to be looked up.
 *
 * `base64url(JSON) "." base64url(HMAC-SHA256(key, first part))`
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { judgeName } from "./player-name.js";

export interface Ticket {
  /** 32 lower-case hex digits. */
  readonly playerId: string;
  readonly name: string;
  /** Wall-clock milliseconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export type TicketVerdict =
  | { readonly is: "valid"; readonly ticket: Ticket }
  | { readonly is: "expired"; readonly ticket: Ticket }
  | { readonly is: "invalid" };

/** Longer ones are not even looked at. */
export const ticketLengthMax = 1024;

const playerIdShape = /^[0-9a-f]{32}$/;
const partShape = /^[A-Za-z0-9_-]+$/;
const INVALID: TicketVerdict = { is: "invalid" };

export function issueTicket(ticket: Ticket, key: Uint8Array): string {
  const { playerId, name, issuedAt, expiresAt } = ticket;
  const payload = Buffer.from(JSON.stringify({ playerId, name, issuedAt, expiresAt })).toString("base64url");
  return `${payload}.${signature(payload, key).toString("base64url")}`;
}

/** Never throws. The signature is checked, in constant time, before anything is parsed. */
export function judgeTicket(
  text: string,
  options: { readonly key: Uint8Array; readonly wallMs: number },
): TicketVerdict {
  if (text.length > ticketLengthMax) return INVALID;
  const parts = text.split(".");
  const [payload, signed] = parts;
  if (parts.length !== 2 || !partShape.test(payload!) || !partShape.test(signed!)) return INVALID;
  const given = Buffer.from(signed!, "base64url");
  const wanted = signature(payload!, options.key);
  // One byte sequence has several spellings in base64; only the one we write is a ticket.
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return INVALID;
  if (given.toString("base64url") !== signed) return INVALID;
  const ticket = parse(payload!);
  if (ticket === null || ticket.issuedAt > ticket.expiresAt) return INVALID;
  return { is: options.wallMs < ticket.expiresAt ? "valid" : "expired", ticket };
}

function signature(payload: string, key: Uint8Array): Buffer {
  return createHmac("sha256", key).update(payload).digest();
}

function parse(payload: string): Ticket | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  } catch (error) {
    // Signed by us and not JSON: a key used for something else.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof value !== "object" || value === null) return null;
  const { playerId, name, issuedAt, expiresAt } = value as Partial<Record<keyof Ticket, unknown>>;
  if (typeof playerId !== "string" || !playerIdShape.test(playerId)) return null;
  if (!Number.isSafeInteger(issuedAt) || !Number.isSafeInteger(expiresAt)) return null;
  // The rule for names may have become stricter since the ticket was issued.
  const verdict = judgeName(name);
  if (!verdict.isValid) return null;
  return { playerId, name: verdict.name, issuedAt: issuedAt as number, expiresAt: expiresAt as number };
}
