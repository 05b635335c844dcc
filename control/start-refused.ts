/** Starts that cannot succeed as things are, in the sentences an operator needs. */
import { availableParallelism } from "node:os";
import type { Config } from "../engine/config-schema.js";
import type { Log } from "../engine/log.js";
import { exitCodes } from "../engine/wire/codes.js";

/** A start that cannot succeed as things are: an exit code, and one sentence that says what to do. */
export class StartRefused extends Error {
  override readonly name = "StartRefused";
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** What the journal finds wrong with itself, by the names of its errors. */
const damages: readonly string[] = ["JournalDamaged", "JournalUnreadable", "JournalBehindStore"];

/** The error comes from another thread, by copy: its class is lost on the way, its name is not. */
export function storeRefused(error: Error): never {
  if (error.message.startsWith("store.url:"))
    throw new StartRefused(exitCodes.config, error.message, { cause: error });
  if (damages.includes(error.name))
    throw new StartRefused(exitCodes.damaged, `${error.message} (dataFolder, GRIDSHARD_DATA_FOLDER)`, {
      cause: error,
    });
  const isTold = error.name === "StoreUnavailable" || error.name === "SchemaMismatch";
  if (!isTold) throw error;
  throw new StartRefused(exitCodes.storeUnavailable, `${error.message} (store.url, GRIDSHARD_STORE_URL)`, {
    cause: error,
  });
}

/** Turns the system's error into the sentence an operator needs. */
export function listenRefused(config: Config, section: "net" | "admin"): (error: Error) => never {
  const { host, port } = config[section];
  const variable = `GRIDSHARD_${section.toUpperCase()}`;
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    switch (code) {
      case "EADDRINUSE":
        throw new StartRefused(
          exitCodes.cannotListen,
          `port ${port} on ${host} is in use: stop what uses it, or set ${section}.port (${variable}_PORT) to another`,
          { cause: error },
        );
      case "EACCES":
        throw new StartRefused(
          exitCodes.cannotListen,
          `port ${port} on ${host} may not be used by this user: set ${section}.port (${variable}_PORT) to one above 1023`,
          { cause: error },
        );
      case "EADDRNOTAVAIL":
      case "ENOTFOUND":
        throw new StartRefused(
          exitCodes.cannotListen,
          `${host} is not an address of this machine: set ${section}.host (${variable}_HOST) to one, or to 0.0.0.0 for all`,
          { cause: error },
        );
      default:
        throw error;
    }
  };
}

/** Where a person opens the game: a wildcard address is no place to go to. */
export function urlOf(host: string, port: number): string {
  const shown = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${shown}:${port}/`;
}

/** Says once that threads will share cores. */
export function warnOfCores(config: Config, log: Log): void {
  const cores = availableParallelism();
  // Net and persistence beside the shards; control sleeps nearly always.
  const threads = config.shards.count + 2;
  if (threads <= cores) return;
  log.warn("more threads than cores: ticks may be late under load; shards.count sets the number", {
    threads,
    cores,
  });
}
