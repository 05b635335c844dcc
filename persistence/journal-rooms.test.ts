import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadConfig } from "../engine/config.js";
import type { Config } from "../engine/config-schema.js";
import { ByteWriter } from "../engine/lane/bytes.js";
import { toStore, writeRoomCheckpoint, writeRoomInputs } from "../engine/lane/to-store.js";
import { silentLog } from "../engine/log.js";
import type { RoomType } from "../engine/room/game.js";
import { systemClock } from "../engine/time.js";
import { exitCodes } from "../engine/wire/codes.js";
import { writeRoomInput } from "../shards/room-inputs.js";
import { DataFolder } from "./data-folder.js";
import { GroupWriter } from "./group.js";
import { runJournalRooms } from "./journal-rooms.js";
import { JOURNAL_FOLDER, openJournal } from "./open-journal.js";
import { recoverFrom } from "./recovery.js";
import { RecoveryImage } from "./recovery-image.js";

const home = mkdtempSync(join(tmpdir(), "gridshard-rooms-"));
after(() => rmSync(home, { recursive: true }));

const out = new ByteWriter();
let folders = 0;

/** A data folder in which a server died with these rooms: by number, the stamp; even ones have a checkpoint. */
async function folderWith(rooms: Readonly<Record<number, string>>): Promise<Config> {
  const { config } = loadConfig({
    environment: {},
    settings: [`dataFolder=${join(home, String(++folders))}`],
  });
  const folder = DataFolder.acquire(config.dataFolder);
  const journal = await openJournal({ config, folder, clock: systemClock, log: silentLog, wake: () => {} });
  const group = GroupWriter.ofShard();
  for (const [number, stamp] of Object.entries(rooms)) {
    const where = { roomId: Number(number), cell: Number(number) };
    const create = { is: "create", tick: 0, type: stamp, tableSet: "t", options: Uint8Array.of(1) } as const;
    const inputs = writeRoomInput(new ByteWriter(), create).bytes();
    if (where.roomId % 2 === 1) {
      group.add(toStore.roomInputs, writeRoomInputs(out, { ...where, inputs }).bytes());
      continue;
    }
    const checkpoint = new ByteWriter().text(stamp).text("t").u8(0).bytes();
    group.add(toStore.roomCheckpoint, writeRoomCheckpoint(out, { ...where, checkpoint }).bytes());
  }
  const payload = group.endShard({ shard: 0, incarnation: 1, tick: 1, wallMs: 1 });
  assert.ok(journal.append(payload[0]!, payload) > 0);
  await journal.close();
  folder.release();
  return config;
}

async function run(config: Config, words: readonly string[], types: readonly Partial<RoomType>[]) {
  let text = "";
  const byName = new Map(types.map((type) => [type.name!, type as RoomType]));
  const print = (part: string) => {
    text += part;
  };
  const code = await runJournalRooms(words, { print, config, clock: systemClock, types: byName });
  return { code, text };
}

/** What the next start would restore. */
async function restored(config: Config): Promise<number[]> {
  const folder = DataFolder.acquire(config.dataFolder);
  const journal = await openJournal({ config, folder, clock: systemClock, log: silentLog, wake: () => {} });
  const image = new RecoveryImage();
  await recoverFrom(journal, (position, payload) => image.take(position, payload, () => {}));
  await journal.close();
  folder.release();
  return [...image.rooms.values()].map(({ roomId }) => roomId);
}

const battle = { name: "battle", isDurable: true } as const;
const arena = { name: "arena", isDurable: true, stateVersion: 2 } as const;
const rooms = { 4: "battle", 5: "battle", 6: "arena#1", 7: "arena#1", 8: "gone" } as const;

test("[JR1] the durable rooms are listed by type, with what keeps a game from restoring them, and nothing is changed", async () => {
  const config = await folderWith(rooms);
  const folder = join(config.dataFolder, JOURNAL_FOLDER);
  const content = () =>
    readdirSync(folder).map((name) => readFileSync(join(folder, name)).toString("base64"));
  const before = content();
  const { code, text } = await run(config, [], [battle, arena]);
  assert.equal(code, exitCodes.failed);
  const heads = text.split("\n").filter((line) => !line.startsWith("  ") && line !== "");
  assert.deepEqual(
    heads.map((line) => line.replace(/\d+ bytes/, "n bytes")),
    [
      "2 rooms of arena#1, n bytes: set aside: its state is of arena#1, and the game has arena#2",
      "2 rooms of battle, n bytes",
      "1 rooms of gone, n bytes: set aside: no game has a durable room type of the name gone",
    ],
  );
  assert.match(text, /room 8 in cell 8/);
  assert.deepEqual(content(), before);
  const all = [battle, { ...arena, stateVersion: 1 }, { name: "gone", isDurable: true }];
  assert.equal((await run(config, [], all)).code, exitCodes.ok);
});

test("[JR2] rooms are dropped by number or by type, for good, and no others", async () => {
  const config = await folderWith(rooms);
  const { code, text } = await run(config, ["drop", "gone", "7"], []);
  assert.equal(code, exitCodes.ok);
  assert.deepEqual(text.split("\n").slice(0, -1).sort(), [
    "dropped room 7 of arena#1",
    "dropped room 8 of gone",
  ]);
  assert.deepEqual((await restored(config)).sort(), [4, 5, 6]);
  const again = await run(config, ["drop", "gone"], []);
  assert.deepEqual(again, { code: exitCodes.failed, text: "there is no such room\n" });
  assert.deepEqual((await restored(config)).sort(), [4, 5, 6]);
});

test("[JR2] beside a running server nothing is dropped, and without a journal nothing is made", async () => {
  const config = await folderWith(rooms);
  const folder = DataFolder.acquire(config.dataFolder);
  const refused = await run(config, ["drop", "gone"], []);
  folder.release();
  assert.equal(refused.code, exitCodes.dataFolder);
  assert.match(refused.text, /in use by process/);
  assert.equal((await restored(config)).length, 5);
  const empty = loadConfig({ environment: {}, settings: [`dataFolder=${join(home, "none")}`] }).config;
  assert.equal((await run(empty, ["drop", "gone"], [])).code, exitCodes.failed);
  assert.equal((await run(empty, [], [])).code, exitCodes.ok);
  assert.ok(!readdirSync(home).includes("none"));
  for (const words of [["drop"], ["list"]])
    assert.equal((await run(config, words, [])).code, exitCodes.usage);
});
