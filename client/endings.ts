/** Why connections end, how long to wait before the next one, and why intents are refused. */
import { type CodeEntry, closeCodes, refusals } from "../engine/wire/codes.js";
import type { Refusal } from "./intent-queue.js";

/** Why a connection ended, in words for a person. */
export interface Ending {
  /** The WebSocket's close code. */
  readonly code: number;
  /** The code's name in the catalogue; "connectionLost" for any other. */
  readonly name: string;
  readonly reason: string;
  /** What to do about it. */
  readonly remedy: string;
}

const byCode = new Map<number, CodeEntry>(Object.values(closeCodes).map((entry) => [entry.code, entry]));

const byRefusal = new Map<number, CodeEntry>(Object.values(refusals).map((entry) => [entry.code, entry]));

const RETRY_FIRST_MS = 500;
const RETRY_MS_MAX = 10_000;

/** Describes a close code; the server's own words win over the catalogue's. */
export function endingOf(code: number, reason: string): Ending {
  const entry = byCode.get(code);
  return {
    code,
    name: entry?.name ?? "connectionLost",
    reason: reason || (entry?.reason ?? "the connection was lost"),
    remedy: entry?.remedy ?? "check the network",
  };
}

/** Whether connecting again by itself can help. Codes that are not the server's (1006 …) are the network's. */
export function mayRetryAfter(code: number): boolean {
  return byCode.get(code)?.mayRetry ?? true;
}

/**
 * Wait before attempt 1, 2, 3 …: anything up to a bound that doubles ("full jitter"), so that thousands who lost the
 * same server do not come back in the same instant. A session that waits for `graceMs` is tried for three times at least.
 */
export function reconnectDelayMs(
  at: { readonly attempt: number; readonly graceMs: number },
  random: () => number,
): number {
  let boundMs = RETRY_FIRST_MS;
  for (let doublings = 1; doublings < at.attempt && boundMs < RETRY_MS_MAX; doublings++) boundMs *= 2;
  return random() * Math.min(boundMs, RETRY_MS_MAX, Math.max(RETRY_FIRST_MS, at.graceMs / 3));
}

/** A refusal in words; the server's own win over the catalogue's. */
export function refusalOf(refused: { readonly code: number; readonly reason: string }): Refusal {
  const { code, reason } = refused;
  const entry = byRefusal.get(code);
  return { kind: "refused", code, name: entry?.name ?? "game", reason: reason || (entry?.reason ?? "") };
}
