/** A journal on a simulated disk with a clock that is cranked by hand, and everything it logged. */
import type { LogFields } from "../../engine/log.js";
import { ManualClock } from "../../engine/time.js";
import { Journal, type JournalLimits } from "./journal.js";
import { turn } from "./journal-lives.js";
import { contentOf, idOf, journalLimits } from "./journal-samples.js";
import type { SimulatedDisk } from "./simulated-disk.js";

export interface LogLine extends LogFields {
  readonly level: string;
  readonly message: string;
}

export class JournalStage {
  readonly journal: Journal;
  readonly clock: ManualClock;
  readonly lines: LogLine[];
  /** Times the journal called for its duty cycle. */
  readonly wakes: { count: number };

  private constructor(
    journal: Journal,
    seen: { clock: ManualClock; lines: LogLine[]; wakes: { count: number } },
  ) {
    this.journal = journal;
    this.clock = seen.clock;
    this.lines = seen.lines;
    this.wakes = seen.wakes;
  }

  static async open(disk: SimulatedDisk, limits: Partial<JournalLimits> = {}): Promise<JournalStage> {
    const seen = { clock: new ManualClock(), lines: [] as LogLine[], wakes: { count: 0 } };
    const line = (level: string) => (message: string, fields?: LogFields) =>
      void seen.lines.push({ level, message, ...fields });
    const log = { error: line("error"), warn: line("warn"), info: line("info"), debug: line("debug") };
    const journal = await Journal.open({
      disk,
      clock: seen.clock,
      log,
      limits: { ...journalLimits, ...limits },
      newId: () => idOf(7),
      wake: () => void seen.wakes.count++,
    });
    return new JournalStage(journal, seen);
  }

  /** Appends the next records. */
  append(count: number): void {
    for (let record = 0; record < count; record++) {
      const { type, payload } = contentOf(this.journal.lastPosition + 1);
      this.journal.append(type, payload);
    }
  }

  /** One duty cycle, and everything that follows of it without time passing. */
  async cycle(): Promise<void> {
    this.journal.duty(this.clock.nowMs());
    await turn();
  }

  /** Cycles until everything is durable. */
  async settle(): Promise<void> {
    for (let cycle = 0; this.journal.durablePosition < this.journal.lastPosition; cycle++) {
      if (cycle > 1000) throw new Error(`nothing becomes durable: ${this.journal.lastError}`);
      await this.cycle();
      this.clock.advance(1);
    }
  }

  /** Cycles until there is nothing to do: nothing in the background either. */
  async rest(): Promise<void> {
    await this.settle();
    while (this.journal.duty(this.clock.nowMs()) > 0) await turn();
    await turn();
    this.journal.duty(this.clock.nowMs());
  }
}
