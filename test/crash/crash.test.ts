/** kill -9 of a whole server under load, and of single threads: what people were told holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { freshSeed } from "../../engine/prng.js";
import { MariaDb } from "../mariadb.js";
import { battlePlay } from "./battle-play.js";
import { runKillRounds } from "./kill-rounds.js";
import { tallyPlay } from "./tally-play.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed() >>> 1);

test(`[CR1] [CR2] [CR3] killed again and again, a server loses nothing and does nothing twice (seed ${seed})`, async () => {
  const { counts } = await runKillRounds({ play: tallyPlay(5), kills: 6, seed, progressMax: 400 });
  assert.ok(counts.intents! > 100 && counts["tallies over"]! > 0, JSON.stringify(counts));
});

test(`[CR1] [CR4] battles go on through deaths of the server, each to one end (seed ${seed})`, async () => {
  const { counts } = await runKillRounds({ play: battlePlay(4), kills: 3, seed, progressMax: 60 });
  assert.ok(counts["battles over"]! > 0, JSON.stringify(counts));
});

test(`[CR1] [CR2] [CR3] with MariaDB, nothing is different (seed ${seed})`, async () => {
  const database = await MariaDb.start();
  try {
    await database.run("CREATE DATABASE gridshard");
    const url = `mysql://root@localhost/gridshard?socket=${encodeURIComponent(database.socketPath)}`;
    const store = { kind: "mysql", url };
    await runKillRounds({ play: tallyPlay(4), kills: 2, seed, progressMax: 300, store });
  } finally {
    await database.remove();
  }
});
