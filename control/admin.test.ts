import assert from "node:assert/strict";
import { type IncomingHttpHeaders, request } from "node:http";
import { test } from "node:test";
import { loadConfig } from "../engine/config.js";
import { silentLog } from "../engine/log.js";
import { Counters } from "../engine/memory/counters.js";
import { Histogram } from "../engine/memory/histogram.js";
import {
  netCatalogue,
  persistenceCatalogue,
  persistenceMetric,
  shardCatalogue,
  shardMetric,
} from "../engine/metrics.js";
import { createGrid } from "../engine/space/grid.js";
import { ManualClock } from "../engine/time.js";
import { createWiring } from "../engine/wiring.js";
import { AdminServer } from "./admin.js";
import { assignPartition, partition } from "./partition.js";
import { PrometheusText } from "./prometheus.js";
import { type ReadFamily, readPrometheus } from "./prometheus-reader.js";
import { serverMetrics } from "./server-metrics.js";
import { ServerView } from "./server-view.js";
import type { TablesStatus } from "./table-files.js";

const TOKEN = "a token of some length";

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A view of a server of which only the shared memory exists. */
function viewOf(tables: () => TablesStatus | null = () => null) {
  const { config } = loadConfig({ environment: {}, settings: ["shards.count=3", "world.widthCells=7"] });
  const wiring = createWiring(config);
  const clock = new ManualClock(1_000_000);
  const view = new ServerView({
    config,
    wiring,
    clock,
    version: '1.2.3-"quoted"',
    roomTypes: ["battle", "chat"],
    hasShardBeaten: (shard) => view.control.heartbeat(shard) !== 0,
    shardRestarts: (shard) => shard,
    tables,
  });
  const grid = createGrid(config.world.widthCells, config.world.heightCells, config.world.cellSizeMeters);
  assignPartition(view.ownership, partition(grid, 3));
  const store = new Counters(wiring.counters.persistence, persistenceCatalogue);
  return {
    view,
    wiring,
    clock,
    store,
    bringUp: () => {
      for (let thread = 0; thread < view.control.threadCount; thread++)
        view.control.beat(thread, clock.nowMs());
      store.set(persistenceMetric.store_up, 1);
      view.isStarted = true;
    },
  };
}

async function withAdmin(
  view: ServerView,
  token: string,
  use: (
    ask: (path: string, options?: { method?: string; headers?: Record<string, string> }) => Promise<Reply>,
  ) => Promise<void>,
): Promise<void> {
  const admin = await AdminServer.open(view, { host: "127.0.0.1", port: 0, token, log: silentLog });
  try {
    await use(
      (path, { method = "GET", headers = {} } = {}) =>
        new Promise((resolve, reject) => {
          const sent = request(`${admin.url}${path}`, { method, headers }, (response) => {
            let body = "";
            response.setEncoding("utf8");
            response.on("data", (chunk: string) => {
              body += chunk;
            });
            response.on("end", () =>
              resolve({ status: response.statusCode!, headers: response.headers, body }),
            );
          });
          sent.on("error", reject);
          sent.end();
        }),
    );
  } finally {
    await admin.close();
  }
}

test("[AD1] only GET is answered, and only on the pages there are", async () => {
  const { view } = viewOf();
  await withAdmin(view, "", async (ask) => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"]) {
      const reply = await ask("/metrics", { method });
      assert.equal(reply.status, 405, method);
      assert.equal(reply.headers.allow, "GET");
    }
    assert.equal((await ask("/")).status, 404);
    assert.equal((await ask("/metrics/")).status, 404);
    assert.equal((await ask("/healthz?verbose")).status, 200);
  });
});

test("[AD2] with a token set, all but health and readiness want it", async () => {
  const { view } = viewOf();
  await withAdmin(view, TOKEN, async (ask) => {
    for (const path of ["/metrics", "/stats", "/nothing"]) {
      assert.equal((await ask(path)).status, 401, path);
      for (const authorization of [
        TOKEN,
        "Bearer",
        `Bearer ${TOKEN}x`,
        `Bearer ${TOKEN.slice(1)}`,
        `Basic ${TOKEN}`,
      ]) {
        assert.equal((await ask(path, { headers: { authorization } })).status, 401, authorization);
      }
    }
    assert.equal((await ask("/stats", { headers: { authorization: `Bearer ${TOKEN}` } })).status, 200);
    assert.equal((await ask("/healthz")).status, 200);
    assert.equal((await ask("/readyz")).status, 503);
  });
});

test("[AD3] without a token only requests by a loopback name are answered", async () => {
  const { view } = viewOf();
  await withAdmin(view, "", async (ask) => {
    for (const host of ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example"]) {
      assert.equal((await ask("/stats", { headers: { host } })).status, 403, host);
    }
    for (const host of ["localhost", "localhost:99", "127.0.0.1:7351", "[::1]:7351"]) {
      assert.equal((await ask("/stats", { headers: { host } })).status, 200, host);
    }
  });
});

test("[AD4] ready means that every thread beats; what is missing is named, and what does not work though it is ready", async () => {
  const { view, clock, store, bringUp } = viewOf();
  const seen = { impaired: [] as readonly string[] };
  await withAdmin(view, "", async (ask) => {
    const ready = async () => {
      const reply = await ask("/readyz");
      const said = JSON.parse(reply.body) as { ready: boolean; notReady: string[]; impaired: string[] };
      assert.equal(reply.status, said.ready ? 200 : 503);
      seen.impaired = said.impaired;
      return said.notReady;
    };
    assert.deepEqual(await ready(), [
      "the server is starting",
      "shard-0 gives no sign of life",
      "shard-1 gives no sign of life",
      "shard-2 gives no sign of life",
      "net gives no sign of life",
      "persistence gives no sign of life",
    ]);
    bringUp();
    assert.deepEqual(await ready(), []);
    assert.equal(seen.impaired.length, 0);
    store.set(persistenceMetric.store_up, 0);
    view.control.setJournalState("full");
    store.set(persistenceMetric.players_held, 1);
    assert.deepEqual(await ready(), []);
    assert.deepEqual(
      seen.impaired.map((reason) => reason.split(":")[0]),
      ["the store does not answer", "too much waits for the store", "rows of some players are set aside"],
    );
    view.control.setJournalState("failing");
    assert.deepEqual(await ready(), []);
    assert.match(seen.impaired[1]!, /disk does not write/);
    store.set(persistenceMetric.players_held, 0);
    store.set(persistenceMetric.store_up, 1);
    view.control.setJournalState("full");
    const { pendingRowsMax } = view.options.config.store;
    for (const [isImageFull, rows, want] of [
      [1, 0, ["more is to be brought back at a start than can be kept in memory"]],
      [0, 0, ["too much waits for the store"]],
      [
        1,
        pendingRowsMax,
        ["more is to be brought back at a start than can be kept in memory", "too much waits for the store"],
      ],
    ] as const) {
      store.set(persistenceMetric.image_full, isImageFull);
      store.set(persistenceMetric.rows_pending, rows);
      await ready();
      assert.deepEqual(
        seen.impaired.map((reason) => reason.split(":")[0]),
        want,
      );
    }
    clock.advance(6000);
    // Persistence may be held up by a disk for longer than others.
    for (const thread of [0, 2, 3]) view.control.beat(thread, clock.nowMs());
    assert.deepEqual(await ready(), ["shard-1 gives no sign of life"]);
    view.control.beat(1, clock.nowMs());
    view.control.setPhase("draining");
    assert.deepEqual(await ready(), ["the server is draining"]);
    assert.equal((await ask("/healthz")).status, 200);
  });
});

test("[AD5] the metrics are a valid exposition with every value of every catalogue", async () => {
  const { view, wiring, bringUp } = viewOf();
  bringUp();
  new Counters(wiring.counters.shards[1]!, shardCatalogue).add(shardMetric.intents_total, 7);
  await withAdmin(view, "", async (ask) => {
    const reply = await ask("/metrics");
    assert.equal(reply.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    const families = readPrometheus(reply.body);
    for (const [prefix, catalogue] of [
      ["shard", shardCatalogue],
      ["net", netCatalogue],
      ["persistence", persistenceCatalogue],
    ] as const) {
      for (const { name, help, kind } of catalogue) {
        const family = families.get(`gridshard_${prefix}_${name}`);
        assert.equal(family?.help, help);
        assert.equal(family.type, kind === "counter" ? "counter" : "gauge");
        assert.equal(family.samples.length, prefix === "shard" ? 3 : 1);
      }
    }
    for (const { name } of Object.values(serverMetrics)) assert.ok(families.has(name), name);
    const intents = families.get("gridshard_shard_intents_total") as ReadFamily;
    assert.deepEqual(
      intents.samples.map(({ labels, value }) => [labels.get("shard"), value]),
      [
        ["0", 0],
        ["1", 7],
        ["2", 0],
      ],
    );
    const cells = families.get("gridshard_shard_cells")!.samples.reduce((sum, { value }) => sum + value, 0);
    assert.equal(cells, view.ownership.cellCount);
    // Per shard one lane to and from net, one to and from the store; two of net's own; one for each pair of shards.
    assert.equal(families.get("gridshard_lane_depth_bytes")!.samples.length, 3 * 4 + 2 + 3 * 2);
  });
});

test("[AD6] a histogram tells how many durations were no longer than its bounds, and their sum", async () => {
  const { view, wiring } = viewOf();
  const ticks = new Histogram(wiring.histograms.ticks[0]!);
  for (const us of [3, 100, 100, 2000, 30_000_000]) ticks.record(us);
  for (const shard of [0, 1]) new Histogram(wiring.histograms.roomTypes[shard]![1]!).record(500);
  await withAdmin(view, "", async (ask) => {
    const families = readPrometheus((await ask("/metrics")).body);
    const samples = families.get("gridshard_tick_duration_seconds")!.samples;
    const at = (le: string) =>
      samples.find((sample) => sample.labels.get("shard") === "0" && sample.labels.get("le") === le)?.value;
    assert.deepEqual([at("0.000016"), at("0.000128"), at("0.002048"), at("+Inf")], [1, 3, 4, 5]);
    const sum = samples.find(
      ({ name, labels }) => name.endsWith("_sum") && labels.get("shard") === "0",
    )!.value;
    assert.ok(Math.abs(sum - 30.002_203) < 1e-9);
    const chat = families
      .get("gridshard_room_tick_duration_seconds")!
      .samples.find(({ name, labels }) => name.endsWith("_count") && labels.get("room_type") === "chat");
    assert.equal(chat?.value, 2);
  });
});

test("[AD5] labels and help texts are escaped", () => {
  const out = new PrometheusText();
  out.family({ name: "a", help: "two\nlines \\ here", type: "gauge" });
  out.sample(Number.POSITIVE_INFINITY, { label: 'a "quoted"\nback\\slash' });
  const family = readPrometheus(out.text()).get("a")!;
  assert.equal(family.help, "two\\nlines \\\\ here");
  assert.equal(family.samples[0]!.labels.get("label"), 'a \\"quoted\\"\\nback\\\\slash');
});

test("[AD7] the state of the server is JSON with every counter, and no secret", async () => {
  const { view, bringUp } = viewOf();
  bringUp();
  await withAdmin(view, TOKEN, async (ask) => {
    const reply = await ask("/stats", { headers: { authorization: `Bearer ${TOKEN}` } });
    assert.equal(reply.headers["content-type"], "application/json");
    assert.ok(!reply.body.includes(TOKEN));
    const stats = JSON.parse(reply.body) as {
      phase: string;
      shards: { restarts: number; counters: Record<string, number> }[];
      net: { counters: Record<string, number> };
      persistence: { counters: Record<string, number> };
    };
    assert.equal(stats.phase, "running");
    assert.deepEqual(
      stats.shards.map(({ restarts }) => restarts),
      [0, 1, 2],
    );
    assert.deepEqual(
      Object.keys(stats.shards[0]!.counters),
      shardCatalogue.map(({ name }) => name),
    );
    assert.equal(Object.keys(stats.net.counters).length, netCatalogue.length);
    assert.equal(stats.persistence.counters.store_up, 1);
  });
});

test("[AD9] /metrics says of each table which version is in force, how often it was reloaded and how often refused", async () => {
  const species = { name: "species", hash: "a1".repeat(32), rows: 12, file: "/x", refused: "" };
  const items = { name: "items", hash: "b2".repeat(32), rows: 3, file: "/y", refused: "row 1: no" };
  const { view, bringUp } = viewOf(() => ({
    set: "s",
    refusals: 4,
    tables: [
      { ...species, reloads: 2, refusals: 0 },
      { ...items, reloads: 0, refusals: 4 },
    ],
  }));
  bringUp();
  await withAdmin(view, "", async (ask) => {
    const lines = (await ask("/metrics")).body.split("\n");
    const told = lines.filter((line) => line.startsWith("gridshard_table_"));
    assert.deepEqual(told, [
      'gridshard_table_info{table="species",version="a1a1a1a1a1a1"} 1',
      'gridshard_table_info{table="items",version="b2b2b2b2b2b2"} 1',
      'gridshard_table_rows{table="species"} 12',
      'gridshard_table_rows{table="items"} 3',
      'gridshard_table_reloads_total{table="species"} 2',
      'gridshard_table_reloads_total{table="items"} 0',
      'gridshard_table_refusals_total{table="species"} 0',
      'gridshard_table_refusals_total{table="items"} 4',
      'gridshard_table_refused{table="species"} 0',
      'gridshard_table_refused{table="items"} 1',
    ]);
  });
});
