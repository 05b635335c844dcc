/**
 * `npm run bench [-- suite …] [--smoke] [--json] [--seconds N]`: measures, and says of every figure with a wanted bound whether it
 * is met. Without a suite's name the micro suites run. Exit code 1 when a bound is missed, but not with --smoke, which
 * only shows that everything runs.
 */
import { readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { exitCodes } from "../engine/wire/codes.js";
import type { BenchOptions, BenchRow } from "./bench-row.js";

/** `seconds` overrides how long a suite that has a length runs. */
type Run = (options: BenchOptions & { readonly seconds?: number }) => Promise<readonly BenchRow[]>;

const here = new URL("./", import.meta.url);
/** Suites that start servers, by name; each is `<name>.bench.js` beside this file. */
export const serverSuites = ["world", "syscalls", "idle", "border", "auto-battle", "persistence"] as const;
/** Folders whose `*.bench.js` make up the micro suite. */
const microFolders = ["memory", "wire", "games", "shards"] as const;

export interface Suite {
  readonly name: string;
  readonly load: () => Promise<Run>;
}

const loader = (path: string) => async () => ((await import(new URL(path, here).href)) as { run: Run }).run;

export function microSuites(): Suite[] {
  return microFolders.flatMap((folder) =>
    filesIn(folder).map((file) => ({
      name: `${folder}/${file.replace(".bench.js", "")}`,
      load: loader(`${folder}/${file}`),
    })),
  );
}

/** The bench modules of a folder, which may not be there. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(new URL(`${folder}/`, here))
      .filter((file) => file.endsWith(".bench.js"))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** The suites of these names: `micro`, one of the server suites, or a micro suite such as `memory/ring`; undefined where there is none. */
export function suitesNamed(names: readonly string[]): {
  readonly suites: Suite[];
  readonly unknown: string[];
} {
  const suites: Suite[] = [];
  const unknown: string[] = [];
  const micro = microSuites();
  for (const name of names) {
    const isServer = serverSuites.some((suite) => suite === name);
    const found = isServer
      ? [{ name, load: loader(`${name}.bench.js`) }]
      : micro.filter((suite) => name === "micro" || suite.name === name || suite.name.startsWith(`${name}/`));
    if (found.length === 0) unknown.push(name);
    suites.push(...found);
  }
  return { suites, unknown };
}

export type Verdict = "PASS" | "FAIL" | "";

/** Wanted bounds speak of the ratio where there is one, and of the value where there is no floor. */
export function verdictOf(row: BenchRow): Verdict {
  const { wantAtLeast, wantAtMost } = row;
  if (wantAtLeast === undefined && wantAtMost === undefined) return "";
  const judged = row.ratio ?? row.value;
  // A figure that could not be had (NaN) meets no bound.
  const isMet =
    (wantAtLeast === undefined || judged >= wantAtLeast) &&
    (wantAtMost === undefined || judged <= wantAtMost);
  return isMet ? "PASS" : "FAIL";
}

export function formatRow(row: BenchRow): string {
  const { floor, ratio, wantAtLeast, wantAtMost } = row;
  const against = ratio === undefined ? "" : `  ${figure(ratio)} × ${floor}`;
  const least = wantAtLeast === undefined ? "" : `  want ≥ ${wantAtLeast}`;
  const most = wantAtMost === undefined ? "" : `  want ≤ ${wantAtMost}`;
  const verdict = verdictOf(row);
  const value = `${figure(row.value)} ${row.unit}`;
  return `  ${row.subject.padEnd(38)} ${value.padStart(22)}${against}${least}${most}${verdict === "" ? "" : `  ${verdict}`}`;
}

function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

function showRows(rows: readonly BenchRow[]): void {
  let heading = "";
  for (const row of rows) {
    if (row.case !== heading) {
      heading = row.case;
      process.stdout.write(`${heading}\n`);
    }
    process.stdout.write(`${formatRow(row)}\n`);
  }
}

export async function runBench(argv: readonly string[]): Promise<number> {
  let flags: { smoke?: boolean; json?: boolean; seconds?: string };
  let names: string[];
  try {
    const parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { smoke: { type: "boolean" }, json: { type: "boolean" }, seconds: { type: "string" } },
    });
    flags = parsed.values as typeof flags;
    names = parsed.positionals;
  } catch (error) {
    return refuse((error as Error).message);
  }
  const { suites, unknown } = suitesNamed(names.length === 0 ? ["micro"] : names);
  if (unknown.length > 0) {
    const known = ["micro", ...serverSuites, ...microSuites().map((suite) => suite.name)];
    return refuse(`no such suite: ${unknown.join(", ")}\nthere are ${known.join(", ")}`);
  }
  const seconds = flags.seconds === undefined ? undefined : Number(flags.seconds);
  if (seconds !== undefined && !(seconds > 0))
    return refuse(`--seconds: got "${flags.seconds}", want a number above 0`);
  let failed = 0;
  for (const suite of suites) {
    process.stderr.write(`${suite.name} …\n`);
    const run = await suite.load();
    const rows = await run({ smoke: flags.smoke === true, ...(seconds === undefined ? {} : { seconds }) });
    failed += rows.filter((row) => verdictOf(row) === "FAIL").length;
    if (flags.json === true) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
    else showRows(rows);
  }
  if (failed > 0 && flags.smoke !== true) process.stderr.write(`${failed} wanted bounds missed\n`);
  return failed > 0 && flags.smoke !== true ? exitCodes.failed : exitCodes.ok;
}

function refuse(problem: string): number {
  process.stderr.write(`${problem}\n`);
  return exitCodes.usage;
}

if (process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === import.meta.url) {
  process.exitCode = await runBench(process.argv.slice(2));
}
