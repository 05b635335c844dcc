/** The whole server: real threads, real sockets, real stores, the SDK as a player. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { configSchema } from "../engine/config-schema.js";
import { silentLog } from "../engine/log.js";
import { packageRoot } from "../engine/package-root.js";
import { type RunningServer, startServer } from "../server.js";
import { MariaDb } from "./mariadb.js";
import { Player, until } from "./player.js";

type Settings = Parameters<typeof configSchema.parse>[0] & object;

/** A small world, so that everybody sees everybody's cell change. */
const world = { widthCells: 8, heightCells: 4, cellSizeMeters: 16 };

interface Stage {
  readonly server: RunningServer;
  /** A player in the world of the server that runs now; a ticket makes it somebody known. */
  enter(name: string, ticket?: string): Promise<Player>;
  /** Stops the server in order and starts it on the same data. */
  restart(): Promise<RunningServer>;
}

async function withServer(settings: Settings, use: (stage: Stage) => Promise<void>): Promise<void> {
  const dataFolder = mkdtempSync(join(tmpdir(), "gridshard-e2e-"));
  const config = configSchema.parse({
    dataFolder,
    log: { level: "error" },
    net: { port: 0 },
    admin: { port: 0 },
    world,
    ...settings,
  });
  const players: Player[] = [];
  let server = await startServer(config, { log: silentLog });
  try {
    await use({
      server,
      enter: async (name, ticket) => {
        const player = await Player.enter(server.url, name, ticket);
        players.push(player);
        return player;
      },
      restart: async () => {
        await server.stop();
        server = await startServer(config, { log: silentLog });
        return server;
      },
    });
  } finally {
    for (const player of players) player.client.close();
    await server.stop();
    assert.equal(await server.closed, 0, "a stopped server exits with 0");
    rmSync(dataFolder, { recursive: true });
  }
}

async function stats(server: RunningServer): Promise<{ shards: { counters: Record<string, number> }[] }> {
  const answer = await fetch(`${server.adminUrl}/stats`);
  return (await answer.json()) as { shards: { counters: Record<string, number> }[] };
}

const sumOf = async (server: RunningServer, counter: string) =>
  (await stats(server)).shards.reduce((sum, shard) => sum + shard.counters[counter]!, 0);

/** Walks along x until `isThere`. */
async function walk(player: Player, direction: number, isThere: () => boolean): Promise<void> {
  const timer = setInterval(() => player.client.move(direction, 0), 50);
  try {
    await player.until("the walk ends", isThere);
  } finally {
    clearInterval(timer);
    player.client.move(0, 0);
  }
}

for (const transport of ["uws", "ws"] as const) {
  test(`[E2E1] over ${transport}, players see each other walk across shards on one stream each`, async () => {
    await withServer({ net: { port: 0, transport }, shards: { count: 4 } }, async ({ server, enter }) => {
      const ada = await enter("Ada");
      const bob = await enter("Bob");
      await ada.until("Ada sees Bob", () => ada.sees(bob));
      const shardBefore = ada.client.stats().shard;
      await walk(ada, ada.self!.x > 64 ? -1 : 1, () => ada.client.stats().shard !== shardBefore);
      await until(
        "the walk crossed shards",
        async () => (await sumOf(server, "handoffs_released_total")) > 0,
      );
      assert.equal(ada.client.state.kind, "live");
      assert.equal(await sumOf(server, "members"), 2);
      await ada.leave();
      await bob.until("Bob sees Ada go", () => !bob.sees(ada));
      await until("one member is left", async () => (await sumOf(server, "members")) === 1);
      await bob.leave();
    });
  });
}

test("[E2E2] a shard that is killed comes back: sockets stay open, its players are put back and told", async () => {
  await withServer({ shards: { count: 2 } }, async ({ server, enter }) => {
    const players = await Promise.all(["Ada", "Bob", "Cleo"].map((name) => enter(name)));
    const victim = players[0]!.client.stats().shard;
    server.killShard(victim);
    await players[0]!.until("the player is told", () => players[0]!.relocations.length > 0);
    for (const player of players) {
      await player.until("everybody stands in the world", () => player.self !== undefined);
      assert.equal(player.client.state.kind, "live");
      assert.equal(player.client.stats().reconnects, 0);
    }
    await until("three members", async () => (await sumOf(server, "members")) === 3);
    const x = players[0]!.self!.x;
    await walk(players[0]!, x > 64 ? -1 : 1, () => Math.abs((players[0]!.self?.x ?? x) - x) > 3);
  });
});

const stores = [
  { name: "the embedded store", open: async () => ({ store: {}, close: async () => {} }) },
  {
    name: "MariaDB",
    open: async () => {
      const database = await MariaDb.start();
      await database.run("CREATE DATABASE gridshard");
      const url = `mysql://root@localhost/gridshard?socket=${encodeURIComponent(database.socketPath)}`;
      return { store: { kind: "mysql", url }, close: () => database.remove() };
    },
  },
];

for (const { name, open } of stores) {
  test(`[E2E3] with ${name}, a player is where they left, also after a restart of the server`, async () => {
    const { store, close } = await open();
    try {
      await withServer({ store }, async ({ server: first, enter, restart }) => {
        const ada = await enter("Ada");
        const startX = ada.self!.x;
        await walk(ada, startX > 64 ? -1 : 1, () => Math.abs(ada.self!.x - startX) > 12);
        await ada.until("Ada stands still", () => ada.client.stats().framesApplied > 0);
        await ada.leave();
        await until("Ada has left", async () => (await sumOf(first, "members")) === 0);
        const again = await enter("Ada", ada.ticket);
        const { x, y } = again.self!;
        assert.ok(Math.abs(x - startX) > 11, "not back at the start");
        await again.leave();
        await restart();
        const after = await enter("Ada", ada.ticket);
        assert.ok(Math.abs(after.self!.x - x) < 0.1 && Math.abs(after.self!.y - y) < 0.1, "the same place");
      });
    } finally {
      await close();
    }
  });
}

test("[E2E4] a second login takes over: the first is told and closed, the world has one of them", async () => {
  await withServer({}, async ({ server, enter }) => {
    const first = await enter("Ada");
    const second = await enter("Ada", first.ticket);
    await first.until("the first is closed", () => first.client.state.kind === "closed");
    assert.equal(first.client.state.kind === "closed" && first.client.state.code, 4001);
    assert.equal(second.client.state.kind, "live");
    assert.equal(await sumOf(server, "members"), 1);
  });
});

test("[E2E5] a stopping server tells everybody and loses nobody's place", async () => {
  await withServer({}, async ({ enter, restart }) => {
    const ada = await enter("Ada");
    const startX = ada.self!.x;
    await walk(ada, startX > 64 ? -1 : 1, () => Math.abs(ada.self!.x - startX) > 8);
    const closings: number[] = [];
    ada.client.on("state", (state) => {
      if (state.kind === "reconnecting") closings.push(state.code);
    });
    await restart();
    assert.deepEqual(closings.slice(0, 1), [4201]);
    ada.client.close();
    const after = await enter("Ada", ada.ticket);
    assert.ok(Math.abs(after.self!.x - startX) > 7);
  });
});

test("[E2E6] the README's game runs, and the README quotes it", async () => {
  const { readFileSync } = await import("node:fs");
  const readme = readFileSync(join(packageRoot(), "README.md"), "utf8");
  const source = readFileSync(join(packageRoot(), "games/hello/hello.ts"), "utf8");
  assert.ok(
    readme.includes(source.replace("../../engine/room/game.js", "gridshard/game")),
    "quoted to the letter",
  );
});
