/**
 * Generates the TypeScript of the message schemas.
 *
 *   generate-wire.js                            engine/wire/schema and games/<game>/schema of this package
 *   generate-wire.js --check                    the same, but only compares; ends with 1 if anything has drifted
 *   generate-wire.js --schema my.fbs --out dir  schemas of a game of your own (--schema may be a folder)
 *                    [--types gridshard/game]   module the generated code imports the type TableSchema from
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { packageRoot } from "../engine/package-root.js";
import { exitCodes } from "../engine/wire/codes.js";
import { SchemaError, WireCompiler } from "./wire-compiler.js";
import { generateFolder } from "./wire-source.js";

/** Schemas in one folder, and where their TypeScript belongs. */
export interface WireJob {
  /** A folder of `.fbs` files, or one `.fbs` file. */
  readonly schema: string;
  readonly out: string;
  /** Module, as the generated code names it, that exports the type `TableSchema`. */
  readonly types: string;
}

/** A generated file that is not as the schemas want it. */
export interface Drift {
  readonly path: string;
  readonly problem: "missing" | "different" | "left over";
}

/** The schemas of this repository. */
export function ownJobs(): WireJob[] {
  const root = packageRoot();
  const jobs: WireJob[] = [
    {
      schema: join(root, "engine/wire/schema"),
      out: join(root, "engine/wire/generated"),
      types: "../schema.js",
    },
    {
      schema: join(root, "engine/wire/every-shape/schema"),
      out: join(root, "engine/wire/every-shape/generated"),
      types: "../../schema.js",
    },
  ];
  const games = join(root, "games");
  for (const game of existsSync(games) ? readdirSync(games).sort() : []) {
    const schema = join(games, game, "schema");
    if (!existsSync(schema)) continue;
    jobs.push({ schema, out: join(games, game, "generated"), types: "../../../engine/room/game.js" });
  }
  return jobs;
}

/** Writes what a job generates and removes what an earlier run left. Returns the number of files. */
export function generate(compiler: WireCompiler, job: WireJob): number {
  const files = generateFolder(compiler, readSchemas(job.schema), job.types);
  mkdirSync(job.out, { recursive: true });
  for (const name of generatedIn(job.out)) if (!files.has(name)) rmSync(join(job.out, name));
  for (const [name, text] of files) writeFileSync(join(job.out, name), text);
  return files.size;
}

/** Compares what a job would write with what is there. */
export function findDrift(compiler: WireCompiler, job: WireJob): Drift[] {
  const files = generateFolder(compiler, readSchemas(job.schema), job.types);
  const drifts: Drift[] = [];
  for (const [name, text] of files) {
    const path = join(job.out, name);
    if (!existsSync(path)) drifts.push({ path, problem: "missing" });
    else if (readFileSync(path, "utf8") !== text) drifts.push({ path, problem: "different" });
  }
  for (const name of generatedIn(job.out)) {
    if (!files.has(name)) drifts.push({ path: join(job.out, name), problem: "left over" });
  }
  return drifts;
}

function readSchemas(schema: string): Map<string, string> {
  if (!statSync(schema).isDirectory()) return new Map([[basename(schema), readFileSync(schema, "utf8")]]);
  const names = readdirSync(schema).filter((name) => name.endsWith(".fbs"));
  return new Map(names.map((name) => [name, readFileSync(join(schema, name), "utf8")]));
}

/** Files in `out` that this script wrote; anything else in there is somebody's own and left alone. */
function generatedIn(out: string): string[] {
  if (!existsSync(out)) return [];
  return readdirSync(out).filter(
    (name) =>
      name.endsWith(".ts") &&
      readFileSync(join(out, name), "utf8").startsWith("// Generated from the .fbs files"),
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      check: { type: "boolean", default: false },
      schema: { type: "string" },
      out: { type: "string" },
      types: { type: "string", default: "gridshard/game" },
    },
  });
  if ((values.schema === undefined) !== (values.out === undefined)) {
    console.error("--schema and --out belong together");
    return exitCodes.usage;
  }
  const jobs =
    values.schema === undefined
      ? ownJobs()
      : [{ schema: values.schema, out: values.out!, types: values.types }];
  const compiler = await WireCompiler.open();
  let drifted = 0;
  for (const job of jobs) {
    if (!values.check) {
      console.log(`${relative(".", job.out)}: ${generate(compiler, job)} files`);
      continue;
    }
    for (const { path, problem } of findDrift(compiler, job)) {
      console.error(`${relative(".", path)}: ${problem}; run generate-wire`);
      drifted++;
    }
  }
  return drifted === 0 ? exitCodes.ok : exitCodes.failed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    console.error(error.message);
    process.exitCode = exitCodes.failed;
  }
}
