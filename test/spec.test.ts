import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { serverMetrics } from "../control/server-metrics.js";
import { configKeys } from "../engine/config-keys.js";
import { netCatalogue, persistenceCatalogue, shardCatalogue } from "../engine/metrics.js";
import { packageRoot } from "../engine/package-root.js";
import { exitCodes } from "../engine/wire/codes.js";
import { checkSpec } from "../scripts/check-spec.js";

const root = packageRoot();
const report = checkSpec(root);

test("[LY6] every rule of the specification has a test", () => {
  assert.deepEqual(report.rulesWithoutTest, []);
});

test("[LY6] every rule that a test cites is in the specification", () => {
  assert.deepEqual(report.testsWithoutRule, []);
});

test("[LY7] a number stands for one rule, a prefix for one area, and docs/SPEC.md links every area", () => {
  assert.deepEqual(report.duplicates, []);
  assert.deepEqual(report.areasNotLinked, []);
});

// Tables may be padded to line up.
const manual = readFileSync(join(root, "docs/OPERATING.md"), "utf8").replaceAll(/ +/g, " ");
const notTold = (names: readonly string[]) => names.filter((name) => !manual.includes(`\`${name}\``));

test("[CF9] docs/OPERATING.md tells of every key of the config with its default", () => {
  assert.deepEqual(notTold(configKeys.map(({ key }) => key)), []);
  for (const { key, node } of configKeys) {
    const row = manual.split("\n").find((line) => line.startsWith(`| \`${key}\` |`));
    const shown = node.default === "" ? "empty" : `\`${JSON.stringify(node.default).replace(/^"|"$/g, "")}\``;
    assert.ok(row?.includes(`| ${shown} |`), `${key}: want a row with the default ${shown}, got ${row}`);
  }
});

test("[CF9] docs/OPERATING.md names no key that does not exist", () => {
  const keys = new Set(configKeys.map(({ key }) => key));
  const sections = new Set(configKeys.flatMap(({ path }) => (path.length > 1 ? [path[0]!] : [])));
  const named = [...manual.matchAll(/`([a-z]+)\.([a-zA-Z]+)`/g)].filter(([, section]) =>
    sections.has(section!),
  );
  assert.deepEqual(
    named.map(([, section, name]) => `${section}.${name}`).filter((key) => !keys.has(key)),
    [],
  );
});

test("[AD8] docs/OPERATING.md tells of every metric", () => {
  const catalogues = [
    ...shardCatalogue.map(({ name }) => `gridshard_shard_${name}`),
    ...netCatalogue.map(({ name }) => `gridshard_net_${name}`),
    ...persistenceCatalogue.map(({ name }) => `gridshard_persistence_${name}`),
    ...Object.values(serverMetrics).map(({ name }) => name),
  ];
  assert.deepEqual(notTold(catalogues), []);
});

test("[EX1] docs/OPERATING.md tells of every exit code", () => {
  const rows = manual.split("\n");
  for (const [name, code] of Object.entries(exitCodes)) {
    assert.ok(
      rows.some((row) => row.startsWith(`| ${code} |`)),
      `${name}: want a row for exit code ${code}`,
    );
  }
});
