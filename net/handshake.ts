/**
 * What a client says when it connects, all of it in the list of subprotocols, because that is the one header a
 * browser lets a page write:
 *
 * `gridshard.1, ticket.<ticket>, client.<name>-<semver>[, resume.<session>.<token>]`
 */
import { closeCodes } from "../engine/wire/codes.js";
import { PROTOCOL_VERSION } from "../engine/wire/message-types.js";
import { resumeTokenLength } from "./resume-token.js";
import { judgeTicket, type Ticket } from "./tickets.js";

export interface Resume {
  readonly session: number;
  /** As it was given out. */
  readonly token: string;
}

export interface Hello {
  readonly ticket: Ticket;
  readonly clientName: string;
  readonly clientVersion: string;
  readonly resume: Resume | null;
}

type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** A refusal travels as a close code, with a reason for the person who reads the client's console. */
export interface HandshakeRefusal {
  readonly code: CloseCode;
  readonly reason: string;
}

export type Handshake =
  | { readonly is: "welcome"; readonly hello: Hello }
  | { readonly is: "refused"; readonly refusal: HandshakeRefusal };

export interface HandshakeRules {
  readonly clientVersionMin: string;
  readonly ticketKey: Uint8Array;
  readonly wallMs: number;
}

/** One subprotocol per line of the grammar above, and room for a few of other protocols. */
const PROTOCOLS_MAX = 16;
/** A close frame holds at most 123 bytes of reason. */
export const closeReasonBytesMax = 123;

const clientShape = /^client\.([A-Za-z0-9_.-]{1,32})-(\d{1,6}\.\d{1,6}\.\d{1,6})$/;
const resumeShape = new RegExp(`^resume\\.(\\d{1,10})\\.([A-Za-z0-9_-]{${resumeTokenLength}})$`);
const versionShape = /^gridshard\.\d{1,5}$/;
export const protocolName = `gridshard.${PROTOCOL_VERSION}`;

export function refused(code: CloseCode, reason: string = code.reason): Handshake {
  return { is: "refused", refusal: { code, reason } };
}

/** What was offered, one text each. */
export function offeredProtocols(header: string): string[] {
  if (header === "") return [];
  return header.split(",", PROTOCOLS_MAX + 1).map((text) => text.trim());
}

/** The protocol to answer with: a browser fails the connection unless it is one of those it offered. */
export function protocolAnswer(offered: readonly string[]): string {
  return offered.includes(protocolName) ? protocolName : (offered[0] ?? "");
}

/** Versions come first: a client that is too old may not know how to say the rest. */
export function judgeHandshake(offered: readonly string[], rules: HandshakeRules): Handshake {
  if (offered.length > PROTOCOLS_MAX) return refused(closeCodes.ticketInvalid, "too many subprotocols");
  if (!offered.includes(protocolName)) {
    const spoken = offered.filter((text) => versionShape.test(text)).join(", ") || "none";
    return refused(
      closeCodes.protocolVersion,
      `this server speaks ${protocolName}; offered: ${spoken}`.slice(0, 120),
    );
  }
  const client = clientShape.exec(only(offered, "client.") ?? "");
  if (client === null || compareVersions(client[2]!, rules.clientVersionMin) < 0) {
    return refused(
      closeCodes.clientVersion,
      `this server needs client version ${rules.clientVersionMin} or newer`,
    );
  }
  const text = only(offered, "ticket.");
  if (text === null) return refused(closeCodes.ticketInvalid);
  const verdict = judgeTicket(text.slice("ticket.".length), { key: rules.ticketKey, wallMs: rules.wallMs });
  if (verdict.is === "invalid") return refused(closeCodes.ticketInvalid);
  if (verdict.is === "expired") return refused(closeCodes.ticketExpired);
  const resume = resumeOf(offered);
  if (resume === "malformed") return refused(closeCodes.resumeInvalid);
  const hello: Hello = { ticket: verdict.ticket, clientName: client[1]!, clientVersion: client[2]!, resume };
  return { is: "welcome", hello };
}

function resumeOf(offered: readonly string[]): Resume | null | "malformed" {
  if (!offered.some((text) => text.startsWith("resume."))) return null;
  const found = resumeShape.exec(only(offered, "resume.") ?? "");
  if (found === null || Number(found[1]) > 0xffff_ffff) return "malformed";
  return { session: Number(found[1]), token: found[2]! };
}

/** The one text that begins so; null when there is none, or several that might contradict each other. */
function only(offered: readonly string[], prefix: string): string | null {
  const found = offered.filter((text) => text.startsWith(prefix));
  return found.length === 1 ? found[0]! : null;
}

/** Negative, zero or positive, as `a` is older than, equal to or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  for (let part = 0; part < 3; part++) {
    const difference = left[part]! - right[part]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Whether a page of this origin may talk to us: the page we served ourselves, or one that is listed. Programs that
 * are no browsers send none; they could send any, so refusing them would only look safe.
 */
export function isOriginAllowed(
  request: { readonly origin: string; readonly host: string },
  listed: readonly string[],
): boolean {
  const { origin, host } = request;
  if (origin === "" || listed.includes("*") || listed.includes(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const parsed = new URL(origin);
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") return false;
  return host !== "" && parsed.host === host.toLowerCase();
}
