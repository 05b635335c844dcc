import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ConfigInvalid, type ConfigSources, loadConfig } from "./config.js";
import { configJsonSchema, configKeys, nodeAt, wantOf } from "./config-keys.js";
import { printConfig } from "./config-print.js";
import { configSchema } from "./config-schema.js";

const folder = mkdtempSync(join(tmpdir(), "gridshard-config-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileWith(content: unknown): string {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const load = (sources: ConfigSources) => loadConfig({ environment: {}, file: fileWith({}), ...sources });

function problemsOf(sources: ConfigSources): readonly string[] {
  try {
    load(sources);
  } catch (error) {
    assert.ok(error instanceof ConfigInvalid);
    return error.problems;
  }
  return [];
}

test("[CF1] defaults, then the file, then the environment, then the command line", () => {
  const file = fileWith({ net: { port: 1, host: "::1", connectionsMax: 7 } });
  const environment = { GRIDSHARD_NET_PORT: "2", GRIDSHARD_NET_HOST: "127.0.0.2" };
  const { config, origins } = load({ file, environment, settings: ["net.port=3"] });
  assert.equal(config.net.port, 3);
  assert.equal(config.net.host, "127.0.0.2");
  assert.equal(config.net.connectionsMax, 7);
  assert.equal(config.net.idleTimeoutSeconds, 60);
  assert.equal(origins.get("net.port"), "--set");
  assert.equal(origins.get("net.host"), "GRIDSHARD_NET_HOST");
  assert.equal(origins.get("net.connectionsMax"), file);
  assert.equal(origins.get("net.idleTimeoutSeconds"), undefined);
});

test("[CF1] without any source every key has its default, and the defaults are a config that runs", () => {
  const { config } = load({});
  assert.deepEqual(config, configSchema.parse({}));
});

test("[CF2] every problem is reported at once, with what was found, what was wanted, and from where", () => {
  const file = fileWith({
    net: { port: "abc", clientVersionMin: "one", transport: "tcp" },
    games: [1],
    rooms: { battle: { tickHz: -1 } },
    stop: 5,
  });
  const problems = problemsOf({
    file,
    environment: { GRIDSHARD_WORLD_TICK_HZ: "fast" },
    settings: ["shards.count=0", "nothing"],
  });
  assert.deepEqual(
    new Set(problems),
    new Set([
      `net.port: got "abc", want an integer in 0..65535 (from ${file})`,
      `net.clientVersionMin: got "one", want a text matching ^\\d+\\.\\d+\\.\\d+$ (from ${file})`,
      `net.transport: got "tcp", want one of auto, uws, ws (from ${file})`,
      `games: got [1], want a list of 1..16 texts (from ${file})`,
      `rooms.battle.tickHz: got -1, want a number in 0..100 (from ${file})`,
      `stop: got 5, want a section: an object of keys (from ${file})`,
      'world.tickHz: got "fast", want an integer in 1..100 (from GRIDSHARD_WORLD_TICK_HZ)',
      "shards.count: got 0, want an integer in 1..64 (from --set)",
      '--set: got "nothing", want key=value as in net.port=7350',
    ]),
  );
});

test("[CF2] a file that cannot be read, or is not an object, is a problem like any other", () => {
  assert.match(problemsOf({ file: join(folder, "missing.json") })[0]!, /missing\.json: got ENOENT, want/);
  assert.match(problemsOf({ file: fileWith("{ net: 1 }") })[0]!, /got something that is not JSON .*, want/);
  assert.match(problemsOf({ file: fileWith([1]) })[0]!, /got \[1\], want a JSON object/);
  assert.match(
    problemsOf({ file: undefined, environment: { GRIDSHARD_CONFIG: join(folder, "no.json") } })[0]!,
    /no\.json/,
  );
});

test("[CF3] unknown keys and unknown variables are problems that name the nearest known one", () => {
  const file = fileWith({ nett: {}, net: { prot: 1 } });
  const problems = problemsOf({
    file,
    environment: { GRIDSHARD_NET_PROT: "1", GRIDSHARD_XYZZY_PLUGH: "1", GRIDSHARD_SEED: "5", PATH: "/bin" },
    settings: ["net.hots=::1"],
  });
  assert.equal(problems.length, 5, problems.join("\n"));
  assert.ok(problems.includes(`net.prot: there is no such key, want net.port perhaps (from ${file})`));
  assert.ok(problems.includes(`nett: there is no such key, want net perhaps (from ${file})`));
  assert.ok(problems.includes("net.hots: there is no such key, want net.host perhaps (from --set)"));
  assert.ok(
    problems.includes("GRIDSHARD_NET_PROT: there is no such variable, want GRIDSHARD_NET_PORT perhaps"),
  );
  assert.ok(
    problems.some((problem) => problem.startsWith("GRIDSHARD_XYZZY_PLUGH: there is no such variable")),
  );
});

test("[CF3] names that JavaScript objects have of themselves are no keys", () => {
  const problems = problemsOf({ settings: ["__proto__.polluted=1", "constructor=1", "net.toString=1"] });
  assert.equal(problems.length, 3, problems.join("\n"));
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test("[CF4] how keys relate is checked too, and reported together with the rest", () => {
  const relations: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ shards: { ringBytes: 100_000 } }, "shards.ringBytes"],
    [{ shards: { peerRingBytes: 100_000 } }, "shards.peerRingBytes"],
    [
      { shards: { ringBytes: 65_536, peerRingBytes: 1_048_576 }, net: { payloadBytesMax: 60_000 } },
      "shards.ringBytes",
    ],
    [{ shards: { peerRingBytes: 65_536 }, net: { payloadBytesMax: 9000 } }, "shards.peerRingBytes"],
    [{ world: { widthCells: 255, heightCells: 255 }, shards: { count: 64 } }, ""],
    [{ world: { widthCells: 4, heightCells: 4 }, shards: { count: 17 } }, "shards.count"],
    [{ session: { eventBytesKeptMax: 4096 } }, "session.eventBytesKeptMax"],
    [{ store: { kind: "mysql" } }, "store.url"],
    [{ store: { kind: "mysql", url: "postgres://u:p@h/d" } }, "store.url"],
    [{ store: { url: "mysql://u:p@h/d" } }, "store.kind"],
    [{ store: { kind: "mysql", url: "mysql://u:p@h:3306/d" } }, ""],
    [{ store: { file: "../elsewhere.db" } }, "store.file"],
    [{ store: { pendingRowsMax: 100, batchRowsMax: 101 } }, "store.pendingRowsMax"],
    [{ journal: { bytesMax: 33_554_432 * 4 - 1 } }, "journal.bytesMax"],
    [{ journal: { bytesMax: 33_554_432 * 4 } }, ""],
    [{ journal: { pendingBytesMax: 1_048_576, commitBytes: 1_048_577 } }, "journal.pendingBytesMax"],
    [{ admin: { host: "0.0.0.0" } }, "admin.token"],
    [{ admin: { host: "0.0.0.0", token: "0123456789abcdef" } }, ""],
    [{ admin: { port: 7350 } }, "admin.port"],
    [{ admin: { port: 0 }, net: { port: 0 } }, ""],
  ];
  for (const [content, key] of relations) {
    const problems = problemsOf({ file: fileWith(content) });
    const keys = problems.map((problem) => problem.split(":")[0]);
    assert.deepEqual(new Set(keys), new Set(key === "" ? [] : [key]), JSON.stringify(content));
  }
  const mixed = problemsOf({ file: fileWith({ net: { port: -1 }, shards: { ringBytes: 100_000 } }) });
  assert.equal(mixed.length, 2);
});

test("[CF4] a relation of a key that is wrong in itself is not reported on top", () => {
  const problems = problemsOf({ file: fileWith({ admin: { port: "x" }, net: { port: "y" }, store: 1 }) });
  assert.equal(problems.length, 3, problems.join("\n"));
});

test("[CF5] a secret is shown nowhere", () => {
  const secrets = { GRIDSHARD_STORE_URL: "postgres://u:hunter2@h", GRIDSHARD_ADMIN_TOKEN: "hunter2" };
  const problems = problemsOf({
    environment: { ...secrets, GRIDSHARD_ADMIN_HOST: "0.0.0.0", GRIDSHARD_STORE_KIND: "mysql" },
  });
  assert.equal(problems.length, 2);
  assert.ok(problems.every((problem) => problem.includes("got (hidden)") && !problem.includes("hunter2")));
  const notText = problemsOf({ file: fileWith({ admin: { token: { deep: "hunter2" } } }) });
  assert.ok(!notText.join().includes("hunter2"));
  const shown = printConfig(load({ environment: { GRIDSHARD_ADMIN_TOKEN: "hunter2" } }));
  assert.match(shown, /admin\.token = \(hidden\) +GRIDSHARD_ADMIN_TOKEN/);
  assert.ok(!shown.includes("hunter2"));
});

test("[CF6] the effective config is shown with every key and where it came from", () => {
  const lines = printConfig(
    load({ settings: ["rooms.battle.tickHz=5"], environment: { GRIDSHARD_NET_PORT: "1" } }),
  )
    .trimEnd()
    .split("\n");
  assert.equal(lines.length, configKeys.length);
  for (const [at, { key }] of configKeys.entries()) assert.ok(lines[at]!.startsWith(`${key} = `));
  assert.match(lines.find((line) => line.startsWith("net.port"))!, /= 1 +GRIDSHARD_NET_PORT$/);
  assert.match(lines.find((line) => line.startsWith("rooms"))!, /"tickHz":5.* --set$/);
  assert.match(lines.find((line) => line.startsWith("net.host"))!, / default$/);
});

test("[CF7] the JSON Schema for editors has every key, its default and its bounds", () => {
  const schema = configJsonSchema();
  assert.equal(schema.properties?.net?.properties?.port?.maximum, 65_535);
  assert.equal(schema.properties?.net?.properties?.port?.default, 7350);
  assert.equal(schema.additionalProperties, false);
  const defaults = configSchema.parse({}) as unknown as Record<string, Record<string, unknown>>;
  for (const { path, node, key } of configKeys) {
    const value = path.length === 1 ? defaults[path[0]!] : defaults[path[0]!]![path[1]!];
    assert.deepEqual(node.default, value, key);
    assert.equal(nodeAt(path)?.type, node.type);
    assert.ok(!wantOf(node).includes("undefined"), `${key} has bounds`);
  }
});

test("[CF8] a variable holds JSON, a bare scalar, or a list with commas", () => {
  const { config } = load({
    environment: {
      GRIDSHARD_NET_ORIGINS: "https://a.example, https://b.example",
      GRIDSHARD_GAMES: '["./a.js", "./b.js"]',
      GRIDSHARD_ROOMS: '{"battle":{"membersMax":4}}',
      GRIDSHARD_WORLD_CELL_SIZE_METERS: "12.5",
      GRIDSHARD_ADMIN_TOKEN: "12345",
      GRIDSHARD_DATA_FOLDER: "true",
    },
  });
  assert.deepEqual(config.net.origins, ["https://a.example", "https://b.example"]);
  assert.deepEqual(config.games, ["./a.js", "./b.js"]);
  assert.deepEqual(config.rooms, { battle: { membersMax: 4 } });
  assert.equal(config.world.cellSizeMeters, 12.5);
  assert.equal(config.admin.token, "12345");
  assert.equal(config.dataFolder, "true");
});

test("[CF8] every key has a variable of its own", () => {
  const variables = new Set(configKeys.map(({ variable }) => variable));
  assert.equal(variables.size, configKeys.length);
  assert.ok(variables.has("GRIDSHARD_NET_GUEST_TICKETS_PER_MINUTE_PER_ADDRESS"));
});
