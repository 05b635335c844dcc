/**
 * Rounds of everything that is compared: each round measures every subject once, the order turns from round to round, so
 * that a disturbance, and who comes after whom, meets all of them.
 */
import { systemClock } from "../engine/time.js";
import type { Figures } from "./measured.js";

export interface RoundSubject {
  readonly name: string;
  /** Undefined where there turns out to be nothing to measure. */
  readonly measure: () => Promise<Figures | undefined> | Figures | undefined;
}

export interface RoundsPlan {
  /** What is measured, for the lines of progress. */
  readonly title: string;
  readonly rounds: number;
  readonly subjects: readonly RoundSubject[];
  /** About how long one subject of one round takes, so that the first of them can be waited for, too. */
  readonly secondsEach?: number;
  /** Rounds before those that count, in which everybody warms up. */
  readonly warmUpRounds?: number;
}

/** Figures of every subject, round by round. */
export async function measureRounds(plan: RoundsPlan): Promise<Map<string, Figures[]>> {
  const { title, rounds, subjects, warmUpRounds = 0 } = plan;
  const progress = new Progress((rounds + warmUpRounds) * subjects.length, plan.secondsEach);
  const figures = new Map<string, Figures[]>(subjects.map(({ name }) => [name, []]));
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      const { name, measure } = subjects[(turn + round + warmUpRounds) % subjects.length]!;
      const label = round < 0 ? "warming up" : `round ${round + 1} of ${rounds}`;
      progress.begin(`${title}: ${label}, ${name}`);
      const measured = await measure();
      if (round >= 0 && measured !== undefined) figures.get(name)!.push(measured);
    }
  }
  return figures;
}

/** Lines on stderr: what is being measured, which of how many, and about how long the rest will take. */
export class Progress {
  readonly #steps: number;
  readonly #secondsEach: number;
  readonly #startMs = systemClock.nowMs();
  #begun = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(steps: number, secondsEach = Number.NaN) {
    this.#steps = steps;
    this.#secondsEach = secondsEach;
  }

  /** Steps of less than a second are not all worth a line. */
  begin(what: string): void {
    const done = this.#begun++;
    const nowMs = systemClock.nowMs();
    if (nowMs - this.#saidMs < 1000) return;
    this.#saidMs = nowMs;
    const eachMs = done === 0 ? this.#secondsEach * 1000 : (nowMs - this.#startMs) / done;
    const leftMs = eachMs * (this.#steps - done);
    const left = Number.isNaN(leftMs) ? "" : `, about ${duration(leftMs)} left`;
    process.stderr.write(`  [${done + 1}/${this.#steps}${left}] ${what}\n`);
  }
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
