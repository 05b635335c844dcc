/**
 * Drives a journal on a simulated disk through life after life, by a seed, and holds every promise against what a later
 * life finds: what was said to be durable must be there, and nothing may be there that was never appended.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { silentLog } from "../../engine/log.js";
import { Prng } from "../../engine/prng.js";
import { ManualClock } from "../../engine/time.js";
import { Journal } from "./journal.js";
import { contentOf, idOf, journalLimits } from "./journal-samples.js";
import { SimulatedDisk } from "./simulated-disk.js";

export const faultKinds = ["EIO", "ENOSPC", "sync", "stall"] as const;
/** `EIO`: any operation; `ENOSPC`: writes; `sync`: only syncs; `stall`: nothing is answered for a while. */
export type FaultKind = (typeof faultKinds)[number];

export interface LifeOptions {
  /** What goes wrong, and how many of a hundred operations that can. */
  readonly faults?: { readonly kinds: readonly FaultKind[]; readonly percent: number };
}

type Death = "power" | "kill" | "close";

export class JournalLives {
  readonly prng: Prng;
  disk: SimulatedDisk;
  /** Faults that were met, records said to be durable, and lives. */
  faults = 0;
  acknowledged = 0;
  lives = 0;
  readonly #options: LifeOptions;
  readonly #clock = new ManualClock();
  /** What may be at a position: salts of {@link contentOf}. */
  readonly #salts = new Map<number, number[]>();
  #salt = 0;
  #durable = 0;
  #prunedBelow = 1;
  /** Faults stop so that a journal can be opened and looked at. */
  #hasFaults = false;

  constructor(seed: number, options: LifeOptions = {}) {
    this.prng = new Prng(seed);
    this.disk = new SimulatedDisk(this.prng.next());
    this.#options = options;
  }

  /** Some lives, and a look at what is left. Throws what is wrong. */
  async run(lives: number, steps: number): Promise<void> {
    for (let life = 0; life < lives; life++) await this.live(steps);
    await this.check();
  }

  /** One life from opening to its end, which chance chooses unless it is given. */
  async live(steps: number, wantedDeath?: Death): Promise<void> {
    this.lives++;
    const { prng } = this;
    const chance = prng.below(10);
    const death = wantedDeath ?? (chance < 6 ? "power" : chance < 9 ? "kill" : "close");
    this.#installFaults();
    if (death === "power") this.disk.cutPowerAfter(1 + prng.below(steps * 3));
    const journal = await this.#open();
    if (journal !== null) await this.#work(journal, steps, death);
    if (death === "power" && !this.disk.isOff) this.disk.powerLoss();
    this.disk = this.disk.restart();
  }

  /** Opens what is left, and compares. */
  async check(): Promise<void> {
    this.#hasFaults = false;
    this.disk.fault = () => null;
    const journal = await this.#open();
    assert.ok(journal !== null);
    await journal.close();
    this.disk = this.disk.restart();
  }

  /** Null: the power went off, or the disk failed. Whatever is opened must keep every promise made so far. */
  async #open(): Promise<Journal | null> {
    const { disk } = this;
    let journal: Journal | null = null;
    let error: NodeJS.ErrnoException | null = null;
    Journal.open({
      disk,
      clock: this.#clock,
      log: silentLog,
      limits: journalLimits,
      newId: () => idOf(7),
      wake: () => {},
    }).then(
      (opened) => (journal = opened),
      (reason) => (error = reason),
    );
    while (journal === null && error === null && !disk.isOff) await turn();
    if (error !== null) {
      if (!this.#hasFaults || (error as NodeJS.ErrnoException).code === undefined) throw error;
      return null;
    }
    if (journal !== null && !(await this.#compare(journal))) return null;
    return journal;
  }

  /** False: the power went off meanwhile. */
  async #compare(journal: Journal): Promise<boolean> {
    const { disk } = this;
    assert.ok(
      journal.lastPosition >= this.#durable,
      `${journal.lastPosition} of ${this.#durable} durable records`,
    );
    assert.equal(journal.durablePosition, journal.lastPosition);
    assert.ok(journal.firstPosition <= this.#prunedBelow, "nothing is removed that was not pruned");
    let position = journal.firstPosition - 1;
    const found: number[] = [];
    let isRead = false;
    let error: NodeJS.ErrnoException | null = null;
    const read = async () => {
      for await (const record of journal.read(1)) {
        assert.equal(record.position, ++position);
        const possible = this.#salts.get(position) ?? [];
        const salt = possible.find((one) => {
          const { type, payload } = contentOf(position, one);
          return type === record.type && Buffer.compare(payload, record.payload) === 0;
        });
        assert.ok(salt !== undefined, `what is at ${position} was never appended there`);
        found.push(salt);
      }
    };
    read().then(
      () => (isRead = true),
      (reason) => (error = reason),
    );
    while (!isRead && error === null && !disk.isOff) await turn();
    if (error !== null) {
      if (!this.#hasFaults || (error as NodeJS.ErrnoException).code === undefined) throw error;
      return true;
    }
    if (disk.isOff) return false;
    assert.equal(position, journal.lastPosition);
    // What was found is durable from now on, and nothing else can be there.
    for (const [index, salt] of found.entries()) this.#salts.set(journal.firstPosition + index, [salt]);
    this.#durable = journal.lastPosition;
    return true;
  }

  async #work(journal: Journal, steps: number, death: Death): Promise<void> {
    const { prng, disk } = this;
    const salt = ++this.#salt;
    for (let step = 0; step < steps && !disk.isOff; step++) {
      for (let count = prng.below(6); count > 0; count--) this.#append(journal, salt);
      if (this.#options.faults?.kinds.includes("stall") === true && prng.below(8) === 0) {
        disk.stall();
        this.faults++;
      }
      if (prng.below(4) === 0) disk.release();
      if (prng.below(12) === 0) this.#prune(journal);
      this.#clock.advance(prng.below(10) === 0 ? 200 : prng.below(12));
      journal.duty(this.#clock.nowMs());
      this.#note(journal);
      if (prng.below(3) > 0) await turn();
    }
    disk.release();
    if (death === "close" && !disk.isOff) await this.#close(journal);
  }

  #append(journal: Journal, salt: number): void {
    const { type, payload } = contentOf(journal.lastPosition + 1, salt);
    const position = journal.append(type, payload);
    if (position === 0) return;
    const salts = this.#salts.get(position);
    if (salts === undefined) this.#salts.set(position, [salt]);
    else salts.push(salt);
    // The journal has its own copy.
    payload.fill(0xee);
  }

  #prune(journal: Journal): void {
    const below = 1 + this.prng.below(journal.durablePosition + 1);
    this.#prunedBelow = Math.max(this.#prunedBelow, below);
    journal.prune(below);
  }

  #note(journal: Journal): void {
    // A machine without power says nothing any more.
    if (this.disk.isOff) return;
    const { durablePosition } = journal;
    assert.ok(durablePosition >= this.#durable && durablePosition <= journal.lastPosition);
    this.acknowledged += durablePosition - this.#durable;
    // What is durable is what was appended last at its position.
    for (let position = this.#durable + 1; position <= durablePosition; position++)
      this.#salts.set(position, this.#salts.get(position)!.slice(-1));
    this.#durable = durablePosition;
  }

  async #close(journal: Journal): Promise<void> {
    let isDone = false;
    journal.close().then(
      () => (isDone = true),
      () => (isDone = true),
    );
    while (!isDone && !this.disk.isOff) await turn();
    this.#note(journal);
  }

  #installFaults(): void {
    const { kinds, percent } = this.#options.faults ?? { kinds: [], percent: 0 };
    this.#hasFaults = kinds.length > 0;
    this.disk.fault = (operation) => {
      if (operation === "list" || operation === "open" || operation === "read") return null;
      const kind = kinds[this.prng.below(kinds.length)];
      if (kind === undefined || this.prng.below(100) >= percent) return null;
      if (kind === "sync" && operation !== "sync" && operation !== "syncFolder") return null;
      if (kind === "ENOSPC" && operation !== "write") return null;
      if (kind === "stall") return null;
      this.faults++;
      return kind === "ENOSPC" ? kind : "EIO";
    };
  }
}

/** Lets everything that can happen without time passing happen. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What a worker is to run: so many seeds from one on. */
export interface LivesOrder {
  readonly seed: number;
  readonly seeds: number;
  readonly options: LifeOptions;
}

/** Sums over all seeds of an order. */
export interface LivesTotals {
  readonly acknowledged: number;
  readonly faults: number;
  readonly lives: number;
}

/** Runs an order in a thread of its own; rejects with the first seed that breaks a promise. */
export async function runLives(order: LivesOrder): Promise<LivesTotals> {
  const worker = new Worker(new URL("./journal-lives-worker.js", import.meta.url), { workerData: order });
  const [totals] = (await once(worker, "message")) as [LivesTotals];
  return totals;
}
