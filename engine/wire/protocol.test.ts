import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { configSchema } from "../config-schema.js";
import { packageRoot } from "../package-root.js";
import * as codec from "./codec.js";
import { type CodeEntry, closeCodes, refusals } from "./codes.js";
import * as layouts from "./generated/frames-layout.js";
import * as schemas from "./generated/session-schema.js";
import { engineEvents, messageTypes } from "./message-types.js";
import type { TableSchema } from "./schema.js";
import { verifierLimits } from "./verifier.js";

const page = readFileSync(join(packageRoot(), "docs/PROTOCOL.md"), "utf8");

type Layout = Readonly<Record<string, number>>;
const layoutOf = new Map(
  Object.entries(layouts).map(([name, layout]) => [name.replace(/Layout$/, ""), layout as Layout]),
);
const schemaOf = new Map(
  Object.entries(schemas).map(([name, schema]) => [name.replace(/Schema$/, ""), schema as TableSchema]),
);

/** Every table of the page with the cells of its rows, and the last word that could be its name above it. */
function tablesOfPage(): { name: string; head: string[]; rows: string[][] }[] {
  const tables: { name: string; head: string[]; rows: string[][] }[] = [];
  let name = "";
  let isInTable = false;
  for (const line of page.split("\n")) {
    if (!line.startsWith("|")) {
      isInTable = false;
      const [, heading, opening] = /^(?:### (?:Kind \d+: )?([A-Z]\w+)|([A-Z]\w+)\b.*:$)/.exec(line) ?? [];
      const found = heading ?? opening;
      if (found !== undefined && (layoutOf.has(found) || schemaOf.has(found))) name = found;
      else if (line.startsWith("#")) name = line.replace(/^#+ /, "");
      continue;
    }
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (!isInTable) tables.push({ name, head: cells, rows: [] });
    else if (!/^-+$/.test(cells[0]!)) tables.at(-1)!.rows.push(cells);
    isInTable = true;
  }
  return tables;
}

const widths: Readonly<Record<string, number>> = { u8: 1, i8: 1, u16: 2, u32: 4 };

test("[PR1] the page lists the bytes of every struct", () => {
  const documented = new Set<string>();
  for (const { name, head, rows } of tablesOfPage()) {
    if (head[0] !== "offset") continue;
    const layout = layoutOf.get(name);
    assert.ok(layout !== undefined, `a struct is named ${name}`);
    assert.ok(!documented.has(name), `${name} is described once`);
    documented.add(name);
    const { size, align: _align, ...offsets } = layout;
    assert.deepEqual(Object.fromEntries(rows.map((row) => [row[2], Number(row[0])])), offsets, name);
    for (const [index, row] of rows.entries()) {
      const next = index + 1 < rows.length ? Number(rows[index + 1]![0]) : size;
      assert.equal(Number(row[0]) + widths[row[1]!]!, next, `${name}.${row[2]} is as wide as its type`);
    }
  }
  assert.deepEqual([...documented].sort(), [...layoutOf.keys()].sort());
});

test("[PR1] the page lists the fields of every table", () => {
  const names: Record<string, string> = { "1": "u8", "2": "u16", "4": "u32", "8": "u64" };
  const documented = new Set<string>();
  for (const { name, head, rows } of tablesOfPage()) {
    if (head[0] !== "field") continue;
    const schema = schemaOf.get(name);
    assert.ok(schema !== undefined, `a table is named ${name}`);
    documented.add(name);
    const fields = schema.fields.map(({ name: field, shape }) => {
      if (shape.type === "string") return [field, "string"];
      if (shape.type === "scalar") return [field, shape.isFloat ? `f${shape.size * 8}` : names[shape.size]];
      assert.ok(shape.type === "vector");
      return [field, shape.of.type === "table" ? `[${shape.of.table().name.split(".").at(-1)}]` : "[u8]"];
    });
    const rowsOfPage = rows.map(([field, type]) => [field, type === "bool" ? "u8" : type]);
    assert.deepEqual(rowsOfPage, fields, name);
  }
  assert.deepEqual([...documented].sort(), [...schemaOf.keys()].sort());
});

test("[PR2] the page has every message type and every engine event", () => {
  const rows = tablesOfPage().find(({ head }) => head[0] === "type")!.rows;
  assert.deepEqual(
    rows.map(([type]) => Number(type)),
    Object.values(messageTypes),
  );
  for (const [type, name] of rows) assert.match(page, new RegExp(`^### ${name} \\(type ${type}\\)$`, "m"));
  for (const [name, kind] of Object.entries(engineEvents)) {
    const heading = `### Kind ${kind}: ${name[0]!.toUpperCase()}${name.slice(1)}\n`;
    assert.ok(page.includes(heading), heading);
  }
});

test("[PR3] the tables of codes are those of the catalogue", () => {
  const rowsOf = (codes: Record<string, CodeEntry>): string[][] =>
    Object.values(codes).map(({ code, name, reason, mayRetry, remedy }) => [
      String(code),
      `\`${name}\``,
      reason,
      mayRetry ? "yes" : "no",
      remedy,
    ]);
  const tables = tablesOfPage().filter(({ head }) => head[0] === "code");
  assert.deepEqual(
    tables.map(({ rows }) => rows),
    [rowsOf(closeCodes), rowsOf(refusals)],
  );
});

test("[PR4] the limits on the page are the defaults", () => {
  const defaults = configSchema.parse({}) as unknown as Record<string, Record<string, number>>;
  const { rows } = tablesOfPage().find(({ head }) => head[0] === "setting")!;
  for (const [setting, value] of rows) {
    const [section, key] = setting!.split(".") as [string, string];
    assert.equal(Number(value), defaults[section]![key], setting);
  }
  assert.deepEqual(verifierLimits, { depthMax: 16, tablesMax: 1024, readFactorMax: 4 });
});

function encodeKeyframe(): Uint8Array {
  const counts = { appears: 1, leaves: 0, changes: 0, moves: 0 };
  const bytes = new Uint8Array(codec.FRAMES_HEAD_BYTES + codec.frameLength(counts));
  const at = codec.writeFrameHead(bytes, codec.writeFramesHead(bytes, 0, 12_346), {
    cell: 300,
    isKeyframe: true,
    ...counts,
  });
  codec.writeAppear(bytes, at, {
    id: 7,
    x: 3072,
    y: 2304,
    slot: 3,
    kind: 0,
    level: 5,
    look: 2,
    state: 0,
    health: 255,
    heading: 64,
  });
  return bytes;
}

function encodeDeltas(): Uint8Array {
  const narrow = { appears: 0, leaves: 0, changes: 0, moves: 2, isNarrow: true };
  const wide = { appears: 0, leaves: 0, changes: 0, moves: 1 };
  const length = codec.FRAMES_HEAD_BYTES + codec.frameLength(narrow) + codec.frameLength(wide);
  const bytes = new Uint8Array(length);
  let at = codec.writeFramesHead(bytes, 0, 12_345);
  at = codec.writeFrameHead(bytes, at, { cell: 300, isKeyframe: false, ...narrow });
  at = codec.writeNarrowMove(bytes, at, 3, 12, -5);
  at = codec.writeNarrowMove(bytes, at, 9, 0, 1);
  at = codec.writeFrameHead(bytes, at, { cell: 301, isKeyframe: false, isPartial: true, ...wide });
  codec.writeMove(bytes, at, 300, -1, 2);
  return bytes;
}

/** The examples of the page, by how they begin. */
const examples: Readonly<Record<string, Uint8Array>> = {
  MoveIntent: codec.encodeMoveIntent({ dx: 127, dy: -64, seq: 7 }),
  FieldIntent: codec.encodeFieldIntent(4, 12),
  RoomIntent: codec.encodeRoomIntent({ room: 1027, kind: 2, seq: 13 }),
  EventAck: codec.encodeEventAck(300),
  Ping: codec.encodePing(1000),
  Goodbye: codec.encodeGoodbye(),
  "CellFrames tick=12345": encodeDeltas(),
  "CellFrames tick=12346": encodeKeyframe(),
  RoomFrame: codec.encodeRoomFrame({ room: 1027, kind: 1 }, Uint8Array.of(0xaa, 0xbb)),
  Event: codec.encodeEvent(
    { scope: 0, kind: engineEvents.refused, seq: 41, room: 0 },
    codec.encodeRefusedBody({ intentSeq: 12, code: refusals.tooFrequent.code, reason: "" }),
  ),
  Pong: codec.encodePong({ sentMs: 1000, tick: 12_345, shard: 1 }),
  IntentAck: codec.encodeIntentAck({ applied: 13, durable: 12 }),
  Sight: codec.encodeSight({ center: 300, shard: 1, cells: [299, 300] }),
};

test("[PR5] the examples on the page are the bytes the codec writes", () => {
  const shown = new Set<string>();
  for (const [, title, hex] of page.matchAll(/^```hex (.+)\n([^`]+)```$/gm)) {
    const name = Object.keys(examples)
      .filter((key) => title!.startsWith(`${key} `) || title!.startsWith(`${key},`) || title === key)
      .sort((a, b) => b.length - a.length)[0];
    assert.ok(name !== undefined, `the example ${title} is known to this test`);
    shown.add(name);
    const bytes = hex!
      .trim()
      .split(/\s+/)
      .map((byte) => Number.parseInt(byte, 16));
    const got = [...examples[name]!];
    assert.deepEqual(
      bytes,
      got,
      `${title}: ${got.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`,
    );
  }
  assert.deepEqual([...shown].sort(), Object.keys(examples).sort());
});
