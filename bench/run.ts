/**
 * `npm run bench [-- suite …]`: measures, and says of every figure with a wanted bound whether it is met. Without a
 * suite's name the micro suites run. Exit code 1 when a bound is missed, but not with --smoke, which only shows that
 * everything runs.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { exitCodes } from "../engine/wire/codes.js";
import { describePlace, type RunPlace, readPlace } from "./machine.js";
import { type BenchOptions, judge, type Measured } from "./measured.js";
import { drawPlot, type Plot } from "./plot.js";
import { formatTables, jsonOf } from "./report.js";
import {
  differencesOf,
  formatComparison,
  loadRun,
  type SavedRun,
  SavedRunInvalid,
  saveRun,
} from "./saved-runs.js";

/** What a bench module exports. */
export interface SuiteModule {
  readonly run: (options: BenchOptions) => Promise<readonly Measured[]>;
  /** Drawn with --plot. */
  readonly plotsOf?: (measured: readonly Measured[]) => readonly Plot[];
}

export interface Suite {
  readonly name: string;
  readonly load: () => Promise<SuiteModule>;
}

const here = new URL("./", import.meta.url);
const BENCH_ENDING = ".bench.js";
/** Folders whose `*.bench.js` make up the micro suite. */
const microFolders = ["memory", "wire", "games", "shards"] as const;

const usage = `usage: npm run bench -- [suite …] [options]

  --rounds N         rounds of everything that is compared (each suite's own)
  --seconds N        length of one measured window (each suite's own)
  --smoke            in small, in seconds: only shows that it runs
  --json             one JSON object a subject on stdout and nothing else
  --save FILE        keeps the run
  --against FILE     shows every figure beside that of a run kept before, and the noise
  --other-machine    compares though it was another machine, or another size
  --plot FOLDER      SVG plots of the suites that have such
`;

/** Suites that start servers, by name: `<name>.bench.js` beside this file. */
export function serverSuites(): Suite[] {
  return suitesIn(".", "");
}

export function microSuites(): Suite[] {
  return microFolders.flatMap((folder) => suitesIn(folder, `${folder}/`));
}

/** The bench modules of a folder, which may not be there. */
function suitesIn(folder: string, prefix: string): Suite[] {
  let files: string[];
  try {
    files = readdirSync(new URL(`${folder}/`, here));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return files
    .filter((file) => file.endsWith(BENCH_ENDING))
    .sort()
    .map((file) => ({
      name: `${prefix}${file.slice(0, -BENCH_ENDING.length)}`,
      load: async () => (await import(new URL(`${folder}/${file}`, here).href)) as SuiteModule,
    }));
}

/** The suites of these names: `micro`, one of the server suites, or a micro suite such as `memory/ring`; or what is unknown. */
export function suitesNamed(names: readonly string[]): {
  readonly suites: Suite[];
  readonly unknown: string[];
} {
  const suites: Suite[] = [];
  const unknown: string[] = [];
  const servers = serverSuites();
  const micro = microSuites();
  for (const name of names) {
    const server = servers.find((suite) => suite.name === name);
    const found =
      server === undefined
        ? micro.filter(
            (suite) => name === "micro" || suite.name === name || suite.name.startsWith(`${name}/`),
          )
        : [server];
    if (found.length === 0) unknown.push(name);
    suites.push(...found);
  }
  return { suites, unknown };
}

interface Order {
  readonly suites: readonly Suite[];
  readonly options: BenchOptions;
  readonly isJson: boolean;
  readonly save: string | undefined;
  readonly against: SavedRun | undefined;
  readonly isOtherMachine: boolean;
  readonly plotFolder: string | undefined;
}

/** What was asked for is wrong; every problem is named. */
class OrderInvalid extends Error {
  override readonly name = "OrderInvalid";
}

export async function runBench(argv: readonly string[]): Promise<number> {
  let order: Order | "help";
  try {
    order = parseOrder(argv);
  } catch (error) {
    if (!(error instanceof OrderInvalid)) throw error;
    process.stderr.write(`${error.message}\n`);
    return exitCodes.usage;
  }
  if (order === "help") {
    process.stdout.write(usage);
    return exitCodes.ok;
  }
  const place = await readPlace();
  const isSmoke = order.options.smoke;
  const differences = order.against === undefined ? [] : differencesOf(order.against, { place, isSmoke });
  if (differences.length > 0 && !order.isOtherMachine) {
    process.stderr.write(
      `these runs do not compare, unless you say --other-machine:\n  ${differences.join("\n  ")}\n`,
    );
    return exitCodes.usage;
  }
  (order.isJson ? process.stderr : process.stdout).write(describePlace(place));
  const measured = await measure(order, place);
  if (order.save !== undefined) saveRun(order.save, { place, isSmoke, measured });
  if (order.against !== undefined) showAgainst(order.against, measured, { order, place, differences });
  const missed = measured
    .flatMap((each) => judge(each, measured))
    .filter(({ verdict }) => verdict === "FAIL");
  if (missed.length === 0 || isSmoke) return exitCodes.ok;
  process.stderr.write(`${missed.length} wanted bounds missed\n`);
  return exitCodes.failed;
}

/** Runs the suites one after another, and shows each as soon as it is done. */
async function measure({ suites, options, isJson, plotFolder }: Order, place: RunPlace): Promise<Measured[]> {
  const all: Measured[] = [];
  for (const [index, suite] of suites.entries()) {
    process.stderr.write(
      `${suite.name}${suites.length > 1 ? ` (${index + 1} of ${suites.length})` : ""} …\n`,
    );
    const module = await suite.load();
    const measured = await module.run(options);
    all.push(...measured);
    if (isJson) {
      for (const each of measured) process.stdout.write(`${JSON.stringify(jsonOf(each, measured, place))}\n`);
    } else {
      process.stdout.write(`\n${formatTables(measured)}`);
    }
    for (const plot of plotFolder === undefined ? [] : (module.plotsOf?.(measured) ?? [])) {
      mkdirSync(plotFolder!, { recursive: true });
      const file = join(plotFolder!, `${plot.name}.svg`);
      writeFileSync(file, drawPlot(plot));
      process.stderr.write(`  drawn: ${file}\n`);
    }
  }
  return all;
}

function showAgainst(
  saved: SavedRun,
  measured: readonly Measured[],
  of: { readonly order: Order; readonly place: RunPlace; readonly differences: readonly string[] },
): void {
  const { order, place, differences } = of;
  const commit = (each: RunPlace) => `${each.commit ?? "?"}${each.isDirty ? ", changed since" : ""}`;
  const head = [
    "",
    `before (${commit(saved.place)}, node ${saved.place.node}) → now (${commit(place)}, node ${place.node}); ± what two halves of one run differ by`,
    ...differences.map((difference) => `NOT THE SAME, ${difference}`),
    "",
  ].join("\n");
  // With --json stdout is for the objects alone.
  const out = order.isJson ? process.stderr : process.stdout;
  out.write(head + formatComparison(saved.measured, measured));
}

/** @throws OrderInvalid */
function parseOrder(argv: readonly string[]): Order | "help" {
  const { values, positionals } = readFlags(argv);
  if (values.help === true) return "help";
  const problems: string[] = [];
  const { suites, unknown } = suitesNamed(positionals.length === 0 ? ["micro"] : positionals);
  if (unknown.length > 0) {
    const known = ["micro", ...[...serverSuites(), ...microSuites()].map(({ name }) => name)];
    problems.push(`no such suite: ${unknown.join(", ")}\nthere are ${known.join(", ")}`);
  }
  const number = (name: "rounds" | "seconds", isWhole: boolean) => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (value > 0 && Number.isFinite(value) && (!isWhole || Number.isInteger(value))) return value;
    problems.push(`--${name}: got "${text}", want ${isWhole ? "an integer" : "a number"} above 0`);
    return undefined;
  };
  const rounds = number("rounds", true);
  const seconds = number("seconds", false);
  let against: SavedRun | undefined;
  try {
    against = values.against === undefined ? undefined : loadRun(values.against);
  } catch (error) {
    if (!(error instanceof SavedRunInvalid)) throw error;
    problems.push(`--against: ${error.message}`);
  }
  if (problems.length > 0) throw new OrderInvalid(problems.join("\n"));
  return {
    suites,
    options: {
      smoke: values.smoke === true,
      ...(rounds === undefined ? {} : { rounds }),
      ...(seconds === undefined ? {} : { seconds }),
    },
    isJson: values.json === true,
    save: values.save,
    against,
    isOtherMachine: values["other-machine"] === true,
    plotFolder: values.plot,
  };
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        smoke: { type: "boolean" },
        json: { type: "boolean" },
        rounds: { type: "string" },
        seconds: { type: "string" },
        save: { type: "string" },
        against: { type: "string" },
        "other-machine": { type: "boolean" },
        plot: { type: "string" },
      },
    });
  } catch (error) {
    throw new OrderInvalid(`${(error as Error).message}\n\n${usage}`);
  }
}

if (process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === import.meta.url) {
  process.exitCode = await runBench(process.argv.slice(2));
}
