/** One shard's thread dies, and the rest of the server does not: durable rooms go on, and nobody's socket closes. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { configSchema } from "../../engine/config-schema.js";
import { silentLog } from "../../engine/log.js";
import { freshSeed, Prng } from "../../engine/prng.js";
import { startServer } from "../../server.js";
import { until } from "../player.js";
import { auditOf, withStore } from "./audit.js";
import { tallySettings } from "./tally-play.js";
import { TallyPlayer } from "./tally-player.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed() >>> 1);
const DEATHS = 4;

test(`[CR5] a shard whose thread dies goes on with its durable rooms as they were (seed ${seed})`, async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), "gridshard-thread-"));
  const config = configSchema.parse({
    ...tallySettings,
    dataFolder,
    net: { port: 0, guestTicketsPerMinutePerAddress: 1_000_000 },
    admin: { port: 0 },
  });
  const server = await startServer(config, { log: silentLog });
  const dice = new Prng(seed);
  const wrong: string[] = [];
  let progress = 0;
  const witness = { onProgress: () => progress++, onWrong: (what: string) => wrong.push(what) };
  const players: TallyPlayer[] = [];
  const partnersOf = (player: TallyPlayer) =>
    players.filter((other) => other !== player && other.client.stats().shard === player.client.stats().shard);
  for (let index = 0; index < 5; index++) {
    const options = { partnersOf, doThreadsDie: true };
    players.push(new TallyPlayer(`Tally${index}`, new Prng(seed + index), witness, options));
  }
  const playUntil = (what: string, isSo: () => boolean) =>
    until(what, () => {
      for (const player of players) player.play();
      assert.deepEqual(wrong, []);
      return isSo();
    });
  try {
    await Promise.all(players.map((player) => player.enter(server.url)));
    await playUntil("everybody plays", () => players.every(({ room }) => room !== 0));
    for (let death = 0; death < DEATHS; death++) {
      const target = progress + 50 + dice.below(200);
      await playUntil("progress", () => progress >= target);
      const rooms = players.map(({ room }) => room);
      server.killShard(death % 2);
      const before = progress;
      await playUntil("everybody goes on", () => progress >= before + 100);
      assert.deepEqual(
        players.map(({ room }) => room),
        rooms,
        "nobody has left a room",
      );
    }
    for (const player of players) player.finish();
    const unfinished = () => players.map((player) => player.unfinished()).find((why) => why !== "");
    await playUntil("everybody has finished", () => unfinished() === undefined).catch((error) => {
      throw new Error(`${unfinished()}`, { cause: error });
    });
    for (const player of players) {
      assert.equal(player.client.stats().reconnects, 0);
      assert.equal(player.addsTold, player.addCount, `${player.name}: what was not refused was added`);
      player.client.close();
    }
    await server.stop();
    await withStore(config, async (store) => {
      assert.deepEqual(await auditOf(store), []);
      for (const player of players)
        assert.equal((await store.loadPlayer(player.playerId))!.gold, player.goldOwed, player.name);
    });
  } finally {
    for (const { client } of players) client.close();
    await server.stop();
    rmSync(dataFolder, { recursive: true });
  }
});
