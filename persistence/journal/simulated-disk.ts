/**
 * A disk in memory that does, by a seed, what real ones do at their worst.
 *
 * What is written and not synced is in a cache of 512-byte sectors. A power cut keeps any subset of them, tears some in the
 * middle, keeps any length between the old one and the new, and loses any creations and removals of files since the folder was
 * synced. A write may fail after a part of it; a sync may fail, after which sectors are on disk, still to be written, or,
 * as on Linux, taken for written though they are not: then a later sync succeeds without writing them.
 */
import { Prng } from "../../engine/prng.js";
import type { Disk, DiskFile } from "./disk.js";

const SECTOR_BYTES = 512;

export type DiskOperation =
  | "list"
  | "open"
  | "remove"
  | "syncFolder"
  | "write"
  | "read"
  | "sync"
  | "truncate";

/** The code of the error to fail with, or null. */
export type Fault = (operation: DiskOperation, name: string) => "EIO" | "ENOSPC" | null;

interface Inode {
  /** What is on the medium, and what the system shows. */
  durable: Uint8Array;
  cache: Uint8Array;
  /** Sectors of the cache that the next sync writes. */
  readonly dirty: Set<number>;
}

/** What became of a name, oldest first, since the folder was synced. */
type Names = Map<string, (Inode | null)[]>;

export class SimulatedDisk implements Disk {
  /** Operations begun, and by kind. */
  operations = 0;
  readonly counts = new Map<DiskOperation, number>();
  /** Asked before every operation; a write then fails after a part of it. */
  fault: Fault = () => null;
  readonly #prng: Prng;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #unsyncedNames: Names = new Map();
  #isOff = false;
  /** What a power cut has left. */
  #left: Map<string, Inode> | null = null;
  #cutAt = -1;
  #stalled: (() => void)[] | null = null;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
  }

  /** Whether the power is off; then nothing is ever answered. */
  get isOff(): boolean {
    return this.#isOff;
  }

  /** Cuts the power in the middle of the `count`th operation from now on. */
  cutPowerAfter(count: number): void {
    this.#cutAt = this.operations + count;
  }

  /** No operation is answered until {@link release}. */
  stall(): void {
    this.#stalled ??= [];
  }

  release(): void {
    const stalled = this.#stalled ?? [];
    this.#stalled = null;
    for (const go of stalled) go();
  }

  /** The power goes off: what was not synced is kept or lost by chance. {@link restart} shows what is left. */
  powerLoss(): void {
    this.#isOff = true;
    const names = new Map(this.#durableNames);
    for (const [name, changes] of this.#unsyncedNames) {
      const kept = this.#prng.below(changes.length + 1);
      if (kept > 0) rename(names, name, changes[kept - 1]!);
    }
    this.#left = new Map();
    for (const [name, inode] of names) {
      const durable = this.#afterPowerLoss(inode);
      this.#left.set(name, { durable, cache: durable.slice(), dirty: new Set() });
    }
  }

  /** The same medium under a new process, and, after a power cut, in a new machine. This one answers no more. */
  restart(): SimulatedDisk {
    const disk = new SimulatedDisk(this.#prng.next());
    if (this.#left !== null) {
      disk.#names = this.#left;
      disk.#durableNames = new Map(this.#left);
    } else {
      const copies = new Map<Inode, Inode>();
      const copyOf = (inode: Inode): Inode => {
        const known = copies.get(inode);
        if (known !== undefined) return known;
        const { durable, cache, dirty } = inode;
        const copy = { durable: durable.slice(), cache: cache.slice(), dirty: new Set(dirty) };
        copies.set(inode, copy);
        return copy;
      };
      for (const [name, inode] of this.#names) disk.#names.set(name, copyOf(inode));
      for (const [name, inode] of this.#durableNames) disk.#durableNames.set(name, copyOf(inode));
      for (const [name, changes] of this.#unsyncedNames)
        disk.#unsyncedNames.set(
          name,
          changes.map((inode) => inode && copyOf(inode)),
        );
    }
    this.#isOff = true;
    return disk;
  }

  /** A copy of what the system shows, as if everything had been synced. */
  copy(): SimulatedDisk {
    const disk = new SimulatedDisk(this.#prng.state);
    for (const [name, { cache }] of this.#names)
      disk.#names.set(name, { durable: cache.slice(), cache: cache.slice(), dirty: new Set() });
    disk.#durableNames = new Map(disk.#names);
    return disk;
  }

  /** Names, in order. */
  get names(): string[] {
    return [...this.#names.keys()].sort();
  }

  /** A file's bytes, on the medium and in memory: what is done to them is rot. */
  tamper(name: string, change: (bytes: Uint8Array) => Uint8Array | undefined): void {
    const inode = this.#inode(name);
    const changed = change(inode.cache) ?? inode.cache;
    inode.cache = changed;
    inode.durable = changed.slice();
    inode.dirty.clear();
  }

  lengthOf(name: string): number {
    return this.#inode(name).cache.length;
  }

  async list(): Promise<string[]> {
    await this.#begin("list", "");
    return this.names;
  }

  async open(name: string, mode: "create" | "existing" | "read"): Promise<DiskFile> {
    await this.#begin("open", name);
    let inode = this.#names.get(name);
    if (mode === "create") {
      if (inode !== undefined) throw failure("EEXIST", "open", name);
      inode = { durable: new Uint8Array(0), cache: new Uint8Array(0), dirty: new Set() };
      this.#names.set(name, inode);
      this.#changeName(name, inode);
    }
    if (inode === undefined) throw failure("ENOENT", "open", name);
    return new SimulatedFile(this, name, inode);
  }

  async remove(name: string): Promise<void> {
    await this.#begin("remove", name);
    if (!this.#names.delete(name)) throw failure("ENOENT", "remove", name);
    this.#changeName(name, null);
  }

  async syncFolder(): Promise<void> {
    const fault = await this.#beginFaulty("syncFolder", "");
    if (fault !== null) {
      // Some changes are on disk all the same. The rest stay to be written: a folder's blocks are written as a whole.
      for (const [name, changes] of this.#unsyncedNames) {
        if (this.#prng.below(2) === 0) continue;
        rename(this.#durableNames, name, changes.at(-1)!);
        this.#unsyncedNames.delete(name);
      }
      throw failure(fault, "syncFolder", "");
    }
    this.#durableNames = new Map(this.#names);
    this.#unsyncedNames = new Map();
  }

  /** @internal for the file. */
  async write(name: string, inode: Inode, bytes: Uint8Array, at: number): Promise<void> {
    // The system copies the bytes at some time before it answers: what changes meanwhile is caught by a copy at the end.
    const fault = await this.#beginFaulty("write", name, () =>
      put(inode, bytes.subarray(0, this.#prng.below(bytes.length + 1)), at),
    );
    if (fault !== null) {
      put(inode, bytes.subarray(0, this.#prng.below(bytes.length)), at);
      throw failure(fault, "write", name);
    }
    put(inode, bytes, at);
  }

  /** @internal */
  async read(name: string, inode: Inode, into: Uint8Array, at: number): Promise<number> {
    await this.#begin("read", name);
    const bytes = inode.cache.subarray(at, at + into.length);
    into.set(bytes);
    return bytes.length;
  }

  /** @internal */
  async sync(name: string, inode: Inode): Promise<void> {
    const fault = await this.#beginFaulty("sync", name);
    if (fault === null) {
      settle(inode, () => "written");
      return;
    }
    const mood = this.#prng.below(3);
    settle(inode, () => {
      if (this.#prng.below(2) === 0) return "written";
      return mood === 0 ? "dirty" : mood === 1 ? "forgotten" : this.#prng.below(2) ? "dirty" : "forgotten";
    });
    throw failure(fault, "sync", name);
  }

  /** @internal */
  async truncate(name: string, inode: Inode, length: number): Promise<void> {
    await this.#begin("truncate", name);
    const changed = new Uint8Array(length);
    changed.set(inode.cache.subarray(0, length));
    inode.cache = changed;
    inode.dirty.add(Math.floor(length / SECTOR_BYTES));
  }

  #inode(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw failure("ENOENT", "open", name);
    return inode;
  }

  #changeName(name: string, inode: Inode | null): void {
    const changes = this.#unsyncedNames.get(name);
    if (changes === undefined) this.#unsyncedNames.set(name, [inode]);
    else changes.push(inode);
  }

  async #begin(operation: DiskOperation, name: string): Promise<void> {
    const fault = await this.#beginFaulty(operation, name);
    if (fault !== null) throw failure(fault, operation, name);
  }

  /** Waits out a stall, and cuts the power when it is time: before the operation, or, if it can, in the middle of it. */
  async #beginFaulty(operation: DiskOperation, name: string, half?: () => void): Promise<string | null> {
    this.operations++;
    this.counts.set(operation, (this.counts.get(operation) ?? 0) + 1);
    if (this.operations === this.#cutAt) {
      half?.();
      this.powerLoss();
    }
    if (this.#stalled !== null) await new Promise<void>((go) => this.#stalled!.push(go));
    else await null;
    if (this.#isOff) await new Promise<never>(() => {});
    return this.fault(operation, name);
  }

  #afterPowerLoss({ durable, cache, dirty }: Inode): Uint8Array {
    // Without anything to write the length is what it was.
    const most = dirty.size === 0 ? durable.length : Math.max(durable.length, cache.length);
    const least = dirty.size === 0 ? durable.length : Math.min(durable.length, cache.length);
    const left = new Uint8Array(pickLength(this.#prng, least, most));
    left.set(durable.subarray(0, left.length));
    for (const sector of dirty) {
      const at = sector * SECTOR_BYTES;
      const chance = this.#prng.below(8);
      // Half are lost, three in eight are whole, the rest are torn.
      if (chance < 4 || at >= left.length) continue;
      const end = chance < 7 ? at + SECTOR_BYTES : at + this.#prng.below(SECTOR_BYTES);
      const from = Math.min(end, left.length, cache.length);
      if (from > at) left.set(cache.subarray(at, from), at);
    }
    return left;
  }
}

class SimulatedFile implements DiskFile {
  readonly #disk: SimulatedDisk;
  readonly #name: string;
  readonly #inode: Inode;

  constructor(disk: SimulatedDisk, name: string, inode: Inode) {
    this.#disk = disk;
    this.#name = name;
    this.#inode = inode;
  }

  get length(): number {
    return this.#inode.cache.length;
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    return this.#disk.write(this.#name, this.#inode, bytes, at);
  }

  read(into: Uint8Array, at: number): Promise<number> {
    return this.#disk.read(this.#name, this.#inode, into, at);
  }

  sync(): Promise<void> {
    return this.#disk.sync(this.#name, this.#inode);
  }

  truncate(length: number): Promise<void> {
    return this.#disk.truncate(this.#name, this.#inode, length);
  }

  async close(): Promise<void> {}
}

function rename(names: Map<string, Inode>, name: string, inode: Inode | null): void {
  if (inode === null) names.delete(name);
  else names.set(name, inode);
}

function put(inode: Inode, bytes: Uint8Array, at: number): void {
  if (bytes.length === 0) return;
  const end = at + bytes.length;
  if (end > inode.cache.length) {
    const longer = new Uint8Array(end);
    longer.set(inode.cache);
    inode.cache = longer;
  }
  inode.cache.set(bytes, at);
  for (let sector = Math.floor(at / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++)
    inode.dirty.add(sector);
}

/** Does with every dirty sector what `fate` says, and with the length what becomes of most. */
function settle(inode: Inode, fate: () => "written" | "dirty" | "forgotten"): void {
  const { cache, dirty } = inode;
  const durable = new Uint8Array(cache.length);
  durable.set(inode.durable.subarray(0, cache.length));
  for (const sector of [...dirty]) {
    const become = fate();
    const at = sector * SECTOR_BYTES;
    // A sector behind the end was written before the file was cut.
    if (become === "written" && at < cache.length) durable.set(cache.subarray(at, at + SECTOR_BYTES), at);
    if (become !== "dirty") dirty.delete(sector);
  }
  inode.durable = durable;
}

function pickLength(prng: Prng, least: number, most: number): number {
  switch (prng.below(3)) {
    case 0:
      return least;
    case 1:
      return most;
    default:
      return least + prng.below(most - least + 1);
  }
}

function failure(code: string, operation: string, name: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${operation} ${name}`), { code });
}
