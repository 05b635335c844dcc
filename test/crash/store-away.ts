/**
 * A database that freezes, and dies, and comes back, under a server whose people save all the time: nothing they saved
 * may be missing in the end, and their ticks must not notice.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../engine/time.js";
import { MariaDb } from "../mariadb.js";
import { until } from "../player.js";
import { accountOf, auditOf, withStore } from "./audit.js";
import { LINES } from "./saving-game.js";
import { SavingPlayer } from "./saving-player.js";
import { gameOfBuild, ServerProcess, type Settings } from "./server-process.js";

export interface StoreAwayOptions {
  readonly players: number;
  /** How long each phase lasts; the database is away in every second one. */
  readonly phaseMs: number;
  /** Windows of a phase that are measured apart, for the noise. */
  readonly windows: number;
  readonly say?: (line: string) => void;
}

export interface PhaseFigures {
  readonly name: string;
  readonly isAway: boolean;
  /** 99th percentile of ticks in ms, of each window. */
  readonly tickP99Ms: readonly number[];
  readonly residentMegabytes: number;
  readonly pendingRows: number;
}

export interface StoreAwayFigures {
  readonly phases: readonly PhaseFigures[];
  readonly inflowRowsPerSecond: number;
  /** While a backlog was there, of the slower of the two times. */
  readonly drainRowsPerSecond: number;
  readonly rows: number;
}

export const savingSettings: Settings = {
  games: [gameOfBuild("test/crash/saving-game.js")],
  world: { field: "saving", widthCells: 2, heightCells: 1, cellSizeMeters: 64, sightRadiusCells: 0 },
  shards: { count: 1 },
};

/** Counts of the histogram of one shard's ticks: how many were no longer than each bound, in seconds. */
type TickBuckets = ReadonlyMap<number, number>;

async function tickBuckets(server: ServerProcess): Promise<TickBuckets> {
  const buckets = new Map<number, number>();
  const text = await server.metrics();
  for (const [, bound, count] of text.matchAll(
    /^gridshard_tick_duration_seconds_bucket\{[^}]*le="([^"]+)"[^}]*\} (\d+)$/gm,
  ))
    buckets.set(bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound), Number(count));
  assert.ok(buckets.size > 10, "the page tells of ticks");
  return buckets;
}

/** The 99th percentile of what was recorded between two looks, evenly spread within its bucket. */
export function p99MsBetween(before: TickBuckets, after: TickBuckets): number {
  const counts = [...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const);
  counts.sort(([a], [b]) => a - b);
  const total = counts.at(-1)![1];
  const wanted = total * 0.99;
  let lowBound = 0;
  let lowCount = 0;
  for (const [bound, count] of counts) {
    if (count >= wanted)
      return (
        1000 * (lowBound + (Math.min(bound, 60) - lowBound) * ((wanted - lowCount) / (count - lowCount)))
      );
    lowBound = bound;
    lowCount = count;
  }
  return Number.NaN;
}

export async function runStoreAway(options: StoreAwayOptions): Promise<StoreAwayFigures> {
  const { phaseMs, windows, say = () => {} } = options;
  const database = await MariaDb.start();
  await database.run("CREATE DATABASE gridshard");
  const url = `mysql://root@localhost/gridshard?socket=${encodeURIComponent(database.socketPath)}`;
  const server = new ServerProcess({
    ...savingSettings,
    store: { kind: "mysql", url, pendingRowsMax: 5_000_000 },
  });
  const players = Array.from({ length: options.players }, (_, index) => new SavingPlayer(`Saver${index}`));
  const counter = async (name: string) => (await server.stats()).persistence.counters[name]!;
  const phases: PhaseFigures[] = [];
  let drainRowsPerSecond = Number.POSITIVE_INFINITY;

  const play = async (name: string, isAway: boolean) => {
    const tickP99Ms: number[] = [];
    for (let window = 0; window < windows; window++) {
      const before = await tickBuckets(server);
      await sleep(phaseMs / windows);
      tickP99Ms.push(p99MsBetween(before, await tickBuckets(server)));
    }
    const { residentBytes } = await server.stats();
    const pendingRows = await counter("rows_pending");
    const phase = { name, isAway, tickP99Ms, residentMegabytes: residentBytes / 2 ** 20, pendingRows };
    phases.push(phase);
    say(formatPhase(phase));
  };
  /** From the database being back to nothing being behind; the inflow goes on. */
  const drain = async () => {
    const [startMs, applied] = [systemClock.nowMs(), await counter("rows_applied_total")];
    const backlog = await counter("rows_pending");
    await until("the backlog is drained to a tenth", async () => {
      return (await counter("rows_pending")) <= Math.max(2000, backlog / 10);
    });
    const seconds = (systemClock.nowMs() - startMs) / 1000;
    const rate = ((await counter("rows_applied_total")) - applied) / seconds;
    drainRowsPerSecond = Math.min(drainRowsPerSecond, rate);
    say(`${backlog} rows drained in ${seconds.toFixed(1)} s, ${rate.toFixed(0)} rows/s`);
  };

  try {
    await server.start();
    for (const player of players) {
      await player.enter(server.url);
      await until(`${player.name} is in the world`, () => player.isLive);
    }
    for (const player of players) player.send("start");
    await until("everybody saves", () => players.every(({ gold }) => gold > 0));
    const [startMs, rowsBefore] = [systemClock.nowMs(), await counter("rows_in_total")];
    await play("up", false);
    const inflowRowsPerSecond =
      (1000 * ((await counter("rows_in_total")) - rowsBefore)) / (systemClock.nowMs() - startMs);
    database.freeze();
    await play("frozen", true);
    database.thaw();
    await drain();
    await play("up again", false);
    await database.kill();
    await play("down", true);
    await database.restart();
    await drain();
    await play("up at last", false);
    for (const player of players) player.send("stop");
    await until("everything is told to be safe", () =>
      players.every(({ client }) => client.stats().intentsKept === 0),
    );
    const settled = async () => {
      const before = players.map(({ gold }) => gold).join();
      await until("the store has everything", async () => (await counter("rows_pending")) === 0);
      return before === players.map(({ gold }) => gold).join();
    };
    await until("nobody's gold changes any more", settled);
    const rows = await counter("rows_in_total");
    for (const { client } of players) client.close();
    await server.stop();
    const wrong = await withStore(server.config(), async (store) => {
      const found = await auditOf(store);
      for (const player of players) {
        const { player: row } = await accountOf(store, player.playerId);
        if (row.gold !== player.gold)
          found.push(`${player.name} was told of ${player.gold} gold, the store has ${row.gold}`);
        if (row.gold % LINES !== 0) found.push(`${player.name} has part of a save`);
        if (player.losses.length > 1) found.push(`${player.name} lost the connection: ${player.losses[0]}`);
      }
      return found;
    });
    assert.deepEqual(wrong, []);
    return { phases, inflowRowsPerSecond, drainRowsPerSecond, rows };
  } catch (error) {
    say(server.tail());
    throw error;
  } finally {
    for (const { client } of players) client.close();
    database.thaw();
    await server.remove();
    await database.remove();
  }
}

function formatPhase({ name, tickP99Ms, residentMegabytes, pendingRows }: PhaseFigures): string {
  const p99 = tickP99Ms.map((ms) => ms.toFixed(2)).join(" ");
  return `${name.padEnd(11)} tick p99 ${p99} ms; RSS ${residentMegabytes.toFixed(0)} MB; ${pendingRows} rows wait`;
}
