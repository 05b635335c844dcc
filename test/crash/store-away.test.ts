/** A store that is away for a while, and a journal that grows to its bound. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { refusals } from "../../engine/wire/codes.js";
import { MariaDb } from "../mariadb.js";
import { until } from "../player.js";
import { auditOf, withStore } from "./audit.js";
import { SavingPlayer } from "./saving-player.js";
import { ServerProcess } from "./server-process.js";
import { runStoreAway, savingSettings } from "./store-away.js";

test("[CR6] a database that freezes, dies and comes back misses nothing that was saved meanwhile", async () => {
  const { rows } = await runStoreAway({ players: 10, phaseMs: 1000, windows: 1 });
  assert.ok(rows > 1000, `${rows} rows`);
});

test("[CR7] with the journal full, what must be kept is refused by name, everything else goes on, and after the drain nothing is refused", async () => {
  const database = await MariaDb.start();
  await database.run("CREATE DATABASE gridshard");
  const url = `mysql://root@localhost/gridshard?socket=${encodeURIComponent(database.socketPath)}`;
  const server = new ServerProcess({
    ...savingSettings,
    store: { kind: "mysql", url },
    journal: { bytesMax: 1_048_576, segmentBytes: 65_536, pendingBytesMax: 1_048_576 },
  });
  const player = new SavingPlayer("Ada");
  const { client } = player;
  const notDurable = () => player.refusedWith(refusals.notDurable.code);
  let sent = 0;
  const earn = () => {
    while (client.stats().intentsWaiting < 30 && player.send("earn") > 0) sent++;
  };
  try {
    await server.start();
    await player.enter(server.url);
    await until("in the world", () => player.isLive && !Number.isNaN(player.x));
    await database.kill();
    await until("the journal is full", () => {
      earn();
      return notDurable() > 0;
    });
    const { status, text } = await server.isReady();
    assert.ok(status === 503 || text.includes("journal"), `${status} ${text}`);
    const waves = player.waves;
    player.send("wave");
    await until("a wave is answered", () => player.waves > waves);
    const { x } = player;
    client.move(1, 0);
    await until("it walks", () => player.x > x + 1);
    assert.deepEqual([...player.refused.keys()], [refusals.notDurable.code]);
    await database.restart();
    await until("earning is possible again", async () => {
      sent++;
      return (await client.whenDurable(player.send("earn"))).kind === "settled";
    });
    await until("all is safe and told", () => {
      return client.stats().intentsKept === 0 && player.gold === sent - notDurable();
    });
    const [gold, { playerId }] = [player.gold, player];
    client.close();
    await server.stop();
    await withStore(server.config(), async (store) => {
      assert.deepEqual(await auditOf(store), []);
      assert.equal((await store.loadPlayer(playerId))!.gold, gold);
    });
  } finally {
    client.close();
    await server.remove();
    await database.remove();
  }
});
