import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { ControlBlock, createControl } from "../engine/memory/control-block.js";
import { EntityTable, NO_ROW } from "../engine/room/entity-table.js";
import { createGrid } from "../engine/space/grid.js";
import { Ghosts } from "./ghosts.js";
import { PeerLinks } from "./peer-links.js";

const OURS = 0;
const THEIRS = 1;
const CELL = 1;

/** Shard 0 of two, which own a cell each. */
function shardWithGhosts(capacity: number) {
  const entities = new EntityTable({ capacity, cellCount: 2 });
  const control = new ControlBlock(createControl(2));
  const peers = new PeerLinks({ links: [null, null], control, incarnation: 0 });
  const grid = createGrid(2, 1, 16);
  const ghosts = new Ghosts({ grid, shard: OURS, entities, peers, ownerOf: (cell) => cell });
  return { entities, ghosts };
}

/** What a neighbour says of its cell: each of these at x, and all else of it as its number. */
function shown(rows: readonly (readonly [id: number, x: number])[]): ByteReader {
  const out = new ByteWriter(256).u32(CELL).u16(rows.length);
  for (const [id, x] of rows) {
    out.u32(id).f64(x).f64(id).f64(id).f64(id);
    for (let byte = 0; byte < 6; byte++) out.u8(id);
  }
  return new ByteReader(out.bytes());
}

function placesOf(entities: EntityTable, ids: readonly number[]): (number | undefined)[] {
  return ids.map((id) => {
    const row = entities.rowOf(id);
    return row === NO_ROW ? undefined : entities.x[row];
  });
}

test("[HO13] who is ours already is passed over in what a neighbour shows, and who comes behind is shown", () => {
  const { entities, ghosts } = shardWithGhosts(8);
  entities.add({ id: 6, x: 3, y: 3, cell: 0, owner: OURS });
  const from = shown([
    [5, 17],
    [6, 18],
    [7, 19],
  ]);
  ghosts.receive(THEIRS, from);
  assert.equal(from.left(), 0);
  assert.deepEqual(placesOf(entities, [5, 6, 7]), [17, 3, 19]);
  assert.deepEqual(
    [5, 6, 7].map((id) => entities.isGhost(entities.rowOf(id))),
    [true, false, true],
  );
});

test("[HO13] whom there is no room for is passed over, and who is known and comes behind is brought up to date", () => {
  const { entities, ghosts } = shardWithGhosts(2);
  ghosts.receive(
    THEIRS,
    shown([
      [5, 17],
      [7, 19],
    ]),
  );
  const from = shown([
    [5, 20],
    [6, 21],
    [7, 22],
  ]);
  ghosts.receive(THEIRS, from);
  assert.equal(from.left(), 0);
  assert.deepEqual(placesOf(entities, [5, 6, 7]), [20, undefined, 22]);
});

test("[HO13] who is not shown any more is gone, and so is all that a lost neighbour owned", () => {
  const { entities, ghosts } = shardWithGhosts(8);
  ghosts.receive(
    THEIRS,
    shown([
      [5, 17],
      [7, 19],
    ]),
  );
  ghosts.receive(THEIRS, shown([[7, 20]]));
  assert.deepEqual(placesOf(entities, [5, 7]), [undefined, 20]);
  ghosts.peerLost(THEIRS);
  assert.deepEqual(placesOf(entities, [5, 7]), [undefined, undefined]);
});
