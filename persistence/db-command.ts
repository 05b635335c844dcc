/** `gridshard migrate` and `gridshard db`: looks at the database and mends it, for an operator. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../engine/config-schema.js";
import { exitCodes } from "../engine/wire/codes.js";
import { DataFolder, DataFolderOwned, DataFolderUnusable } from "./data-folder.js";
import { rowsOfLetter } from "./dead-letter.js";
import { migrationStatus } from "./migrations.js";
import { createStore } from "./open-store.js";
import {
  type AuditedStore,
  type DeadLetter,
  type OpenMode,
  SchemaMismatch,
  type StoreAudit,
  StoreRejected,
  StoreUnavailable,
} from "./store.js";

export const migrateHelp = `gridshard migrate: the schema of the database

  gridshard migrate status   which steps it has, and which are pending; exit code ${exitCodes.failed} when some are
  gridshard migrate up       applies what is pending, as a start would
`;

export const dbHelp = `gridshard db: the rows of the database

  gridshard db check         compares players with their ledger, looks for rows that belong to nobody, shows how far
                             the journal is applied; exit code ${exitCodes.damaged} when rows contradict each other
  gridshard db letters       rows that the database would not take, with the reasons
  gridshard db letters retry <journal> <position>   gives them to the database again; "retry all": every one
  gridshard db letters drop <journal> <position>    forgets them
`;

export interface DbCommandIo {
  print(text: string): void;
  readonly config: Config;
}

/** Findings of each kind that are shown; the counts are whole. */
const SHOWN_MAX = 50;
const PAGE_ROWS = 200;

type Use = (store: AuditedStore) => Promise<number>;

/** Runs what stands behind `gridshard migrate`; returns the exit code. */
export async function runMigrateCommand(args: readonly string[], io: DbCommandIo): Promise<number> {
  const [verb, ...rest] = args;
  if (rest.length > 0 || (verb !== "status" && verb !== "up"))
    return wrongUse("want status or up", migrateHelp, io);
  return withStore(io, verb === "up" ? "make" : "look", async (store) => {
    if (verb === "up") {
      const { pending } = await migrationStatus(store);
      await store.close();
      await store.open("migrate");
      for (const { number, name } of pending) io.print(`applied ${label(number, name)}\n`);
    }
    const { applied, pending } = await migrationStatus(store);
    if (verb === "status") {
      for (const { number, name } of applied) io.print(`applied ${label(number, name)}\n`);
      for (const { number, name } of pending) io.print(`pending ${label(number, name)}\n`);
    }
    io.print(
      pending.length === 0
        ? "the schema is up to date\n"
        : `${pending.length} steps are pending: gridshard migrate up\n`,
    );
    return pending.length === 0 ? exitCodes.ok : exitCodes.failed;
  });
}

/** Runs what stands behind `gridshard db`; returns the exit code. */
export async function runDbCommand(args: readonly string[], io: DbCommandIo): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === "check" && rest.length === 0) return withCurrentSchema(io, (store) => check(store, io));
  if (verb === "letters") {
    const [action, ...which] = rest;
    if (action === undefined) return withCurrentSchema(io, (store) => listLetters(store, io));
    const chosen = chosenLetters(which);
    if (action === "retry" && chosen !== null)
      return withCurrentSchema(io, (store) =>
        eachLetter(store, chosen, (letter) => retry(store, letter, io), io),
      );
    if (action === "drop" && chosen !== null && chosen !== "all")
      return withCurrentSchema(io, (store) =>
        eachLetter(store, chosen, (letter) => drop(store, letter, io), io),
      );
    return wrongUse("want retry or drop, a journal's 32 hex digits and a position", dbHelp, io);
  }
  return wrongUse("want check or letters", dbHelp, io);
}

function wrongUse(problem: string, help: string, io: DbCommandIo): number {
  io.print(`${problem}\n\n${help}`);
  return exitCodes.usage;
}

/** Opens the configured store, without touching its schema, and says what is in the way if that cannot be done. */
async function withStore(io: DbCommandIo, mode: "look" | "make", use: Use): Promise<number> {
  const { config } = io;
  const { store: wanted, dataFolder } = config;
  let folder: DataFolder | null = null;
  let store: AuditedStore | null = null;
  try {
    if (wanted.kind === "sqlite") {
      if (mode === "look" && !existsSync(join(dataFolder, wanted.file))) {
        io.print(`there is no database yet: the first start makes ${join(dataFolder, wanted.file)}\n`);
        return exitCodes.ok;
      }
      folder = DataFolder.acquire(dataFolder);
    }
    store = createStore(wanted, folder);
    await store.open("look" satisfies OpenMode);
    return await use(store);
  } catch (error) {
    return explain(error, io);
  } finally {
    await store?.close();
    folder?.release();
  }
}

function explain(error: unknown, io: DbCommandIo): number {
  const told = (code: number, text: string) => {
    io.print(`${text}\n`);
    return code;
  };
  if (error instanceof DataFolderOwned)
    return told(
      exitCodes.dataFolder,
      `the embedded database belongs to the server that runs: ${error.message}. Stop it first; only a MySQL database can be looked at beside a running server`,
    );
  if (error instanceof DataFolderUnusable) return told(exitCodes.dataFolder, error.message);
  if (error instanceof StoreUnavailable || error instanceof SchemaMismatch)
    return told(exitCodes.storeUnavailable, error.message);
  if (error instanceof StoreRejected) return told(exitCodes.damaged, error.message);
  if (error instanceof TypeError && error.message.startsWith("store.url:"))
    return told(exitCodes.config, error.message);
  throw error;
}

function withCurrentSchema(io: DbCommandIo, use: Use): Promise<number> {
  return withStore(io, "look", async (store) => {
    const { pending } = await migrationStatus(store);
    if (pending.length === 0) return use(store);
    io.print(`the schema lacks ${pending.length} steps: gridshard migrate up\n`);
    return exitCodes.failed;
  });
}

function label(number: number, name: string): string {
  return `${String(number).padStart(4, "0")}-${name}`;
}

async function check(store: AuditedStore, io: DbCommandIo): Promise<number> {
  const audit = await store.audit(SHOWN_MAX);
  io.print(`the schema is up to date\n`);
  for (const { journalId, position } of audit.progress)
    io.print(`journal ${journalId} is applied up to position ${position}\n`);
  io.print(`${audit.players} players, ${audit.ledgerLines} lines in the ledger\n`);
  showDifferences(audit, io);
  if (audit.orphanCount > 0) io.print(`${audit.orphanCount} rows belong to nobody:\n`);
  for (const { table, ownerId } of audit.orphans)
    io.print(`  ${table}: ${table === "ledger" ? "player" : "battle"} ${ownerId} is not there\n`);
  if (audit.deadLetters > 0) await listLetters(store, io);
  if (audit.differenceCount > 0 || audit.orphanCount > 0) return exitCodes.damaged;
  if (audit.deadLetters > 0) return exitCodes.failed;
  io.print("everything agrees\n");
  return exitCodes.ok;
}

function showDifferences({ differences, differenceCount }: StoreAudit, io: DbCommandIo): void {
  if (differenceCount === 0) return;
  io.print(
    `${differenceCount} sums differ from the ledger; beside a running server they may be rows on their way:\n`,
  );
  for (const { playerId, item, inLedger, inPlayer } of differences)
    io.print(
      `  player ${playerId}: ${item === 0 ? "gold" : `item ${item}`} is ${inPlayer}, the ledger says ${inLedger}\n`,
    );
  if (differenceCount > differences.length) io.print(`  and ${differenceCount - differences.length} more\n`);
}

async function* allLetters(store: AuditedStore): AsyncIterable<DeadLetter> {
  let page = await store.deadLetters(PAGE_ROWS);
  while (page.length > 0) {
    yield* page;
    page = await store.deadLetters(PAGE_ROWS, page.at(-1)!);
  }
}

async function listLetters(store: AuditedStore, io: DbCommandIo): Promise<number> {
  let count = 0;
  for await (const letter of allLetters(store)) {
    count++;
    if (count > SHOWN_MAX) continue;
    const { journalId, position, kind, key, reason, atMs } = letter;
    const at = new Date(atMs).toISOString();
    io.print(`letter ${journalId} ${position}: ${kind} ${key}, ${at}: ${reason}\n`);
  }
  if (count > SHOWN_MAX) io.print(`and ${count - SHOWN_MAX} more\n`);
  io.print(count === 0 ? "no row has been set aside\n" : `${count} letters hold rows that were set aside\n`);
  return count === 0 ? exitCodes.ok : exitCodes.failed;
}

type Chosen = "all" | Pick<DeadLetter, "journalId" | "position">;

function chosenLetters(which: readonly string[]): Chosen | null {
  const [journalId = "", position = ""] = which;
  if (which.length === 1 && journalId === "all") return "all";
  if (which.length !== 2 || !/^[0-9a-f]{32}$/.test(journalId) || !/^[0-9]{1,15}$/.test(position)) return null;
  return { journalId, position: Number(position) };
}

/** A journal's record may hold rows of several players: then there are several letters of that position. */
async function eachLetter(
  store: AuditedStore,
  chosen: Chosen,
  use: (letter: DeadLetter) => Promise<boolean>,
  io: DbCommandIo,
): Promise<number> {
  let found = 0;
  let done = 0;
  for await (const letter of allLetters(store)) {
    const isChosen =
      chosen === "all" || (letter.journalId === chosen.journalId && letter.position === chosen.position);
    if (!isChosen) continue;
    found++;
    if (await use(letter)) done++;
  }
  if (found === 0) io.print("there is no such letter\n");
  return found > 0 && done === found ? exitCodes.ok : exitCodes.failed;
}

/** Applied and taken out in two steps: what is interrupted between them is applied again, which changes nothing. */
async function retry(store: AuditedStore, letter: DeadLetter, io: DbCommandIo): Promise<boolean> {
  const { journalId, position, kind, key } = letter;
  try {
    await store.applyBatch(rowsOfLetter(letter));
  } catch (error) {
    const isRefused =
      error instanceof StoreRejected || error instanceof RangeError || error instanceof TypeError;
    if (!isRefused) throw error;
    io.print(`letter ${journalId} ${position}: ${kind} ${key} is refused again: ${error.message}\n`);
    return false;
  }
  await store.removeDeadLetter(letter);
  io.print(`letter ${journalId} ${position}: ${kind} ${key} is applied\n`);
  return true;
}

async function drop(store: AuditedStore, letter: DeadLetter, io: DbCommandIo): Promise<boolean> {
  const { journalId, position, kind, key, row } = letter;
  await store.removeDeadLetter(letter);
  // All that is left of it.
  io.print(
    `letter ${journalId} ${position}: ${kind} ${key} is dropped: ${Buffer.from(row).toString("hex")}\n`,
  );
  return true;
}
