/**
 * `npm run soak -- <name> [--seconds N] [--seed N]`: what tests show in seconds, for as long as wanted. Every run
 * prints its seed; the same seed does the same again. Without a name, lists what there is.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { packageRoot } from "../engine/package-root.js";
import { freshSeed } from "../engine/prng.js";
import { systemClock } from "../engine/time.js";
import { exitCodes } from "../engine/wire/codes.js";
import { filesUnder } from "./source-scan.js";

/** Where this file was built to. */
const built = fileURLToPath(new URL("..", import.meta.url));
const MUTANTS_PER_RUN = 100_000;
const MUTANTS = 2_000_000;
const FILE_TIMEOUT_MS = 600_000;

interface SoakRun {
  readonly seed: number;
  readonly seconds: number;
  /** False when the time is up. */
  isOn(): boolean;
}

interface Soak {
  readonly what: string;
  /** Used when the command line says nothing else. */
  readonly seconds: number;
  /** Throws, or returns false, when something was found. */
  run(run: SoakRun): Promise<boolean>;
}

export const soaks: Readonly<Record<string, Soak>> = {
  verifier: {
    what: "two million mutated messages against the verifier",
    seconds: 3600,
    async run({ seed, isOn }) {
      const { fuzzVerifier } = await import("../engine/wire/verifier-fuzz.js");
      let done = 0;
      for (let run = 0; done < MUTANTS && isOn(); run++, done += MUTANTS_PER_RUN) {
        say(`verifier: ${done} mutants done, seed ${seed + run}`);
        await fuzzVerifier(MUTANTS_PER_RUN, seed + run);
      }
      say(`verifier: ${done} mutants, none got through`);
      return true;
    },
  },
  sim: {
    what: "whole servers in one thread under seeded faults, one seed after the other",
    seconds: 600,
    async run({ seed, isOn }) {
      const { runSimulation } = await import("../test/sim/simulation.js");
      const families = [
        "calm",
        "network",
        "slow",
        "store",
        "stalls",
        "deaths",
        "failover",
        "kill",
        "power",
        "disk",
        "everything",
      ] as const;
      let done = 0;
      for (; isOn(); done++) {
        const family = families[done % families.length]!;
        const own = seed + Math.floor(done / families.length);
        try {
          await runSimulation({ seed: own, family });
        } catch (error) {
          say(`sim: family ${family}, seed ${own} failed:\n${(error as Error).stack}`);
          return false;
        }
        if (done % 100 === 99) say(`sim: ${done + 1} runs, up to seed ${own}`);
      }
      say(`sim: ${done} runs, nothing found`);
      return true;
    },
  },
  border: {
    what: "people across the borders of 2 and of 4 shards, half of the time each, on a real server",
    seconds: 600,
    async run({ seconds }) {
      const { run } = await import("../bench/border.bench.js");
      const { judge } = await import("../bench/measured.js");
      const { formatTables } = await import("../bench/report.js");
      const measured = await run({ smoke: false, seconds: seconds / 2 });
      say(formatTables(measured));
      return measured.every((each) => judge(each, measured).every(({ verdict }) => verdict !== "FAIL"));
    },
  },
  crash: {
    what: "kill -9 of a real server under load, a hundred times with tallies and with battles",
    seconds: 1800,
    async run({ seed }) {
      const { soakCrash } = await import("./soak-crash.js");
      return await soakCrash({ seed, say });
    },
  },
  store: {
    what: "MariaDB frozen and down under 5,000 durable rows a second, in five phases of equal length",
    seconds: 300,
    async run({ seconds }) {
      const { soakStore } = await import("./soak-store.js");
      return await soakStore({ phaseSeconds: seconds / 5, say });
    },
  },
  stall: {
    what: "a disk that stops answering for five seconds, again and again; needs Linux, root and loop devices",
    seconds: 600,
    async run({ seconds }) {
      const { soakStall } = await import("./soak-stall.js");
      return await soakStall({ seconds, say });
    },
  },
  planted: {
    what: "bugs planted in a copy of the sources, each to be caught by the tests it names",
    seconds: 1800,
    async run() {
      const { checkPlantedBugs } = await import("./planted-bugs.js");
      return await checkPlantedBugs({ say });
    },
  },
  ring: {
    what: "the tests of rings, doorbell and shared counters, with real threads, over and over",
    seconds: 600,
    run: (run) => repeatTests(run, "engine/memory/", ".test.js"),
  },
  fuzz: {
    what: "every fuzz test, over and over, each time with another seed",
    seconds: 600,
    run: (run) => repeatTests(run, "", ".fuzz.test.js"),
  },
};

async function repeatTests(run: SoakRun, folder: string, ending: string): Promise<boolean> {
  const files = filesUnder(built, ending)
    .filter((path) => path.startsWith(folder))
    .map((path) => `${built}/${path}`);
  let done = 0;
  for (let seed = run.seed; run.isOn(); seed++, done++) {
    const { status, stdout } = spawnSync(
      process.execPath,
      ["--test", "--test-concurrency=1", `--test-timeout=${FILE_TIMEOUT_MS}`, ...files],
      {
        encoding: "utf8",
        env: { ...process.env, GRIDSHARD_SEED: String(seed) },
        maxBuffer: 1 << 26,
        cwd: packageRoot(),
      },
    );
    if (status !== 0) {
      say(`failed with GRIDSHARD_SEED=${seed}:\n${stdout}`);
      return false;
    }
    say(`${files.length} files passed with GRIDSHARD_SEED=${seed}`);
  }
  say(`${done} times, nothing found`);
  return done > 0;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function list(): string {
  return Object.entries(soaks)
    .map(([name, { what, seconds }]) => `  ${name.padEnd(10)} ${what} (${seconds} s)`)
    .join("\n");
}

/** Runs one by its command line and resolves to the exit code. */
export async function soak(argv: readonly string[]): Promise<number> {
  let values: { seconds?: string; seed?: string };
  let names: string[];
  try {
    const parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { seconds: { type: "string" }, seed: { type: "string" } },
    });
    values = parsed.values as typeof values;
    names = parsed.positionals;
  } catch (error) {
    say(`${(error as Error).message}\n${list()}`);
    return exitCodes.usage;
  }
  const [name] = names;
  if (name === undefined) {
    say(`npm run soak -- <name> [--seconds N] [--seed N]\n\n${list()}`);
    return exitCodes.ok;
  }
  const found = Object.hasOwn(soaks, name) ? soaks[name] : undefined;
  const seconds = Number(values.seconds ?? found?.seconds);
  const seed = values.seed === undefined ? freshSeed() >>> 1 : Number(values.seed);
  if (found === undefined || names.length > 1 || !(seconds > 0) || !Number.isSafeInteger(seed)) {
    say(`want one name, a length above 0 and a whole seed\n\n${list()}`);
    return exitCodes.usage;
  }
  const endMs = systemClock.nowMs() + seconds * 1000;
  const isOn = () => systemClock.nowMs() < endMs;
  say(`${name}: seed ${seed}, at most ${seconds} s`);
  return (await found.run({ seed, seconds, isOn })) ? exitCodes.ok : exitCodes.failed;
}

if (process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === import.meta.url) {
  process.exitCode = await soak(process.argv.slice(2));
}
