/** What one process of bots measures, and the report it makes of it. */
import { systemClock } from "../../engine/time.js";
import type { SightReport } from "../sight-check.js";
import { ErrorLog } from "./protocol-errors.js";
import { Tally, type TallySnapshot } from "./tally.js";

/** Room below the first frame's offset, for frames of better ticks to come. */
const OFFSET_MARGIN_MS = 500;

/** Counted over the whole run, connecting and leaving included. */
export interface Totals {
  messages: number;
  bytes: number;
  frames: number;
  events: number;
  /** Of those, such as the field's game told. */
  fieldEvents: number;
  intentsSent: number;
  /** Intents not sent because the socket was clogged. */
  intentsUnsent: number;
  reliableSent: number;
  reliableApplied: number;
  refusals: number;
  shardChanges: number;
  effectsUnseen: number;
}

const noTotals = (): Totals => ({
  messages: 0,
  bytes: 0,
  frames: 0,
  events: 0,
  fieldEvents: 0,
  intentsSent: 0,
  intentsUnsent: 0,
  reliableSent: 0,
  reliableApplied: 0,
  refusals: 0,
  shardChanges: 0,
  effectsUnseen: 0,
});

/** What one process says at the end; {@link mergeReports} makes one of several. */
export interface FleetReport {
  readonly clients: number;
  readonly connected: number;
  readonly liveAtEnd: number;
  /** Bots whose own entity was in sight when the window ended. */
  readonly placedAtEnd: number;
  readonly windowSeconds: number;
  readonly tickPeriodMs: number;
  readonly shardCount: number;
  /** Within the window. */
  readonly window: Totals;
  readonly total: Totals;
  readonly entitiesInSightMean: number;
  readonly lateness: TallySnapshot;
  readonly effect: TallySnapshot;
  readonly crossing: TallySnapshot;
  readonly generatorLateness: TallySnapshot;
  /** CPU seconds of this process per second of the window: 1 is a whole core. */
  readonly generatorCpu: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly errorSamples: readonly string[];
  readonly closes: Readonly<Record<string, number>>;
  /** Undefined where sight was not judged. */
  readonly sight?: SightReport;
}

/**
 * The tick nearest to a known one whose low 16 bits these are: a run is far longer than 2¹⁵ ticks, a frame never that late.
 */
export function nearestTick(known: number, tick16: number): number {
  return known + (((tick16 - known) << 16) >> 16);
}

export class Measures {
  readonly errors = new ErrorLog();
  readonly totals = noTotals();
  readonly closes: Record<string, number> = {};
  readonly effect = new Tally();
  readonly crossing = new Tally();
  readonly generatorLateness = new Tally();
  readonly #offsets = new Tally();
  #offsetBaseMs = Number.NaN;
  #offsetMinMs = Number.POSITIVE_INFINITY;
  #tick = 0;
  tickPeriodMs = 50;
  shardCount = 0;
  /** The clock everything here is measured by. */
  now(): number {
    return systemClock.nowMs();
  }
  /** When the read being handled came in. */
  nowMs = 0;
  isMeasuring = false;
  #atStart = noTotals();
  #window = noTotals();
  #startedMs = 0;
  #windowSeconds = 0;
  #startCpu = process.cpuUsage();
  #cpuSeconds = 0;
  #sightSum = 0;
  #sightCount = 0;

  /** A frame of this tick (modulo 65,536) has come. Returns the whole number of the tick. */
  frameOfTick(tick16: number): number {
    const tick = nearestTick(this.#tick, tick16);
    if (tick > this.#tick) this.#tick = tick;
    const offset = this.nowMs - tick * this.tickPeriodMs;
    if (offset < this.#offsetMinMs) this.#offsetMinMs = offset;
    if (this.isMeasuring) {
      if (Number.isNaN(this.#offsetBaseMs)) this.#offsetBaseMs = offset - OFFSET_MARGIN_MS;
      this.#offsets.record(offset - this.#offsetBaseMs);
    }
    return tick;
  }

  /** When tick 0 would have come, by the best frame of all. */
  protected get tickZeroMs(): number {
    return this.#offsetMinMs;
  }

  welcome(welcome: {
    readonly tick: number;
    readonly tickPeriodMs: number;
    readonly shardCount: number;
  }): void {
    if (this.#tick === 0) this.#tick = welcome.tick;
    this.tickPeriodMs = welcome.tickPeriodMs;
    this.shardCount = welcome.shardCount;
  }

  entitiesInSight(count: number): void {
    if (!this.isMeasuring) return;
    this.#sightSum += count;
    this.#sightCount++;
  }

  closed(code: number): void {
    this.closes[code] = (this.closes[code] ?? 0) + 1;
  }

  /** Begins to measure, and forgets what was measured before: of a first window that only warms up what measures. */
  startWindow(nowMs: number): void {
    for (const tally of [this.effect, this.crossing, this.generatorLateness, this.#offsets]) tally.clear();
    this.#offsetBaseMs = Number.NaN;
    this.#sightSum = 0;
    this.#sightCount = 0;
    this.isMeasuring = true;
    this.#atStart = { ...this.totals };
    this.#startedMs = nowMs;
    this.#startCpu = process.cpuUsage();
  }

  endWindow(nowMs: number): void {
    const cpu = process.cpuUsage(this.#startCpu);
    this.isMeasuring = false;
    this.#windowSeconds = (nowMs - this.#startedMs) / 1000;
    this.#cpuSeconds = (cpu.user + cpu.system) / 1e6;
    for (const name of Object.keys(this.#window) as (keyof Totals)[]) {
      this.#window[name] = this.totals[name] - this.#atStart[name];
    }
  }

  /** Frames' lateness so far, for the line of progress. */
  latenessP99Ms(): number {
    const lateMs = this.#offsets.quantileMs(0.99) + this.#offsetBaseMs - this.#offsetMinMs;
    return this.#offsets.count === 0 ? Number.NaN : lateMs;
  }

  report(fleet: {
    readonly clients: number;
    readonly connected: number;
    readonly liveAtEnd: number;
    readonly placedAtEnd: number;
  }): FleetReport {
    return {
      ...fleet,
      windowSeconds: this.#windowSeconds,
      tickPeriodMs: this.tickPeriodMs,
      shardCount: this.shardCount,
      window: this.#window,
      total: { ...this.totals },
      entitiesInSightMean: this.#sightCount === 0 ? 0 : this.#sightSum / this.#sightCount,
      lateness: this.#offsets.snapshot(
        this.#offsets.count === 0 ? 0 : this.#offsetMinMs - this.#offsetBaseMs,
      ),
      effect: this.effect.snapshot(),
      crossing: this.crossing.snapshot(),
      generatorLateness: this.generatorLateness.snapshot(),
      generatorCpu: this.#windowSeconds === 0 ? 0 : this.#cpuSeconds / this.#windowSeconds,
      errors: { ...this.errors.counts },
      errorSamples: this.errors.samples,
      closes: this.closes,
    };
  }
}
