import assert from "node:assert/strict";
import { test } from "node:test";
import { packageRoot } from "../engine/package-root.js";
import {
  type Breach,
  breachesOf,
  checkLayers,
  describeBreach,
  publicFiles,
} from "../scripts/check-layers.js";
import { blanked, importsOf } from "../scripts/source-scan.js";

const report = checkLayers(packageRoot());

test("[LY1] every source keeps to the layers, the places of packages, and the places of time, chance and shared memory", () => {
  assert.deepEqual(report.breaches.map(describeBreach), []);
});

test("[LY2] every exemption is needed and has a reason", () => {
  assert.deepEqual(
    report.unused.map(({ rule, path }) => `${rule} ${path.source}`),
    [],
  );
});

/** Names of the rules that a source of this text, at this path, would break. */
function broken(path: string, text: string): Breach["rule"][] {
  return breachesOf({ path, ...blanked(text) }, ["engine/room/game.ts", "client/client.ts"]).map(
    ({ rule }) => rule,
  );
}

test("[LY3] each kind of breach is found", () => {
  const cases: readonly (readonly [path: string, text: string, rule: Breach["rule"] | null])[] = [
    ["net/a.ts", 'import { x } from "../shards/shard.js";', "layer"],
    ["net/a.ts", 'import type { X } from "../shards/shard.js";', "layer"],
    ["net/a.ts", 'export { x } from "../control/admin.js";', "layer"],
    ["net/a.ts", 'export * from "../control/admin.js";', "layer"],
    ["net/a.ts", 'const x = await import("../control/admin.js");', "layer"],
    ["net/a.ts", 'import "../control/admin.js";', "layer"],
    ["net/a.ts", 'import {\n  x,\n  type Y,\n} from "../control/admin.js";', "layer"],
    ["net/a.ts", 'type X = import("../control/admin.js").X;', "layer"],
    ["net/deep/a.ts", 'import { x } from "../../engine/wiring.js";', null],
    ["engine/a.ts", 'import { x } from "../net/b.js";', "layer"],
    ["engine/wire/a.ts", 'import { x } from "../config.js";', "layer"],
    ["client/a.ts", 'import { x } from "../engine/wire/codes.js";', null],
    ["client/a.ts", 'import { x } from "../engine/lane/bytes.js";', "layer"],
    ["games/g/a.ts", 'import { x } from "../../engine/room/game.js";', null],
    ["games/g/a.ts", 'import { x } from "../../engine/room/entity-table.js";', "layer"],
    ["elsewhere/a.ts", 'import { x } from "../engine/room/game.js";', "layer"],
    ["net/uws-transport.ts", 'import uWS from "uWebSockets.js";', null],
    ["net/gateway.ts", 'import uWS from "uWebSockets.js";', "package"],
    ["persistence/store.ts", 'import mysql from "mysql2/promise";', "package"],
    ["net/a.ts", 'import { x } from "some-new-package";', "package"],
    ["client/a.ts", 'import { x } from "node:fs";', "browser"],
    ["net/a.ts", "Atomics.load(words, 0);", "memory"],
    ["net/a.ts", "interface X { buffer: SharedArrayBuffer }", "memory"],
    ["engine/memory/a.ts", "Atomics.load(words, 0);", null],
    ["net/a.ts", "const x = process.env.HOME;", "environment"],
    ["engine/config.ts", "const x = process.env;", null],
    ["net/a.ts", "Date.now();", "clock"],
    ["net/a.ts", "new Date();", "clock"],
    ["net/a.ts", "new Date(wallMs);", null],
    ["net/a.ts", "performance.now();", "clock"],
    ["net/a.ts", "const text = `it is $" + "{Date.now()}`;", "clock"],
    ["net/a.ts", "Math.random();", "chance"],
    ["engine/prng.ts", "Math.random();", "chance"],
    ["net/a.ts", 'import { randomBytes } from "node:crypto";', "chance"],
  ];
  for (const [path, text, rule] of cases) {
    assert.deepEqual(broken(path, text), rule === null ? [] : [rule], `${path}: ${text}`);
  }
});

test("[LY4] what only looks like code, in comments, strings, templates and regular expressions, is not code", () => {
  for (const text of [
    "// Date.now()",
    '/* import { x } from "../control/admin.js"; */',
    'const x = "Math.random()";',
    "const x = 'import \"../control/admin.js\"';",
    'const x = `import "../control/admin.js"; Date.now()`;',
    "const x = /Date.now()/;",
    'const x = /["`]/; // Date.now()',
    'Buffer.from("hi"); Buffer\n  .from("hi");',
    'const x = "a//b"; const y = "Math.random()";',
    "const x = `$" + "{`$" + "{1}`} Date.now()`;",
    "const x = `$" + "{{ a: 1 }.a} Date.now()`;",
  ]) {
    assert.deepEqual(broken("net/a.ts", text), [], text);
  }
  const half = blanked("const half = a / 2; Date.now(); const other = b / 2;");
  assert.ok(half.code.includes("Date.now()"));
});

test("[LY4] blanking keeps every line where it was", () => {
  const text = "const a = `one\n$" + '{b}\n`; // c\nimport x from "./y.js";\n';
  const source = { path: "net/a.ts", ...blanked(text) };
  assert.equal(source.code.length, text.length);
  assert.equal(source.uncommented.length, text.length);
  assert.deepEqual(importsOf(source), [{ specifier: "./y.js", line: 4 }]);
});

test("[LY5] games may import what package.json exports, and that is what the check takes as public", () => {
  const files = publicFiles(packageRoot());
  assert.ok(files.includes("engine/room/game.ts"));
});
