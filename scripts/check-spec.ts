/** Compares the rules of docs/spec/*.md with the tests: a rule without a test, a test without a rule. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../engine/package-root.js";
import { filesUnder, readSource } from "./source-scan.js";

const RULE = /^- \*\*\[([A-Z][A-Z0-9]{1,2}\d+)\]\*\* \S/gm;
/** A test's name, or a suite's: it begins with one id or several. */
const CITED = /["'`]((?:\[[A-Z][A-Z0-9]{1,2}\d+\] ?)+)/g;
const ID = /\[([A-Z][A-Z0-9]{1,2}\d+)\]/g;

export interface SpecReport {
  /** Ids of rules that no test's name begins with. */
  readonly rulesWithoutTest: readonly string[];
  /** `id (file)` of tests whose rule does not exist. */
  readonly testsWithoutRule: readonly string[];
  /** Ids that stand for two rules, or prefixes used in two areas. */
  readonly duplicates: readonly string[];
  /** Areas that docs/SPEC.md does not link. */
  readonly areasNotLinked: readonly string[];
}

export function checkSpec(root: string): SpecReport {
  const areas = filesUnder(root, ".md", "docs/spec");
  const rules = new Map<string, string>();
  const areaOfPrefix = new Map<string, string>();
  const duplicates: string[] = [];
  for (const area of areas) {
    for (const [, id] of readFileSync(join(root, area), "utf8").matchAll(RULE)) {
      const prefix = id!.replace(/\d+$/, "");
      if (rules.has(id!)) duplicates.push(`${id} (${rules.get(id!)} and ${area})`);
      if ((areaOfPrefix.get(prefix) ?? area) !== area) {
        duplicates.push(`${prefix} (${areaOfPrefix.get(prefix)} and ${area})`);
      }
      rules.set(id!, area);
      areaOfPrefix.set(prefix, area);
    }
  }
  const cited = citations(root);
  const index = readFileSync(join(root, "docs/SPEC.md"), "utf8");
  return {
    rulesWithoutTest: [...rules.keys()].filter((id) => !cited.has(id)),
    testsWithoutRule: [...cited].flatMap(([id, file]) => (rules.has(id) ? [] : [`${id} (${file})`])),
    duplicates: [...new Set(duplicates)],
    areasNotLinked: areas.filter((area) => !index.includes(`(${area.replace("docs/", "")})`)),
  };
}

/** Ids that names of tests begin with, each with a file. Contract suites are not called `.test.ts`, so all count. */
function citations(root: string): Map<string, string> {
  const cited = new Map<string, string>();
  for (const path of filesUnder(root, ".ts")) {
    const { uncommented } = readSource(root, path);
    for (const [, ids] of uncommented.matchAll(CITED)) {
      for (const [, id] of ids!.matchAll(ID)) cited.set(id!, path);
    }
  }
  return cited;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const report = checkSpec(packageRoot());
  for (const [kind, list] of Object.entries(report)) {
    for (const item of list as readonly string[]) console.log(`${kind}: ${item}`);
  }
  process.exitCode = Object.values(report).every((list) => list.length === 0) ? 0 : 1;
}
