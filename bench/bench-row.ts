/** One line of a bench report: one figure, and beside it the floor it is measured against. */
export interface BenchRow {
  readonly suite: string;
  readonly case: string;
  readonly subject: string;
  readonly value: number;
  readonly unit: string;
  /** The subject, of the same case and the same run, that `ratio` compares with. */
  readonly floor?: string;
  /** This row's value divided by the floor's. */
  readonly ratio?: number;
  /** What `ratio` is wanted to reach, or not to exceed; `value` where there is no floor. */
  readonly wantAtLeast?: number;
  readonly wantAtMost?: number;
}

export type { BenchOptions } from "./measured.js";
