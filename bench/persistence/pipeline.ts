/**
 * The whole way of a row: from a shard's lane through groups, journal and batches into MariaDB, on the real persistence
 * thread; this thread is the shard and hands over rows as fast as they are applied. Its floor is the bare driver's best
 * multi-row upsert of the same rows into the same table, which keeps no journal, checks nothing and merges nothing.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import mysql from "mysql2/promise";
import { configSchema } from "../../engine/config-schema.js";
import { ByteWriter } from "../../engine/lane/bytes.js";
import { LaneWriter } from "../../engine/lane/lane.js";
import { toStore, writeTickEnd } from "../../engine/lane/to-store.js";
import { Counters } from "../../engine/memory/counters.js";
import { Doorbell } from "../../engine/memory/doorbell.js";
import { RingWriter } from "../../engine/memory/spsc-ring.js";
import { persistenceCatalogue, persistenceMetric } from "../../engine/metrics.js";
import { encodePlayer } from "../../engine/player.js";
import { systemClock } from "../../engine/time.js";
import { createWiring } from "../../engine/wiring.js";
import { DataFolder } from "../../persistence/data-folder.js";
import { PersistenceProxy } from "../../persistence/persistence-proxy.js";
import { MariaDb } from "../../test/mariadb.js";
import { type BenchOptions, type Measured, measuredOf } from "../measured.js";
import { measureRounds } from "../rounds.js";
import { BARE, bestBare, multiRow, rowsOf, rowWants, SINGLE, singleRow, twoAtOnce, World } from "./store.js";

/** Of a round: half a second of work, so that the way in of the first batch and out of the last are little of it. */
const ROUND_ROWS = 60_000;
const SMOKE_ROWS = 2_000;
/** Rows handed over and not applied yet: several batches, so that the store never waits for the shard. */
const ROWS_AHEAD = 8_000;
const ROWS_PER_TICK = 250;
const FLOOR_ROWS = [250, 500, 750, 1_000] as const;
const STOP_MS = 20_000;
const ROUNDS = 9;
const LANE = "lane, journal, batches, store";

export async function run(options: BenchOptions): Promise<Measured[]> {
  const server = await MariaDb.start(["--innodb-buffer-pool-size=256M"]);
  const folder = mkdtempSync(join(tmpdir(), "gridshard-bench-"));
  try {
    await server.run("CREATE DATABASE bench CHARACTER SET utf8mb4");
    return await measure({ socketPath: server.socketPath, folder, options });
  } finally {
    await server.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly socketPath: string;
  readonly folder: string;
  readonly options: BenchOptions;
}

async function measure({ socketPath, folder, options }: Place): Promise<Measured[]> {
  const { smoke, rounds = smoke ? 1 : ROUNDS } = options;
  const rows = smoke ? SMOKE_ROWS : ROUND_ROWS;
  const world = new World(rows);
  const shard = await LoneShard.start(folder, socketPath);
  const place = { socketPath, user: "root", database: "bench", charset: "UTF8MB4_BIN" };
  const bare = await mysql.createConnection(place);
  const second = await mysql.createConnection(place);
  const figures = await measureRounds({
    title: "the whole way of a row",
    rounds,
    warmUpRounds: 1,
    subjects: [
      rowsOf(LANE, () => shard.rowsPerSecond(world, rows)),
      ...FLOOR_ROWS.map((count) =>
        rowsOf(`bare ${count}`, () => multiRow(bare, { world, rows: count, batches: 10 })),
      ),
      ...FLOOR_ROWS.map((count) =>
        rowsOf(`bare twice ${count}`, () => twoAtOnce([bare, second], { world, rows: count, batches: 10 })),
      ),
      rowsOf(SINGLE, () => singleRow(bare, { world, rows: smoke ? 10 : 400 })),
    ],
  });
  await bare.end();
  await second.end();
  await shard.stop();
  const each = { suite: "persistence", case: "rows from a shard's lane into MariaDB" };
  return [
    measuredOf({ ...each, subject: LANE, rounds: figures.get(LANE)!, wants: rowWants }),
    measuredOf({ ...each, subject: BARE, rounds: bestBare(figures) }),
    measuredOf({ ...each, subject: SINGLE, rounds: figures.get(SINGLE)! }),
  ];
}

/** Shard 0 of a server that has no other thread than persistence. */
class LoneShard {
  readonly #proxy: PersistenceProxy;
  readonly #folder: DataFolder;
  readonly #lane: LaneWriter;
  readonly #counters: Counters;
  readonly #out = new ByteWriter(1024);
  #tick = 0;
  #handedOver = 0;

  private constructor(parts: {
    readonly proxy: PersistenceProxy;
    readonly folder: DataFolder;
    readonly lane: LaneWriter;
    readonly counters: Counters;
  }) {
    this.#proxy = parts.proxy;
    this.#folder = parts.folder;
    this.#lane = parts.lane;
    this.#counters = parts.counters;
  }

  static async start(path: string, socketPath: string): Promise<LoneShard> {
    const config = configSchema.parse({
      dataFolder: path,
      shards: { count: 1 },
      log: { level: "error" },
      store: {
        kind: "mysql",
        url: `mysql://root@localhost/bench?socket=${encodeURIComponent(socketPath)}`,
        batchRowsMax: 1000,
        flushMs: 5,
      },
    });
    const wiring = createWiring(config);
    const folder = DataFolder.acquire(path);
    const proxy = await PersistenceProxy.start({ wiring, config, folder });
    const lane = new LaneWriter(
      new RingWriter(wiring.lanes.toStore[0]!),
      new Doorbell(wiring.doorbells.store),
      {
        outboxBytesMax: 1 << 26,
      },
    );
    const counters = new Counters(wiring.counters.persistence, persistenceCatalogue);
    const shard = new LoneShard({ proxy, folder, lane, counters });
    lane.sendWriter(toStore.hello, shard.#out.clear().u32(1));
    return shard;
  }

  /** Hands over so many rows, tick by tick, and waits until all of them are in the store. */
  async rowsPerSecond(world: World, rows: number): Promise<number> {
    // Each player once: rows of one player that wait together would be merged, and that is not what is measured.
    const players = world.draw(rows);
    const startMs = systemClock.nowMs();
    for (let at = 0; at < rows; at += ROWS_PER_TICK) {
      const tick = players.slice(at, at + ROWS_PER_TICK);
      for (const row of tick) this.#lane.sendWriter(toStore.player, encodePlayer(row, this.#out.clear()));
      this.#handedOver += tick.length;
      const end = { tick: ++this.#tick, wallMs: systemClock.wallMs(), stamp: this.#tick };
      this.#lane.sendWriter(toStore.tickEnd, writeTickEnd(this.#out, end));
      this.#lane.flush();
      await this.#untilPending(ROWS_AHEAD);
    }
    await this.#untilPending(0);
    return (rows * 1000) / (systemClock.nowMs() - startMs);
  }

  async #untilPending(rows: number): Promise<void> {
    const { rows_in_total: taken, rows_pending: pending } = persistenceMetric;
    for (;;) {
      this.#lane.flush();
      if (this.#handedOver - this.#counters.get(taken) + this.#counters.get(pending) <= rows) return;
      await sleep(1);
    }
  }

  async stop(): Promise<void> {
    await this.#proxy.stop(systemClock.nowMs() + STOP_MS);
    this.#folder.release();
  }
}
