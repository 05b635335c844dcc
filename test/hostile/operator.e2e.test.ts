/** What a tired operator does to a server that is to start, and a stranger to its admin port. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../../engine/wire/codes.js";
import { Stage } from "./stage.js";

const cli = fileURLToPath(new URL("../../cli.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "gridshard-operator-"));
after(() => rmSync(folder, { recursive: true }));

/** Runs `serve`, which is not to come up. */
async function refused(sets: readonly string[], more: { file?: string; env?: Record<string, string> } = {}) {
  const all = ["net.port=0", "admin.port=0", "shards.count=1", `dataFolder=${join(folder, "data")}`, ...sets];
  const file = more.file === undefined ? [] : ["--config", more.file];
  const child = spawn(process.execPath, [cli, "serve", ...file, ...all.flatMap((set) => ["--set", set])], {
    cwd: folder,
    // Nothing of this test's own environment but what a program needs to run.
    env: { PATH: "/usr/bin:/bin", ...more.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

test("[HC18] every mistake of an operator ends with its code and a sentence, never with a stack", async () => {
  mkdirSync(join(folder, "a-folder"));
  mkdirSync(join(folder, "short-key"));
  mkdirSync(join(folder, "no-database"));
  writeFileSync(
    join(folder, "no-database", "gridshard.db"),
    "no database, however long one looks. ".repeat(99),
  );
  writeFileSync(join(folder, "short-key", "server.key"), "short", { mode: 0o600 });
  const { config, dataFolder, cannotListen, storeUnavailable } = exitCodes;
  const cases: [string, number, RegExp, readonly string[], Parameters<typeof refused>[1]?][] = [
    ["a config file there is not", config, /nowhere\.json/, [], { file: join(folder, "nowhere.json") }],
    ["a folder as config file", config, /a-folder/, [], { file: join(folder, "a-folder") }],
    ["a config that is no JSON", config, /broken\.json/, [], { file: written("broken.json", "{ net: ") }],
    ["a config that is a list", config, /list\.json|object/, [], { file: written("list.json", "[1]") }],
    [
      "a config of __proto__",
      config,
      /__proto__/,
      [],
      { file: written("proto.json", '{"__proto__":{"net":1}}') },
    ],
    [
      "an unknown variable",
      config,
      /GRIDSHARD_NET_PROT.+GRIDSHARD_NET_PORT/s,
      [],
      { env: { GRIDSHARD_NET_PROT: "1" } },
    ],
    [
      "a variable of garbage",
      config,
      /net\.handshakesPerSecond: got "banana"/,
      [],
      { env: { GRIDSHARD_NET_HANDSHAKES_PER_SECOND: "banana" } },
    ],
    ["an admin port for everybody", config, /admin\.token/, ["admin.host=0.0.0.0"]],
    [
      "a game that is no JavaScript",
      config,
      /games: .+syntax\.mjs/,
      [`games=${written("syntax.mjs", "export default {{")}`],
    ],
    [
      "a game that throws",
      config,
      /games: .+throws\.mjs.+boom/s,
      [`games=${written("throws.mjs", "throw new Error('boom')")}`],
    ],
    ["a game that throws null", config, /games: .+null\.mjs/, [`games=${written("null.mjs", "throw null")}`]],
    [
      "a game that is nothing",
      config,
      /games: .+nothing\.mjs/,
      [`games=${written("nothing.mjs", "export default null")}`],
    ],
    [
      "a game of nonsense",
      config,
      /games?/,
      [`games=${written("nonsense.mjs", "export default { fields: [null], rooms: 7 }")}`],
    ],
    [
      "a data folder below a file",
      dataFolder,
      /data folder .+throws\.mjs/,
      [`dataFolder=${join(folder, "throws.mjs", "data")}`],
    ],
    ["half a server key", dataFolder, /holds 5 bytes/, [`dataFolder=${join(folder, "short-key")}`]],
    ["a host that is not ours", cannotListen, /net\.host/, ["net.host=192.0.2.1"]],
    [
      "an admin host that is not ours",
      cannotListen,
      /admin\.host/,
      ["admin.host=192.0.2.1", "admin.token=0123456789abcdef"],
    ],
    [
      "a database that is none",
      storeUnavailable,
      /restore it from a backup/,
      [`dataFolder=${join(folder, "no-database")}`],
    ],
  ];
  for (const [name, want, sentence, sets, more] of cases) {
    const { code, out, err } = await refused(sets, more);
    const said = err.slice(err.lastIndexOf("\ngridshard: ") + 1);
    assert.equal(code, want, `${name}: ${err}`);
    assert.equal(out, "", name);
    assert.match(said, sentence, name);
    assert.match(said, /^gridshard: /, name);
    assert.doesNotMatch(said, /\n\s+at |please report/, `${name}: a sentence, not a stack`);
    assert.ok(!err.includes("hunter2"), "no secret");
  }
});

test("[HC19] with a token, the admin port shows a stranger that it lives and nothing else", async () => {
  const token = "0123456789abcdef";
  const stage = await Stage.open("ws", [`admin.token=${token}`]);
  try {
    const of = async (path: string, authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization };
      return (await fetch(`${stage.adminUrl}${path}`, { headers })).status;
    };
    for (const path of ["/stats", "/metrics", "/", "/nothing", "/healthz/"]) {
      for (const wrong of [
        undefined,
        "Bearer ",
        "Bearer x",
        `Bearer ${token}x`,
        `bearer ${token}`,
        token,
        `Basic ${token}`,
      ]) {
        assert.equal(await of(path, wrong), 401, `${path} ${wrong}`);
      }
    }
    assert.deepEqual([await of("/healthz"), await of("/readyz")], [200, 200]);
    assert.equal(await of("/stats", `Bearer ${token}`), 200);
    await stage.bystander.isUndisturbed();
  } finally {
    await stage.close();
  }
});
