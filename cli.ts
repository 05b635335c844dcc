#!/usr/bin/env node
/** The command line: what to run, in plain words, with exit codes after sysexits.h. */
import { writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ConfigInvalid, loadConfig } from "./engine/config.js";
import { configJsonSchema } from "./engine/config-keys.js";
import { printConfig } from "./engine/config-print.js";
import type { Config } from "./engine/config-schema.js";
import { exitCodes } from "./engine/wire/codes.js";
import { packageVersion, type RunningServer, StartRefused, startServer } from "./server.js";

const help = `gridshard: a sharded real-time simulation engine for game servers

  gridshard serve    start the server; prints the address of the game page
  gridshard config   show every value of the config and where it comes from
  gridshard journal  look at the journal: list, verify, dump, rooms
  gridshard migrate  the schema of the database: status, up
  gridshard db       the rows of the database: check, letters
  gridshard bots     load a server with bots; --help says how
  gridshard bench    how to run the benchmarks
  gridshard version  show the version
  gridshard help     show this

serve, config, journal, migrate and db take
  --config <file>    read this file instead of ./gridshard.json
  --set key=value    set one value, as in --set net.port=8080; may be repeated
config also takes
  --schema           print the JSON Schema of the file, for editors

Every value can also come from the environment: net.port is GRIDSHARD_NET_PORT.
`;

/** Arguments that nobody can follow: exit code 64. */
class UsageWrong extends Error {
  override readonly name = "UsageWrong";
}

async function main(argv: readonly string[]): Promise<number> {
  const [command = "help", ...rest] = argv;
  try {
    switch (command) {
      case "serve":
        return await serve(rest);
      case "config":
        return showConfig(rest);
      case "journal":
      case "migrate":
      case "db":
        return await inspect(command, rest);
      case "bots": {
        const { runBots } = await import("./bench/bots/cli.js");
        return await runBots(rest);
      }
      case "bench":
        noMore(rest);
        print("Benchmarks run from a checkout of the repository: npm run bench\n");
        return exitCodes.ok;
      case "version":
      case "--version":
        noMore(rest);
        print(`${packageVersion()}\n`);
        return exitCodes.ok;
      case "help":
      case "--help":
      case "-h":
        noMore(rest);
        print(help);
        return exitCodes.ok;
      default:
        throw new UsageWrong(`there is no command "${command}"; gridshard help lists them`);
    }
  } catch (error) {
    return explain(error as Error);
  }
}

/** Says what went wrong, and returns the exit code. What has no sentence of its own is a mistake of ours. */
function explain(error: Error): number {
  const [code, text] = explanation(error);
  writeSync(2, `gridshard: ${text}\n`);
  return code;
}

function explanation(error: Error): [number, string] {
  if (error instanceof UsageWrong) return [exitCodes.usage, error.message];
  if (error instanceof ConfigInvalid) return [exitCodes.config, error.message];
  if (error instanceof StartRefused) return [error.exitCode, error.message];
  return [exitCodes.internal, `this should not have happened, please report it: ${error.stack}`];
}

interface Arguments {
  readonly config?: string;
  readonly set?: string[];
  readonly schema?: boolean;
}

function argumentsOf(
  argv: readonly string[],
  options: NonNullable<Parameters<typeof parseArgs>[0]>["options"],
): Arguments {
  try {
    return parseArgs({ args: [...argv], options: options ?? {}, strict: true }).values as Arguments;
  } catch (error) {
    throw new UsageWrong(`${(error as Error).message.split(". ")[0]}; gridshard help lists what there is`);
  }
}

function noMore(rest: readonly string[]): void {
  if (rest.length > 0)
    throw new UsageWrong(`"${rest[0]}" means nothing here; gridshard help lists what there is`);
}

const sourceOptions = { config: { type: "string" }, set: { type: "string", multiple: true } } as const;

function showConfig(argv: readonly string[]): number {
  const { config, set, schema } = argumentsOf(argv, { ...sourceOptions, schema: { type: "boolean" } });
  if (schema === true) print(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  else print(printConfig(loadConfig({ file: config, settings: set })));
  return exitCodes.ok;
}

/** What looks at a data folder or a database, and mends it; without arguments each says what it can. */
async function inspect(command: "journal" | "migrate" | "db", argv: readonly string[]): Promise<number> {
  const { values, positionals } = inspectArguments(argv);
  const { config } = loadConfig({ file: values.config, settings: values.set });
  if (command === "journal") {
    if (positionals[0] === "rooms") return roomsOfJournal(positionals.slice(1), config);
    const { describeRecord, JOURNAL_FOLDER } = await import("./persistence/open-journal.js");
    const { runJournalCommand } = await import("./persistence/journal/journal-command.js");
    const folder = join(config.dataFolder, JOURNAL_FOLDER);
    const options = (["from", "limit"] as const).flatMap((name) =>
      values[name] === undefined ? [] : [`--${name}`, values[name]],
    );
    return runJournalCommand([...positionals, ...options], { print, folder, describe: describeRecord });
  }
  const { runDbCommand, runMigrateCommand } = await import("./persistence/db-command.js");
  return command === "db"
    ? runDbCommand(positionals, { print, config })
    : runMigrateCommand(positionals, { print, config });
}

/** Beside what the journal holds, what the games make of it; they may be what is wrong. */
async function roomsOfJournal(args: readonly string[], config: Config): Promise<number> {
  const { runJournalRooms } = await import("./persistence/journal-rooms.js");
  const { GameInvalid, loadGames } = await import("./engine/room/load-games.js");
  const { systemClock: clock } = await import("./engine/time.js");
  const types = await loadGames(config.games, config.world.field).then(
    ({ rooms }) => rooms,
    (error: unknown) => {
      if (!(error instanceof GameInvalid)) throw error;
      print(`${error.message}\n`);
      return null;
    },
  );
  return runJournalRooms(args, { print, config, clock, types });
}

function inspectArguments(argv: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    const options = { ...sourceOptions, from: text, limit: text };
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageWrong(`${(error as Error).message.split(". ")[0]}; gridshard help lists what there is`);
  }
}

async function serve(argv: readonly string[]): Promise<number> {
  const { config: file, set } = argumentsOf(argv, sourceOptions);
  const { config } = loadConfig({ file, settings: set });
  const server = await startServer(config);
  let signals = 0;
  const onSignal = () => {
    signals++;
    // Asked twice, the operator does not want to wait; asked a third time, not even for the sockets.
    if (signals === 1) void server.stop();
    else if (signals === 2) void server.abandon().then(() => exit(server, exitCodes.failed));
    else exit(server, exitCodes.failed);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  process.on("uncaughtException", (error) => {
    writeSync(2, `gridshard: this should not have happened, please report it: ${error.stack}\n`);
    void server.abandon().then(() => exit(server, exitCodes.internal));
  });
  print(`${server.url}\n`);
  return exit(server, await server.closed);
}

/** process.exit, or the only other way when a thread with open sockets does not answer. */
function exit(server: RunningServer, code: number): never {
  if (!server.canExit) process.kill(process.pid, "SIGKILL");
  process.exit(code);
}

function print(text: string): void {
  writeSync(1, text);
}

// Not left to an empty event loop: a thread that did not end by its deadline would keep the process for ever.
process.exit(await main(process.argv.slice(2)));
