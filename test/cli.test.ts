import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { configKeys } from "../engine/config-keys.js";
import { exitCodes } from "../engine/wire/codes.js";

const cli = fileURLToPath(new URL("../cli.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "gridshard-cli-"));
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly child: ChildProcess;
  /** Everything written so far. */
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

let runs = 0;

/** Runs the command in a folder of its own: no config file, and a data folder below it. */
function run(...parameters: readonly string[]): Run {
  const cwd = join(folder, `run-${runs++}`);
  mkdirSync(cwd);
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("GRIDSHARD_")),
  );
  const child = spawn(process.execPath, [cli, ...parameters], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  const texts = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    texts.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    texts.err += text;
  });
  const ended = once(child, "close").then(([code, signal]) => {
    children.delete(child);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  return { child, out: () => texts.out, err: () => texts.err, ended };
}

const anyPorts = ["--set", "net.port=0", "--set", "admin.port=0", "--set", "shards.count=1"] as const;

/** Runs a command that is to end by itself. */
async function result(...parameters: readonly string[]) {
  const started = run(...parameters);
  const { code } = await started.ended;
  return { code, out: started.out(), err: started.err() };
}

/** Starts a server and waits for its line on stdout. */
async function serve(...parameters: readonly string[]): Promise<Run> {
  const started = run("serve", ...anyPorts, ...parameters);
  await Promise.race([
    new Promise<void>((resolve) => {
      started.child.stdout!.on("data", () => {
        if (started.out().includes("\n")) resolve();
      });
    }),
    started.ended.then(({ code }) => assert.fail(`the server ended with ${code}: ${started.err()}`)),
  ]);
  return started;
}

async function occupied(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

test("[EX2] what cannot be followed ends with 64 and one sentence that says where to look", async () => {
  for (const parameters of [
    ["sevre"],
    ["serve", "--prot", "1"],
    ["serve", "extra"],
    ["version", "x"],
    ["config", "--set"],
  ]) {
    const { code, out, err } = await result(...parameters);
    assert.equal(code, exitCodes.usage, parameters.join(" "));
    assert.equal(out, "");
    assert.match(err, /^gridshard: [^\n]+gridshard help lists[^\n]+\n$/);
  }
});

test("[EX3] five mistakes in the config are listed together, and end with 78", async () => {
  const file = join(folder, "five.json");
  writeFileSync(
    file,
    JSON.stringify({
      net: { port: "abc", prot: 1 },
      shards: { ringBytes: 100_000 },
      world: { widthCells: 0 },
      store: { kind: "mysql" },
    }),
  );
  const { code, out, err } = await result("serve", "--config", file);
  assert.equal(code, exitCodes.config);
  assert.equal(out, "");
  assert.match(err, /^gridshard: the config has 5 problems:\n/);
  for (const key of ["net.port", "net.prot", "shards.ringBytes", "world.widthCells", "store.url"]) {
    assert.match(err, new RegExp(`^  ${key.replace(".", "\\.")}: .+want`, "m"));
  }
});

test("[EX3] a game that cannot be loaded, or lacks the field or a room type of the config, ends with 78", async () => {
  const missing = await result("serve", ...anyPorts, "--set", "games=./no-such-game.js");
  assert.equal(missing.code, exitCodes.config);
  assert.match(missing.err, /^gridshard: games: cannot load "\.\/no-such-game\.js"/);
  const field = await result("serve", ...anyPorts, "--set", "world.field=nowhere");
  assert.equal(field.code, exitCodes.config);
  assert.match(field.err, /^gridshard: world\.field: got "nowhere", want one of /);
  const room = await result("serve", ...anyPorts, "--set", "rooms.nothing.tickHz=1");
  assert.equal(room.code, exitCodes.config);
  assert.match(room.err, /^gridshard: rooms\.nothing: there is no such room type, want one of /);
});

test("[EX4] a data folder that cannot be used ends with 73 and what to do", async () => {
  const file = join(folder, "a-file");
  writeFileSync(file, "");
  const { code, err, out } = await result("serve", ...anyPorts, "--set", `dataFolder=${file}`);
  assert.equal(code, exitCodes.dataFolder);
  assert.equal(out, "");
  assert.match(
    err,
    /^gridshard: the data folder .*a-file cannot be used \(\w+\): .+GRIDSHARD_DATA_FOLDER\)\n$/,
  );
});

test("[EX4] a server key that others can read ends with 73", async () => {
  const data = join(folder, "open-key");
  mkdirSync(data);
  writeFileSync(join(data, "server.key"), new Uint8Array(32));
  chmodSync(join(data, "server.key"), 0o644);
  const { code, err } = await result("serve", ...anyPorts, "--set", `dataFolder=${data}`);
  assert.equal(code, exitCodes.dataFolder);
  assert.match(err, /chmod 600/);
});

test("[EX4] a data folder that another server uses ends with 73, and the other goes on", async () => {
  const data = join(folder, "shared");
  const first = await serve("--set", `dataFolder=${data}`);
  const second = await result("serve", ...anyPorts, "--set", `dataFolder=${data}`);
  assert.equal(second.code, exitCodes.dataFolder);
  assert.match(second.err, new RegExp(`is in use by process ${first.child.pid}: stop that process`));
  assert.equal((await fetch(first.out().trim())).status, 200);
  first.child.kill("SIGTERM");
  assert.deepEqual(await first.ended, { code: 0, signal: null });
});

test("[EX5] a port in use ends with 71, naming the port and its key", async () => {
  const { server, port } = await occupied();
  try {
    for (const section of ["net", "admin"]) {
      const { code, err, out } = await result("serve", ...anyPorts, "--set", `${section}.port=${port}`);
      assert.equal(code, exitCodes.cannotListen, err);
      assert.equal(out, "");
      const said = `port ${port} on 127.0.0.1 is in use: stop what uses it, or set ${section}.port (GRIDSHARD_${section.toUpperCase()}_PORT) to another\n`;
      assert.ok(err.endsWith(`gridshard: ${said}`), err);
    }
  } finally {
    server.close();
  }
});

test("[EX6] a database that cannot be used until somebody has seen to it ends with 69 and says what to do", async () => {
  const data = join(folder, "no-database");
  mkdirSync(data);
  writeFileSync(join(data, "gridshard.db"), "no database at all, however long one looks at it. ".repeat(99));
  const { code, err, out } = await result("serve", ...anyPorts, "--set", `dataFolder=${data}`);
  assert.equal(code, exitCodes.storeUnavailable, err);
  assert.equal(out, "");
  assert.match(err, /gridshard: .+restore it from a backup/);
});

test("[EX10] a database that is down does not keep a server from serving; readiness says so, without its password", async () => {
  const { server, port } = await occupied();
  server.close();
  await once(server, "close");
  const url = `mysql://user:hunter2@127.0.0.1:${port}/game`;
  const { child, err, ended } = await serve(
    ...["--set", "store.kind=mysql", "--set", `store.url=${url}`, "--set", "store.startWaitMs=100"],
  );
  const admin = /"admin":"([^"]+)"/.exec(err())?.[1];
  const ready = await fetch(`${admin}/readyz`);
  assert.equal(ready.status, 200);
  const said = (await ready.json()) as { ready: boolean; notReady: string[]; impaired: string[] };
  assert.deepEqual([said.ready, said.notReady, said.impaired.length], [true, [], 1]);
  assert.match(said.impaired[0]!, /the store does not answer/);
  child.kill("SIGTERM");
  assert.deepEqual(await ended, { code: 0, signal: null });
  assert.match(err(), /serves without it/);
  assert.ok(!err().includes("hunter2"));
});

test("[EX11] a damaged journal ends with 65 and names the file and the position", async () => {
  const data = join(folder, "damaged");
  const first = await serve("--set", `dataFolder=${data}`);
  first.child.kill("SIGTERM");
  assert.deepEqual(await first.ended, { code: 0, signal: null });
  const journal = join(data, "journal");
  const file = join(journal, readdirSync(journal).sort()[0]!);
  const bytes = readFileSync(file);
  // In the header: nothing can have torn that.
  bytes[20]! ^= 1;
  writeFileSync(file, bytes);
  const { code, out, err } = await result("serve", ...anyPorts, "--set", `dataFolder=${data}`);
  assert.equal(code, exitCodes.damaged, err);
  assert.equal(out, "");
  assert.match(err, /gridshard: the journal is damaged: .+position \d+/);
});

test("[EX7] stdout gets one line with one address, the log goes to stderr, and SIGTERM ends with 0", async () => {
  const { child, out, err, ended } = await serve();
  assert.match(out(), /^http:\/\/127\.0\.0\.1:\d+\/\n$/);
  const page = await fetch(out().trim());
  assert.equal(page.status, 200);
  child.kill("SIGTERM");
  assert.deepEqual(await ended, { code: 0, signal: null });
  assert.equal(out().split("\n").length, 2);
  const lines = err().trimEnd().split("\n");
  for (const line of lines) assert.equal(typeof JSON.parse(line), "object", line);
  assert.ok(lines.some((line) => line.includes('"message":"stopped","code":0')));
});

test("[EX8] SIGINT ends as SIGTERM does; a second signal does not wait", async () => {
  const polite = await serve();
  polite.child.kill("SIGINT");
  assert.deepEqual(await polite.ended, { code: 0, signal: null });
  const hurried = await serve();
  // Two different signals: two equal ones may become one on the way.
  hurried.child.kill("SIGTERM");
  hurried.child.kill("SIGINT");
  assert.deepEqual(await hurried.ended, { code: exitCodes.failed, signal: null });
});

test("[EX9] help, version and config print to stdout and end with 0", async () => {
  const help = await result("help");
  assert.equal(help.code, 0);
  for (const command of ["serve", "config", "bots", "bench", "version"])
    assert.ok(help.out.includes(`gridshard ${command}`));
  assert.equal((await result()).out, help.out);
  const version = await result("version");
  assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
  const config = await result("config", "--set", "net.port=1234");
  assert.equal(config.code, 0);
  assert.match(config.out, /^net\.port = 1234 +--set$/m);
  assert.equal(config.out.trimEnd().split("\n").length, configKeys.length);
  const schema = await result("config", "--schema");
  assert.equal((JSON.parse(schema.out) as { type: string }).type, "object");
  assert.ok(!existsSync(join(folder, "run-0", "data")), "nothing is written by merely looking");
});
