/**
 * The machine's disk as one process sees it: every operation takes its time, as an event of the simulation, and when the
 * process ends, what it had asked for is done, partly done, or never.
 */
import type { Prng } from "../../engine/prng.js";
import type { Disk, DiskFile } from "../../persistence/journal/disk.js";
import type { SimulatedDisk } from "../../persistence/journal/simulated-disk.js";
import type { EventQueue } from "./event-queue.js";
import type { PlantedBug } from "./planted-bugs.js";

export interface SimDiskParts {
  readonly disk: SimulatedDisk;
  readonly queue: EventQueue;
  readonly prng: Prng;
  readonly latencyMsMax: number;
  readonly bug?: PlantedBug | undefined;
  /** Somebody awaits what has been settled. */
  turn(): void;
}

interface Asked {
  /** Does it. */
  readonly carryOut: () => Promise<unknown>;
  /** Does a part of it. */
  readonly begin: (() => Promise<unknown>) | null;
}

export class SimDisk implements Disk {
  readonly #parts: SimDiskParts;
  readonly #asked = new Set<Asked>();
  #notBeforeMs = 0;

  constructor(parts: SimDiskParts) {
    this.#parts = parts;
  }

  /** Operations that have not been answered. */
  get underWay(): number {
    return this.#asked.size;
  }

  /** Nothing is answered for so long. */
  stall(ms: number): void {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#parts.queue.nowMs + ms);
  }

  /** The process is gone. What it asked for last may be done all the same; the event loop must turn for it. */
  end(): void {
    const { prng } = this.#parts;
    for (const { carryOut, begin } of this.#asked) {
      const luck = prng.below(3);
      if (luck === 0) carryOut().catch(() => {});
      else if (luck === 1) begin?.().catch(() => {});
    }
    this.#asked.clear();
    this.#parts.turn();
  }

  list(): Promise<string[]> {
    return this.#answer(() => this.#parts.disk.list());
  }

  async open(name: string, mode: "create" | "existing" | "read"): Promise<DiskFile> {
    const file = await this.#answer(() => this.#parts.disk.open(name, mode));
    return this.#fileOf(file);
  }

  remove(name: string): Promise<void> {
    return this.#answer(() => this.#parts.disk.remove(name));
  }

  syncFolder(): Promise<void> {
    return this.#answer(() => this.#parts.disk.syncFolder());
  }

  #fileOf(file: DiskFile): DiskFile {
    const { prng, bug } = this.#parts;
    return {
      get length() {
        return file.length;
      },
      write: (bytes, at) =>
        this.#answer(
          () => file.write(bytes, at),
          () => file.write(bytes.subarray(0, prng.below(bytes.length + 1)), at),
        ),
      read: (into, at) => this.#answer(() => file.read(into, at)),
      sync: () => this.#answer(() => (bug?.sync?.() === "drop" ? Promise.resolve() : file.sync())),
      truncate: (length) => this.#answer(() => file.truncate(length)),
      close: () => file.close(),
    };
  }

  /** Carries it out some time from now. */
  #answer<T>(carryOut: () => Promise<T>, begin: (() => Promise<T>) | null = null): Promise<T> {
    const { queue, prng, latencyMsMax } = this.#parts;
    return new Promise<T>((resolve, reject) => {
      const asked: Asked = { carryOut, begin };
      this.#asked.add(asked);
      const run = () => {
        if (!this.#asked.has(asked)) return;
        if (queue.nowMs < this.#notBeforeMs) {
          queue.at(this.#notBeforeMs, run);
          return;
        }
        this.#asked.delete(asked);
        this.#parts.turn();
        carryOut().then(resolve, reject);
      };
      queue.after(prng.unit() ** 2 * latencyMsMax, run);
    });
  }
}
