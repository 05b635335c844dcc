/** Loads the games a config names. Every thread that needs their rules or their intents loads them itself. */
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { FieldType, Game, RoomType, TableSpec } from "./game.js";
import type { TableSpecs } from "./game-tables.js";

export interface GameCatalogue {
  readonly field: FieldType;
  readonly rooms: ReadonlyMap<string, RoomType>;
  /** Default: there are none. */
  readonly tables?: TableSpecs;
}

/** A game that cannot be loaded or does not fit the config. Names what and where. */
export class GameInvalid extends Error {
  override readonly name = "GameInvalid";
}

const BUILT_IN = "gridshard:games";

/** @throws GameInvalid */
export async function loadGames(modules: readonly string[], fieldName: string): Promise<GameCatalogue> {
  const fields = new Map<string, FieldType>();
  const rooms = new Map<string, RoomType>();
  const tables = new Map<string, TableSpec>();
  const checks: TableSpecs["checks"][number][] = [];
  for (const name of modules) {
    const game = await loadGame(name);
    for (const field of game.fields) fields.set(field.name, field);
    for (const room of game.rooms) rooms.set(room.name, room);
    for (const spec of game.tables ?? []) {
      const other = tables.get(spec.name);
      if (other !== undefined && other !== spec)
        throw new GameInvalid(`games: "${name}" has a table "${spec.name}", and so has a game before it`);
      tables.set(spec.name, spec);
    }
    if (game.checkTables !== undefined) checks.push((set) => game.checkTables?.(set));
  }
  const field = fields.get(fieldName);
  if (field === undefined) {
    throw new GameInvalid(
      `world.field: got "${fieldName}", want one of ${[...fields.keys()].join(", ") || "no field is loaded"}`,
    );
  }
  return { field, rooms, tables: { list: [...tables.values()], checks } };
}

async function loadGame(name: string): Promise<Game> {
  const url =
    name === BUILT_IN
      ? new URL("../../games/games.js", import.meta.url)
      : name.startsWith("file:")
        ? new URL(name)
        : pathToFileURL(isAbsolute(name) ? name : resolve(name));
  let loaded: { default?: Partial<Game> | null };
  try {
    loaded = await import(url.href);
  } catch (error) {
    // A module may throw anything.
    const reason = error instanceof Error ? error.message : String(error);
    throw new GameInvalid(`games: cannot load "${name}": ${reason}`);
  }
  const game = loaded.default;
  if (!Array.isArray(game?.fields) || !Array.isArray(game.rooms)) {
    throw new GameInvalid(`games: "${name}" has no default export { fields: [], rooms: [] }`);
  }
  for (const type of [...game.fields, ...game.rooms] as unknown[]) {
    if (isType(type)) continue;
    throw new GameInvalid(`games: "${name}" has a field or room without name, create or intents`);
  }
  for (const { name: room, stateVersion } of game.rooms) {
    if (stateVersion === undefined || (Number.isSafeInteger(stateVersion) && stateVersion >= 0)) continue;
    throw new GameInvalid(
      `games: "${name}": room ${room}: stateVersion: got ${stateVersion}, want a whole number from 0 on`,
    );
  }
  for (const spec of (game.tables ?? []) as unknown[]) {
    if (isTable(spec)) continue;
    throw new GameInvalid(`games: "${name}" has a table without a name for a file, a file URL, or parse`);
  }
  return game as Game;
}

/** What is read of a field or room type before it is ever used: the rest is its author's, with types to help. */
function isType(type: unknown): boolean {
  if (typeof type !== "object" || type === null) return false;
  const { name, create, intents } = type as Partial<Record<"name" | "create" | "intents", unknown>>;
  return typeof name === "string" && typeof create === "function" && Array.isArray(intents);
}

/** A table's name is part of paths. */
function isTable(spec: unknown): boolean {
  if (typeof spec !== "object" || spec === null) return false;
  const { name, file, parse } = spec as Partial<Record<"name" | "file" | "parse", unknown>>;
  return (
    typeof name === "string" &&
    /^[a-z0-9-]{1,64}$/.test(name) &&
    file instanceof URL &&
    typeof parse === "function"
  );
}
