/**
 * `npm run soak -- planted`: makes each mistake of test/planted/bug-list.ts in a copy of the sources, builds it, and runs
 * the tests that must notice. A test that fails without any mistake proves nothing, so they run without first.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { packageRoot } from "../engine/package-root.js";
import { systemClock } from "../engine/time.js";
import { bugList, type PlantedBug } from "../test/planted/bug-list.js";

const FILE_TIMEOUT_MS = 300_000;
/** Of the top folder, what is no source. Whatever begins with a dot is none either. */
const notSources: ReadonlySet<string> = new Set(["node_modules", "dist", "data"]);

export interface PlantedBugsCheck {
  readonly say: (line: string) => void;
  /** Default: the whole list. */
  readonly bugs?: readonly PlantedBug[];
}

/** True when every mistake was caught. */
export async function checkPlantedBugs({ say, bugs = bugList }: PlantedBugsCheck): Promise<boolean> {
  const root = packageRoot();
  const misplaced = bugs.filter((bug) => timesFound(root, bug) !== 1);
  for (const bug of misplaced)
    say(`NOT PLANTED  ${bug.name}: ${bug.file} has the text ${timesFound(root, bug)} times`);
  const copy = copySources(root);
  const rows: string[] = [];
  try {
    await build(copy);
    const failing = await testsFailing(copy, [...new Set(bugs.flatMap(({ tests }) => tests))]);
    for (const test of failing) say(`FAILS WITHOUT A BUG  ${test}`);
    for (const bug of bugs) {
      if (misplaced.includes(bug)) continue;
      const row = await plant(copy, { ...bug, tests: bug.tests.filter((test) => !failing.includes(test)) });
      rows.push(row);
      say(row);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  const caught = rows.filter((row) => row.startsWith("caught")).length;
  say(`${caught} of ${bugs.length} planted bugs were caught`);
  return caught === bugs.length;
}

/** How often the text to be replaced is there. */
export function timesFound(root: string, { file, find }: PlantedBug): number {
  return readFileSync(join(root, file), "utf8").split(find).length - 1;
}

async function plant(copy: string, { name, file, find, replace, tests }: PlantedBug): Promise<string> {
  const path = join(copy, file);
  const before = readFileSync(path, "utf8");
  const startMs = systemClock.nowMs();
  try {
    writeFileSync(
      path,
      before.replace(find, () => replace),
    );
    await build(copy);
    // One after the other: the first that notices is enough.
    for (const test of tests) {
      if ((await testsFailing(copy, [test])).length > 0)
        return `caught   ${name}: by ${test} after ${((systemClock.nowMs() - startMs) / 1000).toFixed(0)} s`;
    }
    return `MISSED   ${name}: by ${tests.join(", ")}`;
  } finally {
    writeFileSync(path, before);
  }
}

function copySources(root: string): string {
  const copy = mkdtempSync(join(tmpdir(), "gridshard-planted-"));
  cpSync(root, copy, {
    recursive: true,
    filter: (path) => {
      const [top = ""] = relative(root, path).split(sep);
      return !top.startsWith(".") && !notSources.has(top);
    },
  });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/** A planted bug may leave something unused: what does not compile is emitted all the same, and its tests tell. */
async function build(copy: string): Promise<void> {
  await run(copy, join(copy, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.json", "--outDir", "dist");
}

async function testsFailing(copy: string, tests: readonly string[]): Promise<string[]> {
  const failing: string[] = [];
  for (const test of tests) {
    const built = join(copy, "dist", test.replace(/\.ts$/, ".js"));
    if ((await run(copy, "--test", `--test-timeout=${FILE_TIMEOUT_MS}`, built)) !== 0) failing.push(test);
  }
  return failing;
}

async function run(cwd: string, ...parameters: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, parameters, { cwd, stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}
