import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { createLog, type LogFields } from "../engine/log.js";
import { ControlBlock, createControl } from "../engine/memory/control-block.js";
import type { TableSpec } from "../engine/room/game.js";
import { GameTables, type TableSpecs } from "../engine/room/game-tables.js";
import { setsFolder, TABLE_BYTES_MAX, TABLE_SETS_KEPT, tablePath } from "../engine/room/table-folder.js";
import { StartRefused } from "./start-refused.js";
import { TableFiles } from "./table-files.js";

interface Plant {
  readonly name: string;
  readonly petals: number;
}
interface Bed {
  readonly plant: string;
}

/** A server's folders: shipped files, an operator's, the data folder. */
class Garden {
  readonly folder: string;
  readonly shipped: string;
  readonly operator: string;
  readonly specs: TableSpecs;
  readonly plants: TableSpec<Plant>;
  readonly beds: TableSpec<Bed>;
  readonly lines: (LogFields & { readonly message: string; readonly level: string })[] = [];
  readonly control = new ControlBlock(createControl(1));
  files: TableFiles | null = null;

  constructor(t: TestContext) {
    const root = mkdtempSync(join(tmpdir(), "gridshard-tables-"));
    t.after(() => {
      this.files?.close();
      rmSync(root, { recursive: true });
    });
    this.folder = join(root, "data", "tables");
    this.shipped = join(root, "shipped");
    this.operator = join(root, "operator");
    for (const path of [this.shipped, this.operator]) mkdirSync(path);
    const file = (name: string) => pathToFileURL(join(this.shipped, `${name}.json`));
    this.plants = {
      name: "plants",
      file: file("plants"),
      parse: (json) => {
        for (const [at, { petals }] of (json as Plant[]).entries()) {
          if (petals < 0) throw new Error(`row ${at + 1}, column "petals": got ${petals}, want 0 or more`);
        }
        return json as Plant[];
      },
    };
    this.beds = { name: "beds", file: file("beds"), parse: (json) => json as Bed[] };
    this.specs = {
      list: [this.plants, this.beds],
      checks: [
        (tables) => {
          const names = new Set(tables.rows(this.plants).map(({ name }) => name));
          for (const { plant } of tables.rows(this.beds))
            if (!names.has(plant))
              throw new Error(`table beds, row 1, column "plant": got ${plant}, want a plant`);
        },
      ],
    };
    this.write(this.shipped, "plants", [{ name: "rose", petals: 5 }]);
    this.write(this.shipped, "beds", [{ plant: "rose" }]);
  }

  write(folder: string, name: string, json: unknown): void {
    writeFileSync(join(folder, `${name}.json`), typeof json === "string" ? json : JSON.stringify(json));
  }

  open(): TableFiles {
    const log = createLog("main", {
      level: "info",
      wallMs: () => 0,
      sink: (line) => this.lines.push(JSON.parse(line)),
    });
    const { specs, folder, operator: operatorFolder, control } = this;
    const onChange = () => control.raiseTablesVersion();
    this.files?.close();
    this.files = new TableFiles({ specs, folder, operatorFolder, log, onChange });
    return this.files;
  }

  /** Two looks: a file that has changed is read when it has stood still between them. */
  look(): void {
    this.files!.look();
    this.files!.look();
  }

  /** What a shard reads. */
  reader(): GameTables {
    const { specs, folder, control } = this;
    return new GameTables({ specs, folder, version: () => control.tablesVersion });
  }
}

const petals = (tables: GameTables, garden: Garden) => tables.current.rows(garden.plants)[0]!.petals;

test("[TB2] a file that has changed is in force once it stands still, and the other tables keep their rows", (t) => {
  const garden = new Garden(t);
  const files = garden.open();
  const tables = garden.reader();
  const beds = tables.current.rows(garden.beds);
  garden.write(garden.operator, "plants", [{ name: "rose", petals: 6 }]);
  files.look();
  assert.equal(tables.isStale(), false, "it may still be being written");
  files.look();
  assert.equal(tables.isStale(), true);
  assert.equal(petals(tables, garden), 5, "nothing changes between two refreshes");
  assert.equal(tables.refresh(), true);
  assert.equal(tables.isStale(), false);
  assert.equal(petals(tables, garden), 6);
  assert.equal(tables.current.rows(garden.beds), beds);
  assert.equal(tables.current.id, files.describe().set);
  garden.look();
  assert.equal(tables.isStale(), false, "nothing has changed since");
});

test("[TB3] a bad file is refused with one line that says where and why, and what was in force stays", (t) => {
  const garden = new Garden(t);
  const files = garden.open();
  const tables = garden.reader();
  const refusedFor = (json: unknown) => {
    garden.lines.length = 0;
    garden.write(garden.operator, "plants", json);
    for (let looks = 0; looks < 5; looks++) garden.look();
    assert.equal(garden.lines.length, 1);
    const [line] = garden.lines;
    assert.equal(line!.level, "error");
    assert.equal(line!.table, "plants");
    assert.equal(line!.file, join(garden.operator, "plants.json"));
    assert.equal(tables.isStale(), false);
    assert.equal(petals(tables, garden), 5);
    assert.equal(files.describe().tables.find(({ name }) => name === "plants")!.refused, line!.reason);
    return String(line!.reason);
  };
  assert.equal(refusedFor([{ name: "rose", petals: -1 }]), 'row 1, column "petals": got -1, want 0 or more');
  assert.match(refusedFor('[{"name": "rose",'), /JSON/);
  assert.match(refusedFor(`[${" ".repeat(TABLE_BYTES_MAX)}]`), /bytes, want at most/);
  assert.equal(files.describe().refusals, 3);
  garden.write(garden.operator, "plants", [{ name: "rose", petals: 7 }]);
  garden.look();
  assert.equal(tables.refresh(), true);
  assert.equal(petals(tables, garden), 7);
  assert.ok(files.describe().tables.every(({ refused }) => refused === ""));
});

test("[TB4] tables that do not go together are refused together, until the other one follows", (t) => {
  const garden = new Garden(t);
  garden.open();
  const tables = garden.reader();
  garden.lines.length = 0;
  garden.write(garden.operator, "beds", [{ plant: "tulip" }]);
  garden.look();
  assert.equal(tables.isStale(), false);
  assert.match(String(garden.lines[0]!.reason), /beds, row 1, column "plant": got tulip/);
  garden.write(garden.operator, "plants", [{ name: "tulip", petals: 6 }]);
  garden.look();
  assert.equal(tables.refresh(), true);
  assert.deepEqual(tables.current.rows(garden.beds), [{ plant: "tulip" }]);
  assert.deepEqual(tables.current.rows(garden.plants), [{ name: "tulip", petals: 6 }]);
});

test("[TB13] each table counts what was put in force of it, and what was refused, for itself or with others", (t) => {
  const garden = new Garden(t);
  const files = garden.open();
  const counts = () =>
    files
      .describe()
      .tables.map(({ name, reloads, refusals, refused }) => [name, reloads, refusals, refused !== ""]);
  const put = (name: string, json: unknown) => {
    garden.write(garden.operator, name, json);
    garden.look();
    return counts();
  };
  assert.deepEqual(counts(), [
    ["plants", 0, 0, false],
    ["beds", 0, 0, false],
  ]);
  assert.deepEqual(put("plants", "nothing"), [
    ["plants", 0, 1, true],
    ["beds", 0, 0, false],
  ]);
  assert.deepEqual(put("beds", [{ plant: "tulip" }]), [
    ["plants", 0, 1, true],
    ["beds", 0, 1, true],
  ]);
  assert.deepEqual(put("plants", [{ name: "tulip", petals: 6 }]), [
    ["plants", 1, 1, false],
    ["beds", 1, 1, false],
  ]);
});

test("[TB5] an operator's file goes before the shipped one, and without it the shipped one is in force again", (t) => {
  const garden = new Garden(t);
  garden.write(garden.operator, "plants", [{ name: "rose", petals: 8 }]);
  garden.open();
  const tables = garden.reader();
  const shippedId = GameTables.shipped(garden.specs).current.id;
  assert.equal(petals(tables, garden), 8);
  rmSync(join(garden.operator, "plants.json"));
  garden.look();
  tables.refresh();
  assert.equal(petals(tables, garden), 5);
  assert.equal(tables.current.id, shippedId, "equal sets have equal ids");
});

test("[TB6] a set is found by its id as long as it is kept, by later processes too; 32 are kept, and no more files", (t) => {
  const garden = new Garden(t);
  garden.open();
  const tables = garden.reader();
  const ids = [tables.current.id];
  for (let count = 10; count < 10 + TABLE_SETS_KEPT + 3; count++) {
    garden.write(garden.operator, "plants", [{ name: "rose", petals: count }]);
    garden.look();
    tables.refresh();
    ids.push(tables.current.id);
  }
  const later = garden.reader();
  const kept = ids.slice(-TABLE_SETS_KEPT);
  for (const [at, id] of kept.entries()) {
    const set = later.byId(id);
    assert.equal(set?.id, id);
    assert.equal(set!.rows(garden.plants)[0]!.petals, 10 + TABLE_SETS_KEPT + 3 - kept.length + at);
  }
  assert.equal(later.byId(ids[0]!), undefined);
  assert.equal(later.byId("../../etc/passwd"), undefined);
  // One more than is kept: what was given up last is removed with the next.
  assert.ok(readdirSync(setsFolder(garden.folder)).length <= TABLE_SETS_KEPT + 1);
  assert.ok(readdirSync(garden.folder).filter((name) => name.length > 64).length <= TABLE_SETS_KEPT + 2);
  // An older set that is in force again is the newest.
  garden.write(garden.operator, "plants", [{ name: "rose", petals: 20 }]);
  garden.look();
  tables.refresh();
  assert.ok(ids.includes(tables.current.id));
  assert.equal(garden.reader().current.id, tables.current.id);
});

test("[TB7] a set whose files are not what they were is not read", (t) => {
  const garden = new Garden(t);
  const files = garden.open();
  const { id } = garden.reader().current;
  garden.write(garden.operator, "plants", [{ name: "rose", petals: 9 }]);
  const hash = files.describe().tables[0]!.hash;
  garden.look();
  writeFileSync(tablePath(garden.folder, hash), '[{"name": "rose", "petals": 4}]');
  assert.equal(garden.reader().byId(id), undefined);
});

test("[TB8] at a start a bad file gives way to what was in force before; a first start is refused and says why", (t) => {
  const garden = new Garden(t);
  garden.write(garden.operator, "plants", [{ name: "rose", petals: -3 }]);
  assert.throws(
    () => garden.open(),
    (error: unknown) =>
      error instanceof StartRefused &&
      /operator.plants\.json: row 1, column "petals": got -3/.test(error.message),
  );
  garden.write(garden.operator, "plants", [{ name: "rose", petals: 3 }]);
  garden.open();
  garden.write(garden.operator, "plants", "nothing");
  garden.lines.length = 0;
  const files = garden.open();
  assert.equal(garden.lines.length, 1);
  assert.notEqual(files.describe().tables[0]!.refused, "");
  assert.equal(petals(garden.reader(), garden), 3);
  // A set that does not go together, likewise.
  garden.write(garden.operator, "plants", [{ name: "daisy", petals: 30 }]);
  garden.open();
  assert.equal(petals(garden.reader(), garden), 3);
  garden.write(garden.operator, "beds", [{ plant: "daisy" }]);
  garden.look();
  assert.equal(petals(garden.reader(), garden), 30);
});
