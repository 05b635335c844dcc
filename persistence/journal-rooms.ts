/** `gridshard journal rooms`: the durable rooms that a journal holds, and how to be rid of those that nobody can restore. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../engine/config-schema.js";
import { ByteWriter } from "../engine/lane/bytes.js";
import { silentLog } from "../engine/log.js";
import type { RoomType } from "../engine/room/game.js";
import { stampOfKept, typeOfStamp } from "../engine/room/room-stamp.js";
import type { Clock } from "../engine/time.js";
import { exitCodes } from "../engine/wire/codes.js";
import { DataFolder, DataFolderOwned, DataFolderUnusable } from "./data-folder.js";
import { GroupWriter } from "./group.js";
import { imageItem } from "./image-items.js";
import type { ImageRoom } from "./image-rooms.js";
import { FolderDisk } from "./journal/disk.js";
import { readRecords } from "./journal/journal-read.js";
import { JournalDamaged, surveyJournal } from "./journal/journal-survey.js";
import { JOURNAL_FOLDER, openJournal } from "./open-journal.js";
import { JournalUnreadable, recoverFrom } from "./recovery.js";
import { RecoveryImage } from "./recovery-image.js";

export const journalRoomsHelp = `gridshard journal rooms: the durable rooms that the next start restores, or sets aside

  gridshard journal rooms                     lists them; exit code ${exitCodes.failed} when some would be set aside
  gridshard journal rooms drop <room or type> ...   forgets rooms by their numbers, or all of a type as it is listed; the
                                              server must not run
`;

export interface JournalRoomsIo {
  print(text: string): void;
  readonly config: Config;
  readonly clock: Clock;
  /** Durable and other room types of the games; null when the games cannot be loaded. */
  readonly types: ReadonlyMap<string, RoomType> | null;
}

/** Rooms of each type that are shown; the counts are whole. */
const SHOWN_MAX = 50;
/** Rooms dropped by one record of the journal: far below what one may hold. */
const GROUP_ITEMS_MAX = 100_000;

/** Runs the command with what stands behind `gridshard journal rooms`; returns the exit code. */
export async function runJournalRooms(args: readonly string[], io: JournalRoomsIo): Promise<number> {
  const [verb, ...which] = args;
  if (verb !== undefined && (verb !== "drop" || which.length === 0)) {
    io.print(`want nothing more, or drop and what to drop\n\n${journalRoomsHelp}`);
    return exitCodes.usage;
  }
  const folder = join(io.config.dataFolder, JOURNAL_FOLDER);
  if (!existsSync(folder)) {
    io.print(`there is no journal in ${folder}\n`);
    return verb === undefined ? exitCodes.ok : exitCodes.failed;
  }
  try {
    return verb === undefined ? list(await roomsIn(folder), io) : await drop(which, io);
  } catch (error) {
    return explain(error, io);
  }
}

function explain(error: unknown, io: JournalRoomsIo): number {
  if (!(error instanceof Error)) throw error;
  io.print(`${error.message}\n`);
  if (error instanceof JournalDamaged || error instanceof JournalUnreadable) return exitCodes.damaged;
  if (error instanceof DataFolderOwned || error instanceof DataFolderUnusable) return exitCodes.dataFolder;
  if ((error as NodeJS.ErrnoException).code !== undefined) return exitCodes.dataFolder;
  throw error;
}

/** Reads the journal without changing it, beside a running server or on what a dead one left. */
async function roomsIn(folder: string): Promise<ReadonlyMap<string, ImageRoom[]>> {
  const disk = new FolderDisk(folder);
  const { segments } = await surveyJournal(disk);
  const image = new RecoveryImage();
  const to = Number.MAX_SAFE_INTEGER;
  for await (const { position, payload } of readRecords({ disk, segments, from: 1, to })) {
    try {
      image.take(position, payload, () => {});
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new JournalUnreadable(position, error);
    }
  }
  return byStamp(image);
}

/** As the next start would find them. */
function byStamp(image: RecoveryImage): ReadonlyMap<string, ImageRoom[]> {
  image.rooms.start();
  const rooms = new Map<string, ImageRoom[]>();
  for (const room of image.rooms.values()) {
    const stamp = stampOfKept(room.checkpoint, room.inputs[0]?.inputs);
    const same = rooms.get(stamp);
    if (same === undefined) rooms.set(stamp, [room]);
    else same.push(room);
  }
  return rooms;
}

function list(rooms: ReadonlyMap<string, readonly ImageRoom[]>, { print, types }: JournalRoomsIo): number {
  let aside = 0;
  if (rooms.size === 0) print("there are no durable rooms\n");
  for (const [stamp, same] of [...rooms].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const type = types === null ? "" : typeOfStamp(types, stamp);
    const isAside = typeof type === "string" && type !== "";
    if (isAside) aside += same.length;
    const bytes = same.reduce((sum, room) => sum + room.bytes, 0);
    const fate = isAside ? `: set aside: ${type}` : "";
    print(`${same.length} rooms of ${stamp || "a type that cannot be read"}, ${bytes} bytes${fate}\n`);
    for (const { roomId, cell, bytes } of same.slice(0, SHOWN_MAX))
      print(`  room ${roomId} in cell ${cell}, ${bytes} bytes\n`);
    if (same.length > SHOWN_MAX) print(`  and ${same.length - SHOWN_MAX} more\n`);
  }
  return aside === 0 ? exitCodes.ok : exitCodes.failed;
}

async function drop(which: readonly string[], io: JournalRoomsIo): Promise<number> {
  const { config, clock, print } = io;
  const folder = DataFolder.acquire(config.dataFolder);
  try {
    const journal = await openJournal({ config, folder, clock, log: silentLog, wake: () => {} });
    const image = new RecoveryImage();
    const dropped: string[] = [];
    let isWritten = true;
    try {
      await recoverFrom(journal, (position, payload) => image.take(position, payload, () => {}));
      const group = GroupWriter.ofCopies();
      const out = new ByteWriter(4);
      const write = () => {
        const payload = group.end();
        isWritten &&= journal.append(payload[0]!, payload) > 0;
      };
      for (const [stamp, rooms] of byStamp(image))
        for (const { roomId } of rooms) {
          if (!which.includes(String(roomId)) && !which.includes(stamp)) continue;
          group.add(imageItem.roomGone, out.clear().u32(roomId).bytes());
          dropped.push(`dropped room ${roomId} of ${stamp}\n`);
          if (group.items === GROUP_ITEMS_MAX) write();
        }
      if (group.items > 0) write();
    } finally {
      // Writes what was appended, or throws.
      await journal.close();
    }
    if (!isWritten) print("the journal takes no more at once; drop the rest with another run\n");
    else if (dropped.length === 0) print("there is no such room\n");
    else for (const line of dropped) print(line);
    return isWritten && dropped.length > 0 ? exitCodes.ok : exitCodes.failed;
  } finally {
    folder.release();
  }
}
