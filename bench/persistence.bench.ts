/** Everything a row goes through: the journal, the store, and the whole way from a shard's lane into MariaDB. */
import type { BenchRow } from "./bench-row.js";
import type { BenchOptions, Measured } from "./measured.js";
import { run as journal } from "./persistence/journal.js";
import { run as pipeline } from "./persistence/pipeline.js";
import { run as store } from "./persistence/store.js";

export async function run(options: BenchOptions): Promise<Measured[]> {
  const rows = [...(await journal(options)), ...(await store(options)), ...(await pipeline(options))];
  return rows.map(measuredOfRow);
}

function measuredOfRow(row: BenchRow): Measured {
  const { suite, subject, value, floor, ratio, wantAtLeast } = row;
  const bound = wantAtLeast === undefined ? {} : { atLeast: wantAtLeast };
  const want = { figure: "perSecond" as const, ...bound };
  const against = floor === undefined || ratio === undefined ? {} : { floor, ratio };
  return {
    suite,
    case: row.case,
    subject,
    figures: { perSecond: value },
    ...(floor === undefined ? {} : { wants: [{ ...want, ...against }] }),
  };
}
