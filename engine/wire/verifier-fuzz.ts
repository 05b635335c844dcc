/**
 * Attacks the verifier: valid tables are mutated, and each result lies in the middle of memory that is filled once
 * with one canary and once with another. The verdict must not depend on the canary, and what is accepted must read
 * the same in both, field by field: otherwise something looked outside of the message.
 */
import { ByteBuffer } from "flatbuffers";
import { assert } from "../assert.js";
import { Prng } from "../prng.js";
import { encodeTree } from "./every-shape/every-shape-tree.js";
import { TreeSchema } from "./every-shape/generated/every-shape-schema.js";
import { Tree } from "./every-shape/generated/tree.js";
import { PlayerChanged } from "./generated/player-changed.js";
import { Profiles } from "./generated/profiles.js";
import { PlayerChangedSchema, ProfilesSchema, WelcomeSchema } from "./generated/session-schema.js";
import { Welcome } from "./generated/welcome.js";
import { TABLE_HEAD_BYTES } from "./message-types.js";
import { encodeProfiles } from "./profile-codec.js";
import { readEverything } from "./read-everything.js";
import type { TableSchema } from "./schema.js";
import { encodePlayerChangedBody, encodeWelcome } from "./table-codec.js";
import { compileVerifier, type Verifier, verdicts, verifierLimits } from "./verifier.js";

export interface FuzzResult {
  /** Mutants that passed and were read completely. */
  readonly accepted: number;
  /** Mutants turned down, by verdict. */
  readonly refused: ReadonlyMap<number, number>;
}

/** Bytes on either side of the message: more than any 16-bit offset can reach, in front and behind. */
const MARGIN_BYTES = 72 * 1024;
const MUTANT_BYTES_MAX = 4096;
/** Zero is what a terminator, an absent field and an empty vector look like: the canary most easily believed. */
const CANARIES = [0x00, 0xa5] as const;
/** Numbers at which arithmetic on offsets and lengths goes wrong. */
const nastyWords = [
  0, 1, 2, 3, 4, 7, 8, 0x7f, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
];

interface Target {
  readonly schema: TableSchema;
  readonly verify: Verifier;
  open(buffer: ByteBuffer): object;
  /** A valid table to start from. */
  seed(prng: Prng): Uint8Array;
}

const target = (
  schema: TableSchema,
  open: (buffer: ByteBuffer) => object,
  seed: (prng: Prng) => Uint8Array,
): Target => ({ schema, verify: compileVerifier(schema), open, seed });

const targets: readonly Target[] = [
  target(
    TreeSchema,
    (buffer) => Tree.getRootAsTree(buffer),
    (prng) => encodeTree(prng.below(3), (count) => prng.below(count)),
  ),
  target(
    PlayerChangedSchema,
    (buffer) => PlayerChanged.getRootAsPlayerChanged(buffer),
    (prng) => {
      const inventory = Array.from({ length: prng.below(4) }, (_, item) => ({ item: item + 1, count: 2 }));
      return encodePlayerChangedBody({ level: 3, experience: prng.unit(), gold: 1, inventory });
    },
  ),
  target(
    ProfilesSchema,
    (buffer) => Profiles.getRootAsProfiles(buffer),
    (prng) => {
      const profiles = Array.from({ length: prng.below(4) }, (_, id) => ({
        id,
        name: `näme ${id}`,
        level: 1,
      }));
      return encodeProfiles({ cell: 7, profiles }).subarray(TABLE_HEAD_BYTES);
    },
  ),
  target(
    WelcomeSchema,
    (buffer) => Welcome.getRootAsWelcome(buffer),
    (prng) =>
      encodeWelcome({
        protocol: 1,
        session: prng.next(),
        entity: 2,
        playerId: "0".repeat(32),
        name: "Ana",
        resumeToken: "token",
        recovered: true,
        eventsAcked: 0,
        intentsApplied: 4,
        tick: 5,
        tickPeriodMs: 50,
        worldWidthCells: 4,
        worldHeightCells: 4,
        cellSizeMeters: 24,
        sessionGraceMs: 1000,
        shardCount: 2,
        owners: new Uint8Array(prng.below(20)),
        fieldType: "open-world",
        serverVersion: "0.1.0",
      }).subarray(TABLE_HEAD_BYTES),
  ),
];

/** The same memory twice, differing in the canary alone. */
class Arena {
  readonly memories = CANARIES.map((canary) =>
    new Uint8Array(2 * MARGIN_BYTES + MUTANT_BYTES_MAX).fill(canary),
  );

  place(message: Uint8Array): void {
    for (const memory of this.memories) memory.set(message, MARGIN_BYTES);
  }

  clear(length: number): void {
    this.memories.forEach((memory, index) => {
      memory.fill(CANARIES[index]!, MARGIN_BYTES, MARGIN_BYTES + length);
    });
  }
}

/** Tries `count` mutants. Throws, naming the mutant, if the verifier fails; the same seed gives the same run. */
export async function fuzzVerifier(count: number, seed: number): Promise<FuzzResult> {
  const prng = new Prng(seed);
  const arena = new Arena();
  const refused = new Map<number, number>();
  let accepted = 0;
  let base = new Uint8Array(0);
  let attacked = targets[0]!;
  for (let done = 0; done < count; done++) {
    // A fresh start now and then; encoding costs more than mutating.
    if (done % 16 === 0) {
      attacked = targets[prng.below(targets.length)]!;
      base = Uint8Array.from(attacked.seed(prng));
      assert(
        attacked.verify(base, 0, base.length) === verdicts.good,
        `seed ${seed}, ${done}: what is encoded is accepted`,
      );
    }
    const mutant = mutate(base, prng);
    const verdict = tryMutant(attacked, mutant, arena, `seed ${seed}, mutant ${done}`);
    if (verdict === verdicts.good) accepted++;
    else refused.set(verdict, (refused.get(verdict) ?? 0) + 1);
    // Leave the event loop a turn, so that a long run can be watched and stopped.
    if (done % 100_000 === 99_999) await new Promise((resolve) => setImmediate(resolve));
  }
  return { accepted, refused };
}

function tryMutant(attacked: Target, mutant: Uint8Array, arena: Arena, label: string): number {
  arena.place(mutant);
  const [first, second] = arena.memories as [Uint8Array, Uint8Array];
  const end = MARGIN_BYTES + mutant.length;
  const verdict = attacked.verify(first, MARGIN_BYTES, end);
  assert(
    attacked.verify(second, MARGIN_BYTES, end) === verdict,
    `${label}: the verdict depends on the message alone`,
  );
  if (verdict === verdicts.good) {
    const one = read(attacked, first, mutant.length, label);
    const other = read(attacked, second, mutant.length, label);
    assert(one === other, `${label}: what is read depends on the message alone`);
  }
  arena.clear(mutant.length);
  return verdict;
}

/** A digest of every field. The buffer is the whole memory, so that a stray offset has something to find. */
function read(attacked: Target, memory: Uint8Array, length: number, label: string): number {
  const buffer = new ByteBuffer(memory);
  buffer.setPosition(MARGIN_BYTES);
  let digest = 0;
  let weight = 0;
  readEverything(attacked.open(buffer), attacked.schema, (value) => {
    weight += typeof value === "string" ? 1 + value.length : 1;
    digest = (Math.imul(digest, 31) + digestOf(value)) | 0;
  });
  // A table has at most a few dozen fields besides what it points to, and vectors are read twice here.
  const { readFactorMax, tablesMax } = verifierLimits;
  const most = 2 * readFactorMax * length + 64 * Math.min(tablesMax, readFactorMax * length);
  assert(weight <= most, `${label}: reading is bounded by the message's length`);
  return digest;
}

const floatView = new DataView(new ArrayBuffer(8));

function digestOf(value: unknown): number {
  if (typeof value === "string") {
    let digest = value.length;
    for (let index = 0; index < value.length; index++)
      digest = (Math.imul(digest, 31) + value.charCodeAt(index)) | 0;
    return digest;
  }
  if (typeof value === "bigint") return Number(BigInt.asIntN(32, value ^ (value >> 32n)));
  if (typeof value !== "number") return value === null ? 1 : Number(value);
  floatView.setFloat64(0, value);
  return floatView.getInt32(0) ^ floatView.getInt32(4);
}

function mutate(base: Uint8Array, prng: Prng): Uint8Array {
  const choice = prng.below(64);
  // Now and then nothing but noise, and now and then the message itself.
  if (choice === 0) return Uint8Array.from({ length: prng.below(200) }, () => prng.next());
  if (choice === 1) return base;
  const room = choice < 12 ? prng.below(MUTANT_BYTES_MAX - base.length) : 0;
  let mutant = new Uint8Array(base.length + room);
  mutant.set(base);
  for (let left = 1 + prng.below(choice < 40 ? 2 : 6); left > 0; left--) mutateOnce(mutant, prng);
  if (choice > 54) mutant = mutant.subarray(0, prng.below(mutant.length + 1));
  return mutant;
}

function mutateOnce(mutant: Uint8Array, prng: Prng): void {
  const { length } = mutant;
  if (length < 8) return;
  const view = new DataView(mutant.buffer, mutant.byteOffset, length);
  const at = prng.below(length - 4);
  const even = at & ~1;
  const word = at & ~3;
  switch (prng.below(8)) {
    case 0:
      mutant[at] = mutant[at]! ^ (1 << prng.below(8));
      return;
    case 1:
      mutant[at] = prng.next();
      return;
    case 2:
      view.setUint16(even, nastyWords[prng.below(nastyWords.length)]!, true);
      return;
    case 3:
      view.setUint32(word, nastyWords[prng.below(nastyWords.length)]!, true);
      return;
    case 4:
      // Small steps move an offset to its neighbour: the mutants that come closest to being valid.
      view.setUint32(word, view.getUint32(word, true) + (prng.below(65) - 32), true);
      return;
    case 5:
      view.setUint16(even, view.getUint16(even, true) + (prng.below(17) - 8), true);
      return;
    case 6:
      view.setUint32(word, prng.below(length), true);
      return;
    default:
      mutant.copyWithin(word, prng.below(length) & ~3, prng.below(length));
  }
}
