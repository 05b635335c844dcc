import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Config, configSchema } from "../engine/config-schema.js";
import { ByteWriter } from "../engine/lane/bytes.js";
import { fromStore, readLoaded } from "../engine/lane/from-store.js";
import { LaneWriter, recordReader } from "../engine/lane/lane.js";
import { toStore, writeLoad, writeTickEnd } from "../engine/lane/to-store.js";
import { ControlBlock } from "../engine/memory/control-block.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { encodePlayer, type PlayerRow } from "../engine/player.js";
import { systemClock } from "../engine/time.js";
import { createWiring, type Wiring } from "../engine/wiring.js";
import { MariaDb } from "../test/mariadb.js";
import { DataFolder } from "./data-folder.js";
import type { Leftover } from "./persistence.js";
import { PersistenceProxy } from "./persistence-proxy.js";
import { idOf, playerRow } from "./store-contract.js";

const STOP_MS = 20_000;

/** The other threads' ends of the lanes. */
class Others {
  readonly #shard: LaneWriter;
  readonly #net: LaneWriter;
  readonly #back: RingReader;
  readonly #out = new ByteWriter();
  readonly #control: ControlBlock;
  tick: number;

  constructor(wiring: Wiring, firstTick = 0) {
    this.tick = firstTick;
    this.#control = new ControlBlock(wiring.control);
    const bell = new Doorbell(wiring.doorbells.store);
    const lane = (ring: RingWriter) => new LaneWriter(ring, bell, { outboxBytesMax: 1_000_000 });
    this.#shard = lane(new RingWriter(wiring.lanes.toStore[0]!));
    this.#net = lane(new RingWriter(wiring.lanes.netToStore));
    this.#back = new RingReader(wiring.lanes.storeToNet);
  }

  save(row: PlayerRow): void {
    assert.ok(this.#shard.sendWriter(toStore.player, encodePlayer(row, this.#out.clear())));
    this.endTick();
  }

  endTick(): void {
    const end = { tick: this.tick, wallMs: 1_700_000_000_000, stamp: this.tick++ };
    assert.ok(this.#shard.sendWriter(toStore.tickEnd, writeTickEnd(this.#out, end)));
    this.#shard.flush();
  }

  /** Until the journal has every tick so far. */
  async isDurable(): Promise<void> {
    await until("ticks are durable", () => this.#control.durable(0) === this.tick - 1);
  }

  async load(playerId: string): Promise<PlayerRow | null> {
    assert.ok(
      this.#net.sendWriter(toStore.load, writeLoad(this.#out, { session: 1, joinEpoch: 1, playerId })),
    );
    this.#net.flush();
    const answers: (PlayerRow | null)[] = [];
    await until("a load is answered", () => {
      this.#back.drain((type, at, length) => {
        if (type === fromStore.loaded) answers.push(readLoaded(recordReader(this.#back, at, length)).player);
        if (type === fromStore.loadFailed) answers.push(null);
      }, 100);
      return answers.length > 0;
    });
    return answers[0]!;
  }
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !isSo(); await sleep(2))
    assert.ok(Date.now() < deadline, `in time: ${what}`);
}

const nothing: Leftover = { rowsInJournal: 0, rowsLost: 0 };

function configOf(store: Partial<Config["store"]>): Config {
  return configSchema.parse({ log: { level: "error" }, store, shards: { count: 1 } });
}

async function withFolder(use: (folder: DataFolder) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), "gridshard-thread-"));
  const folder = DataFolder.acquire(path);
  try {
    await use(folder);
  } finally {
    folder.release();
    rmSync(path, { recursive: true });
  }
}

describe("the persistence thread as main holds it", () => {
  test("[BT30] rows from a shard are found by net, after a stop and a new start too", () =>
    withFolder(async (folder) => {
      const config = configOf({});
      for (let start = 1; start <= 2; start++) {
        const wiring = createWiring(config);
        const proxy = await PersistenceProxy.start({ wiring, config, folder });
        const others = new Others(wiring, start * 1000);
        if (start === 2) assert.deepEqual(await others.load(idOf(1)), playerRow(1, 1));
        others.save(playerRow(1, start));
        assert.equal((await others.load(idOf(1)))?.version, start);
        for (let number = 2; number < 100; number++) others.save(playerRow(number, start));
        assert.deepEqual(await proxy.stop(systemClock.nowMs() + STOP_MS), nothing);
        await proxy.ended;
      }
    }));

  test("[BT31] a thread that is killed ends with a reason, and the next one has all that was durable", () =>
    withFolder(async (folder) => {
      const config = configOf({ flushMs: 60_000 });
      const first = await PersistenceProxy.start({ wiring: createWiring(config), config, folder });
      assert.deepEqual(first.before, { lastTick: -1, incarnation: 0 });
      const wiring = createWiring(config);
      await first.kill();
      await assert.rejects(first.ended, /ended with code 1/);
      const second = await PersistenceProxy.start({ wiring, config, folder });
      const others = new Others(wiring, 100);
      for (let number = 1; number < 500; number++) others.save(playerRow(number, 7));
      await others.isDurable();
      await second.kill();
      const again = createWiring(config);
      const third = await PersistenceProxy.start({ wiring: again, config, folder });
      assert.deepEqual(third.before, { lastTick: 598, incarnation: 0 });
      const heirs = new Others(again, 599);
      for (const number of [1, 250, 499]) assert.equal((await heirs.load(idOf(number)))?.version, 7);
      assert.deepEqual(await third.stop(systemClock.nowMs() + STOP_MS), nothing);
    }));

  test("[BT32] a start that fails says why and leaves nothing running", () =>
    withFolder(async (folder) => {
      const config = configOf({ startWaitMs: 0 });
      writeFileSync(
        folder.file(config.store.file),
        "no database at all, however long one looks at it. ".repeat(99),
      );
      const wiring = createWiring(config);
      await assert.rejects(PersistenceProxy.start({ wiring, config, folder }), /restore it from a backup/);
    }));

  test("[BT33] the same on MySQL, through a database that goes away and comes back", async () => {
    const server = await MariaDb.start();
    await server.run("CREATE DATABASE game");
    try {
      await withFolder(async (folder) => {
        const url = `mysql://root@localhost/game?socket=${encodeURIComponent(server.socketPath)}`;
        const config = configOf({ kind: "mysql", url, flushMs: 1 });
        const wiring = createWiring(config);
        const proxy = await PersistenceProxy.start({ wiring, config, folder });
        const others = new Others(wiring);
        others.save(playerRow(1, 1));
        assert.equal((await others.load(idOf(1)))?.version, 1);
        await server.kill();
        for (let version = 2; version < 50; version++) others.save(playerRow(1, version));
        assert.equal((await others.load(idOf(1)))?.version, 49, "known without the database");
        await server.restart();
        assert.deepEqual(await proxy.stop(systemClock.nowMs() + STOP_MS), nothing);
        assert.equal(await server.run("SELECT version FROM game.players"), "49\n");
      });
    } finally {
      await server.remove();
    }
  });
});
