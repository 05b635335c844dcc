/** Everything a row goes through: the journal, the store, and the whole way from a shard's lane into MariaDB. */
import type { BenchOptions, Measured } from "./measured.js";
import { run as journal } from "./persistence/journal.js";
import { run as pipeline } from "./persistence/pipeline.js";
import { run as store } from "./persistence/store.js";

export async function run(options: BenchOptions): Promise<Measured[]> {
  return [...(await journal(options)), ...(await store(options)), ...(await pipeline(options))];
}
