/**
 * Chance. Everything random is either a {@link Prng} stream from a seed, or a pure hash of its circumstances;
 * only this file touches the machine's own entropy.
 */
import { randomBytes, randomFillSync, randomInt } from "node:crypto";

/** Mixes a 32-bit integer so that every input bit moves every output bit ("lowbias32", Wellons 2018). */
export function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A 32-bit hash of up to four 32-bit integers: chance without state, the same on any shard. */
export function hash32(a: number, b: number, c = 0, d = 0): number {
  return mix32(mix32(mix32(mix32(a) ^ b) + c) ^ Math.imul(d, 0x9e3779b1));
}

/** As {@link hash32}, as a number in [0, 1). */
export function hashUnit(a: number, b: number, c = 0, d = 0): number {
  return hash32(a, b, c, d) / 0x1_0000_0000;
}

/** A small seeded stream ("mulberry32"): 32 bits of state, enough for a game's dice, cheap to checkpoint. */
export class Prng {
  /** The whole state: save it and set it to continue the very same stream. */
  state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** The next 32 bits, unsigned. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** The next number in [0, 1). */
  unit(): number {
    return this.next() / 0x1_0000_0000;
  }

  /** The next integer in [0, count). */
  below(count: number): number {
    return Math.floor(this.unit() * count);
  }
}

/** A fresh seed from the machine, for what is meant to differ from run to run. Print it. */
export function freshSeed(): number {
  return randomInt(0, 0x7fff_ffff);
}

/** Secret bytes from the machine, for tokens and keys. */
export function secretBytes(length: number): Uint8Array {
  if (length > POOL_BYTES / 16) return randomBytes(length);
  // A few bytes cost as much as thousands: the machine is asked for many at once.
  if (poolAt + length > POOL_BYTES) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const bytes = pool.slice(poolAt, poolAt + length);
  // Nobody is to find here what was given out.
  pool.fill(0, poolAt, poolAt + length);
  poolAt += length;
  return bytes;
}

const POOL_BYTES = 4096;
const pool = new Uint8Array(POOL_BYTES);
let poolAt = POOL_BYTES;
