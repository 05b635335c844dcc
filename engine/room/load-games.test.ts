import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { GameInvalid, loadGames } from "./load-games.js";

const folder = mkdtempSync(join(tmpdir(), "gridshard-games-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

let games = 0;
/** A game with a field of its own name and these tables, as source text. */
function gameWith(tables: string): string {
  const name = `game${++games}`;
  const path = join(folder, `${name}.mjs`);
  writeFileSync(
    path,
    `const table = (name, more = {}) => ({ name, file: new URL("file:///${name}.json"), parse: (json) => json, ...more });
    export default { rooms: [], fields: [{ name: "${name}", intents: [], create: () => ({}) }], tables: ${tables} };`,
  );
  return path;
}

test("[GM4] a table without a name for a file, a file, or a parse is refused, and so is a name that is taken", async () => {
  const good = gameWith(`[table("plants"), table("beds-2")]`);
  const { tables } = await loadGames([good], "game1");
  assert.deepEqual(
    tables?.list.map(({ name }) => name),
    ["plants", "beds-2"],
  );
  for (const bad of [`table("../plants")`, `table("Plants")`, `table("plants", { file: "plants.json" })`]) {
    const path = gameWith(`[${bad}]`);
    await assert.rejects(loadGames([path], `game${games}`), (error: unknown) => {
      assert.ok(error instanceof GameInvalid);
      assert.match(error.message, /has a table without a name for a file, a file URL, or parse/);
      return true;
    });
  }
  await assert.rejects(
    loadGames([good, gameWith(`[table("plants")]`)], "game1"),
    /table "plants", and so has/,
  );
  // The same game twice is the same tables.
  await loadGames([good, good], "game1");
});

test("[GM5] a room type's stateVersion is a whole number, or the game is refused", async () => {
  const withRoom = (stateVersion: string) => {
    const name = `game${++games}`;
    const path = join(folder, `${name}.mjs`);
    const field = `{ name: "${name}", intents: [], create: () => ({}) }`;
    const room = `{ name: "arena", intents: [], create: () => ({}), stateVersion: ${stateVersion} }`;
    writeFileSync(path, `export default { fields: [${field}], rooms: [${room}] };`);
    return loadGames([path], name);
  };
  assert.equal((await withRoom("3")).rooms.get("arena")!.stateVersion, 3);
  await withRoom("undefined");
  for (const bad of ["-1", "1.5", '"2"', "null"])
    await assert.rejects(withRoom(bad), (error: unknown) => {
      assert.ok(error instanceof GameInvalid);
      assert.match(error.message, /room arena: stateVersion: got .+, want a whole number/);
      return true;
    });
});
