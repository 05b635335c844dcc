import assert from "node:assert/strict";
import { test } from "node:test";
import { ChildServer, gameModule } from "./child-server.js";
import { measureLoad } from "./peer-bots/peer-run.js";

const world = { widthCells: 5, heightCells: 4, cellSizeMeters: 24, tickHz: 20 };

test("[PE4] clients of gridshard, asked as those of the peers are, see exactly whom they should", async () => {
  const server = await ChildServer.start({
    config: {
      games: [gameModule("games-world")],
      world: { field: "bench-walk", ...world },
      shards: { count: 1 },
    },
  });
  try {
    const { hostname, port } = new URL(server.url);
    const figures = await measureLoad(server.pid, {
      ...{ protocol: "gridshard", host: hostname, port: Number(port), world },
      ...{ clients: 40, seconds: 1, warmupSeconds: 0.1, seed: 1 },
      ...{ intentsPerSecond: 10, connectsPerSecond: 400, sampleEvery: 2 },
    });
    assert.equal(figures.wrongSights, 0);
    assert.equal(figures.errors, 0);
    assert.ok(figures.inSight! > 5 && figures.inSight! < 39, `${figures.inSight} of 39 others in sight`);
    assert.ok(figures.bytesPerClientSecond! > 0);
  } finally {
    await server.stop();
  }
});
