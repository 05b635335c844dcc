/**
 * Mistakes that would lose or double something, each a small change of the sources, with the tests that must notice.
 * `npm run soak -- planted` makes them one after the other in a copy. `find` must be there exactly once.
 */
export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Files of tests; one of them must fail. */
  readonly tests: readonly string[];
}

const journalTests = [
  "persistence/journal/journal.test.ts",
  "persistence/journal/journal-power.fuzz.test.ts",
];
const roomTests = ["shards/durable-rooms.test.ts", "shards/durable-rooms.fuzz.test.ts"];
const storeTests = ["persistence/mysql-store.test.ts"];
const imageTests = ["persistence/recovery-image.fuzz.test.ts", "persistence/recovery.test.ts"];
const threadTests = ["persistence/persistence.test.ts", "persistence/recovery.test.ts"];
const eventTests = ["net/held-events.test.ts", "net/durability.fuzz.test.ts"];

export const bugList: readonly PlantedBug[] = [
  {
    name: "a group counts as durable without a sync",
    file: "persistence/journal/segment-set.ts",
    find: `        segment.bytes,
      );
      await file.sync();`,
    replace: `        segment.bytes,
      );`,
    tests: journalTests,
  },
  {
    name: "threads are told of durability at the append",
    file: "persistence/persistence.ts",
    find: "const settled = this.#words.settle(journal.durablePosition);",
    replace: "const settled = this.#words.settle(journal.lastPosition);",
    tests: threadTests,
  },
  {
    name: "a sync that failed is tried again in the same place",
    file: "persistence/journal/segment-set.ts",
    find: `      this.#active = null;
      this.#cuts.add(segment);
      await closeAnyway(file);
      throw error;`,
    replace: `      throw error;`,
    tests: journalTests,
  },
  {
    name: "a torn tail is accepted",
    file: "persistence/journal/segment-reader.ts",
    find: "if (bad >= 0) {",
    replace: "if (bad < -1) {",
    tests: [...journalTests, "persistence/journal/journal-rot.test.ts"],
  },
  {
    name: "the guard column is assigned first",
    file: "persistence/mysql-statements.ts",
    find: `["name", "level", "experience", "gold", "x", "y", "inventory", "version"]`,
    replace: `["version", "name", "level", "experience", "gold", "x", "y", "inventory"]`,
    tests: storeTests,
  },
  {
    name: "an older version overwrites a newer one (SQLite)",
    file: "persistence/sqlite-store.ts",
    find: `
    WHERE excluded.version >= version\``,
    replace: "`",
    tests: ["persistence/sqlite-store.test.ts"],
  },
  {
    name: "a line of the ledger that is there already is an error (MySQL)",
    file: "persistence/mysql-statements.ts",
    find: `tail: " ON DUPLICATE KEY UPDATE line = VALUES(line)",`,
    replace: `tail: "",`,
    tests: storeTests,
  },
  {
    name: "a fact that comes again is added to the one that is there (SQLite)",
    file: "persistence/sqlite-store.ts",
    find: "ON CONFLICT (player_id, version, line) DO NOTHING",
    replace: "ON CONFLICT (player_id, version, line) DO UPDATE SET gold = ledger.gold + excluded.gold",
    tests: ["persistence/sqlite-store.test.ts"],
  },
  {
    name: "a batch is not sorted by key",
    file: "persistence/store-batch.ts",
    find: `  sorted.length = kept;
  return sorted;`,
    replace: `  sorted.length = kept;
  return rows.filter((row) => sorted.includes(row));`,
    tests: [...storeTests, "persistence/mysql-faults.test.ts"],
  },
  {
    name: "the journal's position is written outside of the transaction",
    file: "persistence/mysql-statements.ts",
    find: `  const text = new PacketText(session, "START TRANSACTION;");`,
    replace: `  if (batch.progress !== null) {
    const { journalId, position } = batch.progress;
    await session.runText(\`\${progress.head}(X'\${journalId}',\${position})\${progress.tail}\`);
  }
  const text = new PacketText(session, "START TRANSACTION;");`,
    tests: ["persistence/mysql-faults.test.ts", "persistence/exactly-once.fuzz.test.ts", ...storeTests],
  },
  {
    name: "progress overtakes rows that still wait",
    file: "persistence/batcher.ts",
    find: "oldest = Math.min(oldest, this.#rows.oldest);",
    replace: "",
    tests: ["persistence/batcher.fuzz.test.ts", "persistence/exactly-once.fuzz.test.ts"],
  },
  {
    name: "progress overtakes rows of another batch in flight",
    file: "persistence/batcher.ts",
    find: "if (other !== part) oldest = Math.min(oldest, sinceOf(other));",
    replace: "if (other.isFlying) continue;",
    tests: ["persistence/batcher-flights.test.ts", "persistence/batcher.fuzz.test.ts"],
  },
  {
    name: "rows of one player are in two batches at a time",
    file: "persistence/waiting-rows.ts",
    find: "first instanceof PlayerRows && first.flying > 0",
    replace: "first instanceof PlayerRows && first.flying < 0",
    tests: ["persistence/batcher-flights.test.ts", "persistence/batcher.fuzz.test.ts"],
  },
  {
    name: "rows go to the store before their group is durable",
    file: "persistence/waiting-rows.ts",
    find: "if (row.position > position) break;",
    replace: "",
    tests: ["persistence/batcher.test.ts", ...threadTests, "persistence/exactly-once.fuzz.test.ts"],
  },
  {
    name: "what a dead thread had not ended is kept with its successor's group",
    file: "persistence/intake.ts",
    find: `      this.#open.clear();
      this.#incarnation`,
    replace: `      this.#incarnation`,
    tests: threadTests,
  },
  {
    name: "net's groups come before those of the shards that caused them",
    file: "persistence/intake.ts",
    find: `  #order(): void {
`,
    replace: `  #order(): void {
    for (let one = this.#net.taken.shift(); one !== undefined; one = this.#net.taken.shift())
      this.ready.push(one);
`,
    tests: threadTests,
  },
  {
    name: "a candidate checkpoint replaces the base at once",
    file: "persistence/image-rooms.ts",
    find: "if (next.tick === UNKNOWN || (ticks[next.shard] ?? -1) < next.tick) break;",
    replace: "if (next.tick === UNKNOWN) break;",
    tests: imageTests,
  },
  {
    name: "settled intents are forgotten",
    file: "persistence/image-sessions.ts",
    find: "if (seq > known.intentsDurable && settled.size < SETTLED_MAX) settled.add(seq);",
    replace: "if (seq < 0) settled.add(seq);",
    tests: imageTests,
  },
  {
    name: "a room that is replayed appends its result again",
    file: "shards/room-speech.ts",
    find: "if (!room.isReplaying) this.#outlet.battleResult(result);",
    replace: "this.#outlet.battleResult(result);",
    tests: roomTests,
  },
  {
    name: "a room that is replayed grants again",
    file: "shards/room-speech.ts",
    find: `    if (!room.isReplaying) {
      this.#counters.add(shardMetric.grants_total);`,
    replace: `    {
      this.#counters.add(shardMetric.grants_total);`,
    tests: roomTests,
  },
  {
    name: "a restored room numbers its events from the beginning",
    file: "shards/room-host.ts",
    find: "this.roomSeq = from.u32();",
    replace: "from.u32();",
    tests: roomTests,
  },
  {
    name: "a restored room rolls other dice",
    file: "shards/room-host.ts",
    find: "this.#dice.state = from.u32() | 0;",
    replace: "from.u32();",
    tests: roomTests,
  },
  {
    name: "a grant that has been taken is taken again",
    file: "shards/field-host.ts",
    find: "if (member.grantsTaken.includes(grant.grantId)) return false;",
    replace: "",
    tests: ["shards/grants.test.ts"],
  },
  {
    name: "net hears of a tick before the store's lane has all of its group",
    file: "shards/outlet.ts",
    find: "this.#isHolding = this.store.outboxBytes > 0;",
    replace: "this.#isHolding = false;",
    tests: ["shards/outlet.test.ts"],
  },
  {
    name: "an event leaves before it is safe",
    file: "net/event-log.ts",
    find: "while (released < until && this.#groups[released - this.acked]! <= durableGroup) released++;",
    replace: "while (released < until && durableGroup >= 0) released++;",
    tests: eventTests,
  },
  {
    name: "a room that is replayed is heard twice",
    file: "net/room-news.ts",
    find: "if (roomSeq <= this.newest(roomId)) return false;",
    replace: "",
    tests: ["net/restore.test.ts", ...eventTests],
  },
  {
    name: "an intent is called durable when it is applied",
    file: "net/intent-window.ts",
    find: "if (kept.tick(shard) < tick) return false;",
    replace: "if (kept.tick(shard) < -1 && tick < 0) return false;",
    tests: ["net/intent-window.test.ts"],
  },
  {
    name: "a refused intent is called durable before the journal has the word of it",
    file: "net/intent-window.ts",
    find: "if (kept.group < group) return false;",
    replace: "if (kept.group < group && group < 0) return false;",
    tests: ["net/held-events.test.ts"],
  },
  {
    name: "the client forgets intents as soon as they are applied",
    file: "client/intent-queue.ts",
    find: "const durable = Math.max(this.#durable, ack.durable);",
    replace: "const durable = Math.max(this.#durable, ack.applied);",
    tests: ["client/restarts.fuzz.test.ts"],
  },
];
