/** How a whole server starts, survives and ends: real threads, real sockets, in this process. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Config, configSchema } from "../engine/config-schema.js";
import type { Log } from "../engine/log.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { RingWriter } from "../engine/memory/spsc-ring.js";
import { systemClock } from "../engine/time.js";
import { exitCodes } from "../engine/wire/codes.js";
import { createWiring } from "../engine/wiring.js";
import { type RunningServer, type ServerOptions, startServer } from "../server.js";
import { until } from "./player.js";

const folder = mkdtempSync(join(tmpdir(), "gridshard-server-"));
after(() => rmSync(folder, { recursive: true }));

let count = 0;

interface Recorded {
  readonly level: string;
  readonly text: string;
}

function configOf(settings: Record<string, unknown>): Config {
  return configSchema.parse({
    dataFolder: join(folder, `data-${count++}`),
    log: { level: "error" },
    net: { port: 0 },
    admin: { port: 0 },
    ...settings,
  });
}

async function start(
  config: Config,
  options: ServerOptions = {},
): Promise<{ server: RunningServer; lines: Recorded[] }> {
  const lines: Recorded[] = [];
  const at =
    (level: string) =>
    (message: string, fields: object = {}) => {
      lines.push({ level, text: `${message} ${JSON.stringify(fields)}` });
    };
  const log: Log = { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
  return { server: await startServer(config, { log, ...options }), lines };
}

test("[SU9] a server starts, is ready, stops with 0, and leaves its data folder to the next", async () => {
  const config = configOf({ shards: { count: 3 } });
  for (const round of [1, 2]) {
    const { server } = await start(config);
    assert.equal((await fetch(server.url)).status, 200, `round ${round}`);
    const ready = await fetch(`${server.adminUrl}/readyz`);
    assert.equal(ready.status, 200, await ready.text());
    await Promise.all([server.stop(), server.stop()]);
    assert.equal(await server.closed, exitCodes.ok);
    assert.ok(server.canExit);
    assert.ok(!existsSync(join(config.dataFolder, "gridshard.lock")));
    await assert.rejects(fetch(`${server.adminUrl}/healthz`));
    await assert.rejects(fetch(server.url));
  }
});

test("[SU2] a shard that is killed is back, and the server is ready again", async () => {
  const { server, lines } = await start(configOf({ shards: { count: 2 } }));
  server.killShard(1);
  await until("it is started again", () => server.control.incarnation(1) === 2);
  await until("it is ready", async () => (await fetch(`${server.adminUrl}/readyz`)).status === 200);
  const stats = (await (await fetch(`${server.adminUrl}/stats`)).json()) as {
    shards: { restarts: number }[];
  };
  assert.deepEqual(
    stats.shards.map(({ restarts }) => restarts),
    [0, 1],
  );
  assert.ok(lines.some(({ level, text }) => level === "warn" && text.includes("killed on request")));
  await server.stop();
  assert.equal(await server.closed, exitCodes.ok);
});

test("[SU3] past the restart budget the server ends in order, with 75 and a reason", async () => {
  const { server, lines } = await start(configOf({ shards: { count: 2, restartsMax: 0 } }));
  server.killShard(0);
  assert.equal(await server.closed, exitCodes.restartBudgetSpent);
  assert.ok(server.canExit);
  assert.ok(
    lines.some(({ level, text }) => level === "error" && text.includes("after 0 restarts within 60 s")),
  );
});

test("[SU10] when the persistence thread dies the server ends with 70 and a reason", async () => {
  const config = configOf({ shards: { count: 1 } });
  const wiring = createWiring(config);
  const { server, lines } = await start(config, { wiring });
  // A record that does not exist: the thread finds a mistake of ours, and dies of it.
  const lane = new RingWriter(wiring.lanes.netToStore);
  lane.offer(99, new Uint8Array(8));
  lane.publish();
  new Doorbell(wiring.doorbells.store).ring();
  assert.equal(await server.closed, exitCodes.internal);
  assert.ok(
    lines.some(({ level, text }) => level === "error" && text.includes("the persistence thread ended")),
  );
});

test("[SU11] a shard that does not end in time is terminated, the rest is saved, and the exit code is 1", async () => {
  const game = join(folder, "stuck.mjs");
  writeFileSync(
    game,
    `export default { rooms: [], fields: [{ name: "stuck", intents: [], columns: {}, spawn: () => ({ x: 1, y: 1 }),
      create: () => { setTimeout(() => { for (;;); }, 100); return { onTick() {} }; } }] };`,
  );
  const config = configOf({
    games: [game],
    world: { field: "stuck" },
    stop: { deadlineMs: 500 },
    shards: { count: 2 },
  });
  const { server, lines } = await start(config);
  // Idle shards beat several times a second, so a heart this old is one that has stopped.
  await until("both shards are stuck", () =>
    [0, 1].every((shard) => server.control.heartbeatAgeMs(shard, systemClock.nowMs()) > 1500),
  );
  await server.stop();
  assert.equal(await server.closed, exitCodes.failed);
  const said = lines.find(({ level }) => level === "error")?.text ?? "";
  assert.match(said, /shards end: not done within 350 ms/);
  assert.ok(!said.includes("rows are applied"));
  assert.ok(!existsSync(join(config.dataFolder, "gridshard.lock")));
});

test("[SU12] a game that fails at every start spends the budget, and the start is refused with the reason", async () => {
  const game = join(folder, "broken.mjs");
  writeFileSync(
    game,
    `export default { rooms: [], fields: [{ name: "broken", intents: [], columns: {}, spawn: () => ({ x: 1, y: 1 }),
      create: () => { throw new Error("made to fail"); } }] };`,
  );
  const config = configOf({
    games: [game],
    world: { field: "broken" },
    shards: { count: 1, restartsMax: 2 },
  });
  await assert.rejects(start(config), (error: { exitCode: number; message: string }) => {
    assert.equal(error.exitCode, exitCodes.restartBudgetSpent);
    assert.match(error.message, /made to fail/);
    return true;
  });
  assert.ok(!existsSync(join(config.dataFolder, "gridshard.lock")));
});

test("[SU13] more threads than cores are allowed, with one line of warning", async () => {
  const { server, lines } = await start(configOf({ shards: { count: 16 } }));
  assert.equal(lines.filter(({ text }) => text.startsWith("more threads than cores")).length, 1);
  await server.stop();
  assert.equal(await server.closed, exitCodes.ok);
});
