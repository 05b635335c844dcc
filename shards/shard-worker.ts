/** Entry of a shard's thread: a piscina task that lasts as long as the shard. Resolves when it has stopped. */
import type { Config } from "../engine/config-schema.js";
import { createLog } from "../engine/log.js";
import { ControlBlock } from "../engine/memory/control-block.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { GameTables } from "../engine/room/game-tables.js";
import { loadGames } from "../engine/room/load-games.js";
import { tablesFolder } from "../engine/room/table-folder.js";
import { systemThreadId } from "../engine/system-thread.js";
import { systemClock } from "../engine/time.js";
import type { Wiring } from "../engine/wiring.js";
import { Shard } from "./shard.js";

/** Longest sleep of a shard with nothing to do, so that its event loop turns and its heart is seen to beat. */
const IDLE_SLICE_MS = 250;
/** How often a busy shard lets its event loop turn: that costs as much as a tick with a few dozen people. */
const TURN_MS = 250;
/** How often a shard that has stopped looks whether there is room for its last words. */
const HAND_OVER_MS = 5;

export interface ShardTask {
  readonly wiring: Wiring;
  readonly config: Config;
  readonly shard: number;
  readonly incarnation: number;
}

/** @throws AssertionFailed, or whatever ended the shard: the supervisor's to restart. */
export default async function run(task: ShardTask): Promise<void> {
  const { wiring, config, shard } = task;
  const clock = systemClock;
  const log = createLog(`shard-${shard}`, { level: config.log.level, wallMs: clock.wallMs });
  const games = await loadGames(config.games, config.world.field);
  const control = new ControlBlock(wiring.control);
  const tables = new GameTables({
    specs: games.tables ?? { list: [], checks: [] },
    folder: tablesFolder(config.dataFolder),
    version: () => control.tablesVersion,
  });
  const host = new Shard({ ...task, games, tables, clock, log });
  control.setSystemThreadId(shard, systemThreadId());
  const doorbell = new Doorbell(wiring.doorbells.shards[shard]!);
  const hasInput = () => host.hasInput();
  let turnedMs = clock.nowMs();
  while (control.phase !== "stopping") {
    host.duty(clock.nowMs());
    const nowMs = clock.nowMs();
    const waitMs = Math.min(host.waitMs(nowMs), IDLE_SLICE_MS);
    if (waitMs > 0) doorbell.wait(waitMs, hasInput);
    if (nowMs - turnedMs < TURN_MS) continue;
    turnedMs = nowMs;
    await new Promise(setImmediate);
  }
  host.stop(clock.nowMs());
  // However long the disk takes: whoever stops the server ends this when it has waited long enough.
  while (!host.handOver()) {
    control.beat(shard, clock.nowMs());
    await new Promise((resolve) => setTimeout(resolve, HAND_OVER_MS));
  }
}
