/**
 * Resume tokens: made, not stored, so that they outlive the process.
 *
 * `base64url(epoch u32, HMAC-SHA256(key, session u32, player id, epoch u32))`, the key derived from the server's own, so that
 * no ticket is ever a token.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";

/** Letters of a token: 36 bytes in base64, which divides evenly, so that there is one spelling of each. */
export const resumeTokenLength = 48;

const EPOCH_BYTES = 4;
const KEY_BYTES = 32;

/** Whose token it is. */
export interface TokenOwner {
  readonly number: number;
  /** 32 lower-case hex digits. */
  readonly playerId: string;
}

export class ResumeTokens {
  readonly #key: Uint8Array;
  readonly #out = new ByteWriter(32);

  constructor(serverKey: Uint8Array) {
    this.#key = new Uint8Array(
      hkdfSync("sha256", serverKey, new Uint8Array(0), "gridshard resume", KEY_BYTES),
    );
  }

  issue(owner: TokenOwner, epoch: number): string {
    return Buffer.concat([this.#out.clear().u32(epoch).bytes().slice(), this.#sign(owner, epoch)]).toString(
      "base64url",
    );
  }

  /** The attach epoch a token was issued for, or -1 when it is not this owner's. Compares in constant time. */
  judge(token: string, owner: TokenOwner): number {
    const given = Buffer.from(token, "base64url");
    if (token.length !== resumeTokenLength || given.length !== EPOCH_BYTES + KEY_BYTES) return -1;
    const epoch = new ByteReader(given).u32();
    return timingSafeEqual(given.subarray(EPOCH_BYTES), this.#sign(owner, epoch)) ? epoch : -1;
  }

  #sign({ number, playerId }: TokenOwner, epoch: number): Buffer {
    const signed = this.#out.clear().u32(number).hex16(playerId).u32(epoch).bytes();
    return createHmac("sha256", this.#key).update(signed).digest();
  }
}
