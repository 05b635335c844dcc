/**
 * Whether clients see what they should: at an instant, everybody's own place, as their own entity told them, against what
 * some of them see. Who is in the cells around and is not seen is wrongly out of sight; who is seen and is far, or is
 * nobody, is wrongly in it. How far from their own place people are seen, divided by their speed, is the age of what is
 * seen. It knows nothing of any protocol, so that it judges all servers alike.
 */
import { Tally, type TallySnapshot } from "./bots/tally.js";

/** Whatever a server calls its people by. */
export type PersonKey = string | number;

export interface PersonPlace {
  readonly x: number;
  readonly y: number;
}

export interface SightCheckOptions {
  readonly cellSizeMeters: number;
  readonly metersPerSecond: number;
  /**
   * Nobody is judged whose sight would be another if they, or who looks, stood this much aside: steps on their way, and a
   * server that lets people go a little over a border before it moves them.
   */
  readonly toleranceMeters: number;
  /**
   * Counts what the same observer's next look finds wrong again, and not what was on its way on a busy machine; it takes
   * observers that look more than once. Without it everything wrong counts at once.
   */
  readonly needsSecondLook?: boolean;
}

/** What was found, as it travels between processes. */
export interface SightReport {
  /** Pairs judged to be rightly or wrongly in or out of sight. */
  readonly judged: number;
  readonly wronglyOut: number;
  readonly wronglyIn: number;
  /** Looks around, and others seen in all of them. */
  readonly looks: number;
  readonly seen: number;
  readonly ages: TallySnapshot;
  /** A few of the wrong ones, in words. */
  readonly samples: readonly string[];
}

const SAMPLES_MAX = 8;
/** Cells seen in each direction, besides one's own. */
const REACH_CELLS = 1;

export class SightCheck {
  readonly #options: SightCheckOptions;
  readonly #ages = new Tally();
  readonly #samples: string[] = [];
  /** By observer, who was wrongly in sight (true) or out of it at the last look. */
  readonly #suspects = new Map<PersonKey, ReadonlyMap<PersonKey, boolean>>();
  #judged = 0;
  #wronglyOut = 0;
  #wronglyIn = 0;
  #looks = 0;
  #seen = 0;

  constructor(options: SightCheckOptions) {
    this.#options = options;
  }

  /** One look of `observer`: `places` are everybody's own at this instant, `seen` is who the observer sees, and where. */
  look(
    observer: PersonKey,
    places: ReadonlyMap<PersonKey, PersonPlace>,
    seen: ReadonlyMap<PersonKey, PersonPlace>,
  ): void {
    const own = places.get(observer);
    if (own === undefined) return;
    this.#looks++;
    const wrong = new Map<PersonKey, boolean>();
    for (const [key, place] of places) {
      if (key === observer) continue;
      const sighted = seen.get(key);
      const should = this.#shouldSee(own, place);
      if (should !== undefined) this.#judged++;
      if (should !== undefined && should !== (sighted !== undefined)) wrong.set(key, !should);
      if (sighted !== undefined) this.#age(place, sighted);
    }
    for (const key of seen.keys()) {
      if (key === observer) continue;
      this.#seen++;
      if (places.has(key)) continue;
      this.#judged++;
      wrong.set(key, true);
    }
    this.#count(observer, wrong);
  }

  report(): SightReport {
    return {
      judged: this.#judged,
      wronglyOut: this.#wronglyOut,
      wronglyIn: this.#wronglyIn,
      looks: this.#looks,
      seen: this.#seen,
      ages: this.#ages.snapshot(),
      samples: this.#samples,
    };
  }

  #count(observer: PersonKey, wrong: ReadonlyMap<PersonKey, boolean>): void {
    const before = this.#suspects.get(observer);
    this.#suspects.set(observer, wrong);
    for (const [key, isSeen] of wrong) {
      if (this.#options.needsSecondLook === true && before?.get(key) !== isSeen) continue;
      if (isSeen) this.#wronglyIn++;
      else this.#wronglyOut++;
      if (this.#samples.length < SAMPLES_MAX) this.#samples.push(`${key} is ${isSeen ? "seen" : "not seen"}`);
    }
  }

  #age(own: PersonPlace, sighted: PersonPlace): void {
    const meters = Math.hypot(own.x - sighted.x, own.y - sighted.y);
    this.#ages.record((meters / this.#options.metersPerSecond) * 1000);
  }

  /** Undefined where a step aside would decide it. */
  #shouldSee(own: PersonPlace, other: PersonPlace): boolean | undefined {
    const x = this.#cellsApart(own.x, other.x);
    const y = this.#cellsApart(own.y, other.y);
    if (Math.max(x.most, y.most) <= REACH_CELLS) return true;
    if (Math.max(x.least, y.least) > REACH_CELLS) return false;
    return undefined;
  }

  /** How many columns, or rows, lie between two coordinates, wherever within the tolerance they are. */
  #cellsApart(a: number, b: number): { readonly least: number; readonly most: number } {
    const { cellSizeMeters, toleranceMeters } = this.#options;
    const firstA = Math.floor((a - toleranceMeters) / cellSizeMeters);
    const lastA = Math.floor((a + toleranceMeters) / cellSizeMeters);
    const firstB = Math.floor((b - toleranceMeters) / cellSizeMeters);
    const lastB = Math.floor((b + toleranceMeters) / cellSizeMeters);
    return {
      least: Math.max(0, firstB - lastA, firstA - lastB),
      most: Math.max(Math.abs(lastB - firstA), Math.abs(lastA - firstB)),
    };
  }
}

/** The figures of the catalogue that a check gives. */
export interface SightFigures {
  readonly inSight: number;
  readonly staleMsP99: number;
  readonly wrongSights: number;
}

/** NaN where nobody looked: a check that did not take place has found nothing right. */
export function sightFigures(report: SightReport): SightFigures {
  const hasLooked = report.looks > 0 && report.judged > 0;
  const ages = new Tally();
  ages.add(report.ages);
  return {
    inSight: hasLooked ? report.seen / report.looks : Number.NaN,
    staleMsP99: ages.count > 0 ? ages.percentiles().p99Ms : Number.NaN,
    wrongSights: hasLooked ? report.wronglyIn + report.wronglyOut : Number.NaN,
  };
}
