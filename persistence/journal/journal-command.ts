/** `gridshard journal`: looks at a journal without changing it, beside a running server or on what a dead one left. */
import { parseArgs } from "node:util";
import { exitCodes } from "../../engine/wire/codes.js";
import { type Disk, FolderDisk } from "./disk.js";
import { parseSegmentName, type SegmentName } from "./journal-layout.js";
import { type JournalRecord, type ReadOptions, readRecords } from "./journal-read.js";
import { JournalDamaged, type Survey, surveyJournal } from "./journal-survey.js";

export const journalHelp = `gridshard journal: looks at the journal

  gridshard journal list      its segments
  gridshard journal verify    reads everything; exit code ${exitCodes.damaged} when something is damaged
  gridshard journal dump      its records, up to the damage if there is any
    --from <position>         from this position on
    --limit <count>           so many
  gridshard journal rooms     the durable rooms in it, and which of them the next start would set aside
  gridshard journal rooms drop <room or type> ...   forgets rooms; the only thing here that changes something
`;

export interface JournalCommandIo {
  print(text: string): void;
  /** The journal's folder. */
  readonly folder: string;
  /** What a record says, in one line. Without it the first bytes are shown. */
  describe?(record: JournalRecord): string;
}

/** Bytes of a record that are shown where nothing describes it. */
const SHOWN_BYTES = 32;
const verbs = ["list", "verify", "dump"] as const;

interface Order {
  readonly verb: (typeof verbs)[number];
  readonly from: number;
  readonly limit: number;
}

/** Runs the command with what stands behind `gridshard journal`; returns the exit code. */
export async function runJournalCommand(args: readonly string[], io: JournalCommandIo): Promise<number> {
  const order = orderOf(args);
  if (typeof order === "string") {
    io.print(`${order}\n\n${journalHelp}`);
    return exitCodes.usage;
  }
  const disk = new FolderDisk(io.folder);
  try {
    if (order.verb === "dump") await dump(disk, order, io);
    else report(await surveyJournal(disk), order.verb, io);
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof JournalDamaged) {
      io.print(`${error.message}\n`);
      return exitCodes.damaged;
    }
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    io.print(`the journal in ${io.folder} cannot be read: ${message}\n`);
    return exitCodes.dataFolder;
  }
}

/** A text: what is wrong with the arguments. */
function orderOf(args: readonly string[]): Order | string {
  const options = { from: { type: "string" }, limit: { type: "string" } } as const;
  let parsed: { positionals: string[]; values: { from?: string; limit?: string } };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    return (error as Error).message.split(". ")[0]!;
  }
  const [word, ...rest] = parsed.positionals;
  const verb = verbs.find((one) => one === word);
  if (verb === undefined || rest.length > 0) return `want one of ${verbs.join(", ")}`;
  const { from, limit } = parsed.values;
  if (verb !== "dump" && (from !== undefined || limit !== undefined))
    return "--from and --limit are for dump";
  for (const [name, text] of [
    ["--from", from],
    ["--limit", limit],
  ] as const)
    if (text !== undefined && !/^[1-9]\d{0,14}$/.test(text))
      return `${name}: got "${text}", want a number from 1 on`;
  return { verb, from: Number(from ?? 1), limit: Number(limit ?? Number.POSITIVE_INFINITY) };
}

function report(survey: Survey, verb: "list" | "verify", io: JournalCommandIo): void {
  const { id, segments, torn, last } = survey;
  if (id === null) io.print(`there is no journal in ${io.folder}\n`);
  else if (verb === "list") {
    io.print(`journal ${id}\n`);
    for (const { name, first, last, groups, bytes, createdMs } of segments) {
      const positions = last < first ? `no records, from ${first}` : `${first} to ${last}`;
      const created = new Date(createdMs).toISOString();
      io.print(`${name}  ${positions}  ${groups} groups  ${bytes} bytes  ${created}\n`);
    }
  } else {
    const first = segments[0]?.first ?? 1;
    const what = last < first ? `no records, the next is ${last + 1}` : `records ${first} to ${last}`;
    io.print(`the journal ${id} is sound: ${what}, in ${segments.length} segments\n`);
  }
  for (const { file, offset, bytes, position } of torn)
    io.print(
      `${file} ends in the middle of a write: ${bytes} bytes from byte ${offset}, position ${position}, are cut off at the ` +
        "next start, unless they are being written at this moment\n",
    );
}

async function dump(disk: Disk, { from, limit }: Order, io: JournalCommandIo): Promise<void> {
  const found = await segmentsOf(disk);
  let left = limit;
  try {
    for await (const record of readRecords({
      disk,
      segments: found.segments,
      from,
      to: Number.MAX_SAFE_INTEGER,
    })) {
      if (left-- <= 0) return;
      const { position, type, payload } = record;
      const text = io.describe?.(record) ?? shown(payload);
      io.print(`${position}  type ${type}  ${payload.length} bytes  ${text}\n`);
    }
  } catch (error) {
    // Where the survey has found damage, this is the same, or nothing but the end.
    if (!(error instanceof JournalDamaged) || found.damage === null) throw error;
  }
  if (found.damage !== null) throw found.damage;
}

/** The segments that count; of a damaged journal those that the names tell of. */
async function segmentsOf(
  disk: Disk,
): Promise<{ segments: ReadOptions["segments"]; damage: JournalDamaged | null }> {
  try {
    return { segments: (await surveyJournal(disk)).segments, damage: null };
  } catch (error) {
    if (!(error instanceof JournalDamaged)) throw error;
    const byFirst = new Map<number, SegmentName>();
    const names = (await disk.list()).map(parseSegmentName).filter((name) => name !== null);
    for (const name of names.sort((a, b) => a.first - b.first || a.attempt - b.attempt))
      byFirst.set(name.first, name);
    const kept = [...byFirst.values()];
    const segments = kept.map((name, index) => ({
      ...name,
      last: (kept[index + 1]?.first ?? Number.MAX_SAFE_INTEGER) - 1,
    }));
    return { segments, damage: error };
  }
}

function shown(payload: Uint8Array): string {
  const hex = Buffer.from(payload.subarray(0, SHOWN_BYTES)).toString("hex");
  return payload.length > SHOWN_BYTES ? `${hex}…` : hex;
}
