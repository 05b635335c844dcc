/** Token buckets: one per session and kind of message, and one per network address. */

/** Sustained messages a second, and how many may come at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** `flood`: refused so often and for so long that the session should end. */
export type Permission = "granted" | "refused" | "flood";

/** A flood is so many times the rate … */
export const floodFactor = 10;
/** … for so long … */
export const floodWindowMs = 5000;
/** … but never fewer refused messages than this, so that a slow rate does not end a person who clicks a lot. */
export const floodRefusalsMin = 100;

/** A session's buckets, one row each: tokens, when they were counted, refusals, when those began to be counted. */
export type Buckets = Float64Array;
const TOKENS = 0;
const COUNTED_AT = 1;
const REFUSALS = 2;
const REFUSALS_SINCE = 3;
const ROW = 4;

/** The rates of all kinds of messages; a kind is its index in the list. */
export class RateLimits {
  readonly #rates: readonly Rate[];
  readonly #floodRefusals: readonly number[];

  constructor(rates: readonly Rate[]) {
    this.#rates = rates;
    this.#floodRefusals = rates.map((rate) =>
      Math.max(floodRefusalsMin, ((floodFactor - 1) * rate.perSecond * floodWindowMs) / 1000),
    );
  }

  /** Full buckets for a new session. */
  newBuckets(nowMs: number): Buckets {
    const buckets = new Float64Array(this.#rates.length * ROW);
    this.#rates.forEach((rate, kind) => {
      buckets[kind * ROW + TOKENS] = rate.burst;
      buckets[kind * ROW + COUNTED_AT] = nowMs;
      buckets[kind * ROW + REFUSALS_SINCE] = nowMs;
    });
    return buckets;
  }

  /** Takes one token of a kind. */
  take(buckets: Buckets, kind: number, nowMs: number): Permission {
    const rate = this.#rates[kind]!;
    const row = kind * ROW;
    const gained = ((nowMs - buckets[row + COUNTED_AT]!) * rate.perSecond) / 1000;
    const tokens = Math.min(rate.burst, buckets[row + TOKENS]! + gained);
    buckets[row + COUNTED_AT] = nowMs;
    if (tokens >= 1) {
      buckets[row + TOKENS] = tokens - 1;
      return "granted";
    }
    buckets[row + TOKENS] = tokens;
    if (nowMs - buckets[row + REFUSALS_SINCE]! >= floodWindowMs) {
      buckets[row + REFUSALS_SINCE] = nowMs;
      buckets[row + REFUSALS] = 0;
    }
    buckets[row + REFUSALS]!++;
    return buckets[row + REFUSALS]! > this.#floodRefusals[kind]! ? "flood" : "refused";
  }
}

/** One bucket. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #countedAtMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#countedAtMs = nowMs;
  }

  take(nowMs: number): boolean {
    const gained = ((nowMs - this.#countedAtMs) * this.#rate.perSecond) / 1000;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained);
    this.#countedAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** One bucket per network address, for so many addresses; the one not seen for longest is forgotten first. */
export class AddressLimits {
  readonly #rate: Rate;
  readonly #addressesMax: number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: Rate, addressesMax: number) {
    this.#rate = rate;
    this.#addressesMax = addressesMax;
  }

  get addressCount(): number {
    return this.#buckets.size;
  }

  take(address: string, nowMs: number): boolean {
    const key = networkOf(address);
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate, nowMs);
    // Put in again at the end, so that the first key is the one unseen for longest.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#addressesMax) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket.take(nowMs);
  }
}

const MAPPED_V4 = /^(?:0{0,4}:){0,5}:?(?:0{0,4}:)*ffff:(?=.*\.|[0-9a-f]{4}:[0-9a-f]{4}$)/i;

/** Who shares a limit: one IPv4 address, or the /64 that one customer of IPv6 gets. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = address.replace(MAPPED_V4, "");
  if (mapped !== address) return `::ffff:${mapped.toLowerCase()}`;
  const [head = "", tail] = address.split("%")[0]!.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros =
    tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  const groups = [...left, ...zeros, ...right].map((group) => group.replace(/^0+(?=.)/, ""));
  return `${groups.slice(0, 4).join(":")}::/64`;
}
