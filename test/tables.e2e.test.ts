/** Tables of static game data on a whole server: an operator edits a file while people fight. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ByteBuffer } from "flatbuffers";
import { configSchema } from "../engine/config-schema.js";
import { silentLog } from "../engine/log.js";
import { BattleStarted } from "../games/battle/generated/battle-started.js";
import { battleEvents } from "../games/battle/messages.js";
import { PERSON, type Species, speciesTable } from "../games/battle/tables.js";
import { openWorldIntents } from "../games/open-world/open-world.js";
import { autoBattleBody } from "../games/testing/bodies.js";
import { type RunningServer, startServer } from "../server.js";
import { Player, until } from "./player.js";

const GOLEM = 4;
const ROOM_SCOPE = 2;

/** The golem's whole health in each battle a player was told of, the latest last. */
function golems(player: Player): number[] {
  return player.events
    .filter(({ scope, kind }) => scope === ROOM_SCOPE && kind === battleEvents.started)
    .map(({ body }) => {
      const started = BattleStarted.getRootAsBattleStarted(new ByteBuffer(body));
      const fighters = Array.from({ length: started.fightersLength() }, (_, at) => started.fighters(at)!);
      return fighters.find((fighter) => fighter.species() !== PERSON)!.healthMax();
    });
}

const results = (player: Player) =>
  player.events.filter(({ scope, kind }) => scope === ROOM_SCOPE && kind === battleEvents.over).length;

async function refusalsOf(server: RunningServer): Promise<{ set: string; refusals: number }> {
  const answer = await fetch(`${server.adminUrl}/stats`);
  return ((await answer.json()) as { tables: { set: string; refusals: number } }).tables;
}

test("[TB12] a file edited on a running server is in the next battle, and not in one that runs, nor after a restart", async () => {
  const root = mkdtempSync(join(tmpdir(), "gridshard-e2e-"));
  const folder = join(root, "tables");
  mkdirSync(folder);
  const shipped = JSON.parse(readFileSync(fileURLToPath(speciesTable.file), "utf8")) as Species[];
  const edit = (health: number) =>
    writeFileSync(
      join(folder, "species.json"),
      JSON.stringify(shipped.map((one) => (one.id === GOLEM ? { ...one, health } : one))),
    );
  edit(2000);
  const config = configSchema.parse({
    dataFolder: join(root, "data"),
    log: { level: "error" },
    net: { port: 0 },
    admin: { port: 0 },
    tables: { folder },
    shards: { count: 2 },
    world: { widthCells: 8, heightCells: 4, cellSizeMeters: 16 },
  });
  let server = await startServer(config, { log: silentLog });
  const players: Player[] = [];
  const enter = async (name: string, ticket?: string) => {
    const player = await Player.enter(server.url, name, ticket);
    players.push(player);
    return player;
  };
  const fight = async (player: Player) => {
    const before = golems(player).length;
    player.client.sendFieldIntent(openWorldIntents.autoBattle, autoBattleBody(GOLEM, 1));
    await player.until("the battle has begun", () => golems(player).length > before);
    return golems(player).at(-1);
  };
  try {
    const ada = await enter("Ada");
    assert.equal(await fight(ada), 2000);
    const { set } = await refusalsOf(server);
    edit(1);
    await until("the new set is in force", async () => (await refusalsOf(server)).set !== set);
    const bob = await enter("Bob");
    // The word is in shared memory; each shard takes it up with its next tick.
    while ((await fight(bob)) !== 1)
      await bob.until("the battle is over", () => results(bob) === golems(bob).length);
    await bob.until("so small a golem is soon beaten", () => results(bob) === golems(bob).length);
    edit(-1);
    await until("the bad file is refused", async () => (await refusalsOf(server)).refusals === 1);
    assert.equal(await fight(bob), 1);
    assert.equal(results(ada), 0, "the first battle still runs");
    await server.stop();
    server = await startServer(config, { log: silentLog });
    assert.equal((await refusalsOf(server)).refusals, 1, "the file is still bad, what was in force still is");
    assert.equal(await fight(await enter("Cleo")), 1);
  } finally {
    for (const player of players) player.client.close();
    await server.stop();
    assert.equal(await server.closed, 0);
    rmSync(root, { recursive: true });
  }
});
