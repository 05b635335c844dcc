/**
 * Rows of players into MariaDB: `Store.applyBatch` of 1,000 rows, all of it (checks, sorting, SQL, one transaction with
 * the journal's position), against the bare driver. Its floor is the best that the driver does with the same rows into
 * the same table: multi-row upserts without guard or transaction, their values ready before the clock starts, with the
 * statement length that suits it best of all that are tried. The second floor is one awaited upsert a row.
 *
 * Two thirds of what is measured is the server's work, which commits to disk each time. Everything takes turns.
 */
import mysql, { type Connection } from "mysql2/promise";
import { newPlayer, type PlayerRow } from "../../engine/player.js";
import { Prng } from "../../engine/prng.js";
import { systemClock } from "../../engine/time.js";
import { MysqlStore } from "../../persistence/mysql-store.js";
import { MariaDb } from "../../test/mariadb.js";
import { type BenchOptions, type Figures, foldRounds, type Measured, measuredOf } from "../measured.js";
import { measureRounds, type RoundSubject } from "../rounds.js";

const PLAYERS = 20_000;
const BATCH_ROWS = 1_000;
const FLOOR_ROWS = [250, 500, 750, 1_000] as const;
const CASE = "player rows into MariaDB";
const LEDGER_CASE = "player rows, each with a line of the ledger";
const ROUNDS = 12;
const MULTI_RATIO_MIN = 0.8;
const SINGLE_RATIO_MIN = 25;

/** The floors of all that puts rows into MariaDB: the best of all statement lengths, and one awaited upsert a row. */
export const BARE = "bare, multi-row";
export const SINGLE = "bare, row by row";
/** What rows are wanted to reach of both. */
export const rowWants = [
  { figure: "rowsPerSecond", floor: BARE, atLeast: MULTI_RATIO_MIN },
  { figure: "rowsPerSecond", floor: SINGLE, atLeast: SINGLE_RATIO_MIN },
] as const;

const columns = ["player_id", "name", "level", "experience", "gold", "x", "y", "inventory", "version"];
const bareUpsert = `INSERT INTO players (${columns.join(", ")}) VALUES ? ON DUPLICATE KEY UPDATE ${columns
  .slice(1)
  .map((column) => `${column} = VALUES(${column})`)
  .join(", ")}`;

export async function run(options: BenchOptions): Promise<Measured[]> {
  const server = await MariaDb.start(["--innodb-buffer-pool-size=256M"]);
  try {
    await server.run("CREATE DATABASE bench CHARACTER SET utf8mb4");
    const place = { socketPath: server.socketPath, user: "root", database: "bench" };
    const store = new MysqlStore(place);
    await store.open();
    const bare = await mysql.createConnection({ ...place, charset: "UTF8MB4_BIN" });
    try {
      return await measure(store, bare, options);
    } finally {
      await bare.end();
      await store.close();
    }
  } finally {
    await server.remove();
  }
}

async function measure(store: MysqlStore, bare: Connection, options: BenchOptions): Promise<Measured[]> {
  const { smoke, rounds = smoke ? 1 : ROUNDS } = options;
  const world = new World(smoke ? BATCH_ROWS : PLAYERS);
  for (let at = 0; at < world.players.length; at += BATCH_ROWS)
    await store.applyBatch({ players: world.players.slice(at, at + BATCH_ROWS), battleResults: [] });
  const batches = smoke ? 1 : 10;
  const singles = smoke ? 10 : 400;
  const figures = await measureRounds({
    title: "store",
    rounds,
    warmUpRounds: 1,
    subjects: [
      rowsOf("store", () => ours(store, { world, batches, lines: 0 })),
      ...FLOOR_ROWS.map((rows) => rowsOf(`bare ${rows}`, () => multiRow(bare, { world, rows, batches }))),
      rowsOf("ledger", () => ours(store, { world, batches, lines: 1 })),
      rowsOf(SINGLE, () => singleRow(bare, { world, rows: singles })),
    ],
  });
  const suite = "persistence";
  const subject = `Store.applyBatch of ${BATCH_ROWS}`;
  return [
    measuredOf({ suite, case: CASE, subject, rounds: figures.get("store")!, wants: rowWants }),
    measuredOf({ suite, case: CASE, subject: BARE, rounds: bestBare(figures) }),
    measuredOf({ suite, case: CASE, subject: SINGLE, rounds: figures.get(SINGLE)! }),
    measuredOf({ suite, case: LEDGER_CASE, subject, rounds: figures.get("ledger")! }),
  ];
}

/** A subject that tells rows a second. */
export function rowsOf(name: string, measureOnce: () => Promise<number>): RoundSubject {
  return { name, measure: async () => ({ rowsPerSecond: await measureOnce() }) };
}

/** The rounds of the bare driver with the statement length that suits it best; those of one length, not of the best each round. */
export function bestBare(figures: ReadonlyMap<string, readonly Figures[]>): readonly Figures[] {
  const rate = (name: string) => foldRounds(figures.get(name)!).rowsPerSecond!;
  const best = [...figures.keys()]
    .filter((name) => name.startsWith("bare ") && name !== SINGLE)
    .reduce((a, b) => (rate(b) > rate(a) ? b : a));
  process.stderr.write(`  the bare driver's best: ${best} rows a statement\n`);
  return figures.get(best)!;
}

/** Players who come in random thousands, each time a version older. */
export class World {
  readonly players: PlayerRow[];
  readonly #prng = new Prng(1);
  #position = 0;

  constructor(players: number) {
    this.players = Array.from({ length: players }, () => {
      const row = newPlayer(this.#id(), `player ${this.#prng.next() % 100_000}`);
      row.inventory = Array.from({ length: 6 }, (_, slot) => ({ item: slot + 1, count: 1 }));
      return row;
    });
  }

  get progress() {
    return { journalId: "0".repeat(32), position: ++this.#position };
  }

  draw(count: number): PlayerRow[] {
    const { players } = this;
    for (let at = 0; at < count; at++) {
      const other = at + (this.#prng.next() % (players.length - at));
      const row = players[other]!;
      players[other] = players[at]!;
      players[at] = {
        ...row,
        version: row.version + 1,
        experience: row.experience + 10,
        gold: row.gold + 1,
        x: (this.#prng.next() % 1_000_000) / 1000,
        y: (this.#prng.next() % 1_000_000) / 1000,
      };
    }
    return players.slice(0, count);
  }

  #id(): string {
    const word = () => this.#prng.next().toString(16).padStart(8, "0");
    return word() + word() + word() + word();
  }
}

/** Rows a second of the store. */
async function ours(
  store: MysqlStore,
  options: { readonly world: World; readonly batches: number; readonly lines: 0 | 1 },
): Promise<number> {
  const { world, batches, lines } = options;
  let ms = 0;
  for (let at = 0; at < batches; at++) {
    const players = world.draw(BATCH_ROWS);
    const ledger = players.slice(0, lines * BATCH_ROWS).map(({ playerId, version }) => ({
      playerId,
      version,
      line: 0,
      atMs: 1_700_000_000_000,
      reason: "battle",
      gold: 1,
      item: 0,
      count: 0,
    }));
    const { progress } = world;
    const startMs = systemClock.nowMs();
    await store.applyBatch({ players, battleResults: [], ledger, progress });
    ms += systemClock.nowMs() - startMs;
  }
  return (batches * BATCH_ROWS * 1000) / ms;
}

function valuesOf(rows: readonly PlayerRow[]): unknown[][] {
  return rows
    .toSorted((a, b) => (a.playerId < b.playerId ? -1 : 1))
    .map((row) => [
      Buffer.from(row.playerId, "hex"),
      row.name,
      row.level,
      row.experience,
      row.gold,
      row.x,
      row.y,
      JSON.stringify(row.inventory.map(({ item, count }) => [item, count])),
      row.version,
    ]);
}

/** Rows a second of the driver, in statements of so many rows. */
export async function multiRow(
  bare: Connection,
  options: { readonly world: World; readonly rows: number; readonly batches: number },
): Promise<number> {
  const { world, rows } = options;
  const statements = Math.ceil((options.batches * BATCH_ROWS) / rows);
  let ms = 0;
  for (let at = 0; at < statements; at++) {
    const values = valuesOf(world.draw(rows));
    const startMs = systemClock.nowMs();
    await bare.query(bareUpsert, [values]);
    ms += systemClock.nowMs() - startMs;
  }
  return (statements * rows * 1000) / ms;
}

/** As {@link multiRow}, on two connections at once: each has its own rows, ready before the clock starts. */
export async function twoAtOnce(
  connections: readonly [Connection, Connection],
  options: { readonly world: World; readonly rows: number; readonly batches: number },
): Promise<number> {
  const { world, rows } = options;
  const rounds = Math.ceil((options.batches * BATCH_ROWS) / rows / 2);
  let ms = 0;
  for (let at = 0; at < rounds; at++) {
    const drawn = world.draw(rows * 2);
    const values = [valuesOf(drawn.slice(0, rows)), valuesOf(drawn.slice(rows))] as const;
    const startMs = systemClock.nowMs();
    await Promise.all(connections.map((connection, which) => connection.query(bareUpsert, [values[which]!])));
    ms += systemClock.nowMs() - startMs;
  }
  return (rounds * 2 * rows * 1000) / ms;
}

/** Rows a second of the driver, one awaited statement a row. */
export async function singleRow(
  bare: Connection,
  options: { readonly world: World; readonly rows: number },
): Promise<number> {
  const values = valuesOf(options.world.draw(options.rows));
  const startMs = systemClock.nowMs();
  for (const value of values) await bare.query(bareUpsert, [[value]]);
  return (values.length * 1000) / (systemClock.nowMs() - startMs);
}
