import assert from "node:assert/strict";
import { test } from "node:test";
import { LaneWriter } from "../engine/lane/lane.js";
import { CELL_MESSAGE_BODY, CELL_MESSAGE_FLAGS, CELL_PROMOTES, toNet } from "../engine/lane/to-net.js";
import { Counters, createCounters } from "../engine/memory/counters.js";
import { createDoorbell, Doorbell } from "../engine/memory/doorbell.js";
import { createRing, RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { shardCatalogue } from "../engine/metrics.js";
import { EntityTable } from "../engine/room/entity-table.js";
import { createGrid } from "../engine/space/grid.js";
import { decodeFrames, decodeProfiles } from "../engine/wire/codec.js";
import { messageTypes } from "../engine/wire/message-types.js";
import { Publisher } from "./publisher.js";

const LANE_BYTES = 1024;

/** A publisher of one cell whose lane is as full as a test wants it, and what somebody who hears the cell makes of it. */
class Stage {
  readonly entities = new EntityTable({ capacity: 64, cellCount: 1, columns: {} });
  readonly publisher: Publisher;
  readonly names = new Map<number, string>();
  readonly #writer: RingWriter;
  readonly #reader: RingReader;
  readonly seen = new Set<number>();
  readonly #ids = new Map<number, number>();
  messagesOfNames = 0;
  isPromoted = false;
  #tick = 0;

  constructor(laneBytes = LANE_BYTES) {
    const memory = createRing(laneBytes);
    this.#writer = new RingWriter(memory);
    this.#reader = new RingReader(memory);
    this.publisher = new Publisher({
      grid: createGrid(1, 1, 24),
      entities: this.entities,
      lane: new LaneWriter(this.#writer, new Doorbell(createDoorbell()), { outboxBytesMax: 0 }),
      counters: new Counters(createCounters(shardCatalogue), shardCatalogue),
      profileOf: (id) => ({ name: this.names.get(id)!, level: 1 }),
      movesPerCellMax: 128,
    });
  }

  add(id: number, name: string): number {
    this.names.set(id, name);
    const row = this.entities.add({ id, x: 5, y: 5, cell: 0, owner: 0 });
    this.publisher.entered(row);
    return row;
  }

  /** Leaves no more room than so many bytes in the lane. */
  fill(bytes: number): void {
    const filler = new Uint8Array(8);
    for (let filled = 0; filled + 16 <= LANE_BYTES - bytes; filled += 16) {
      // Before the end of the memory less fits than there is.
      if (!this.#writer.offer(toNet.tickDone, filler)) return;
    }
  }

  publish(): void {
    this.publisher.publish(0, ++this.#tick);
    this.#writer.publish();
    this.#reader.drain(this.#onRecord, 1000);
  }

  readonly #onRecord = (type: number, at: number, length: number): void => {
    if (type !== toNet.cellMessage) return;
    const message = this.#reader.bytes.slice(at + CELL_MESSAGE_BODY, at + length);
    if ((this.#reader.bytes[at + CELL_MESSAGE_FLAGS]! & CELL_PROMOTES) !== 0) this.isPromoted = true;
    if (message[0] === messageTypes.profiles) {
      this.messagesOfNames++;
      for (const { id, name } of decodeProfiles(message).profiles) this.known.set(id, name);
      return;
    }
    decodeFrames(message, {
      onFrame: (_cell, _tick, isKeyframe) => {
        if (isKeyframe) this.seen.clear();
      },
      onAppear: (id, _x, _y, slot) => {
        this.seen.add(id);
        this.#ids.set(slot, id);
      },
      onLeave: (slot) => this.seen.delete(this.#ids.get(slot)!),
      onChange: () => {},
      onMove: () => {},
      onProfile: ({ id, name }) => this.known.set(id, name),
    });
  };

  readonly known = new Map<number, string>();
}

test("[SI7] however full the lane is, whoever is seen has a name in the end", () => {
  let withoutName = 0;
  for (let room = 0; room < 320; room += 16) {
    for (const names of [["Ann"], ["Ann", "Bea"]]) {
      const stage = new Stage();
      stage.publisher.wantKeyframe(0);
      stage.publish();
      assert.ok(stage.isPromoted);
      for (const [id, name] of names.entries()) stage.add(id, name);
      stage.fill(room);
      stage.publish();
      // One name goes with its frame; two do not fit the longest record.
      if (names.length === 1) assert.equal(stage.known.size, stage.seen.size, `${room} bytes`);
      else if (stage.known.size < stage.seen.size) withoutName++;
      stage.publish();
      assert.deepEqual([...stage.seen].sort(), [...names.keys()], `${room} bytes`);
      assert.deepEqual([...stage.known.values()].sort(), names, `${room} bytes`);
    }
  }
  assert.ok(withoutName > 0, "there was room for a frame and none for the names");
});

test("[SI7] a keyframe waits until there is room for its names too", () => {
  for (let room = 0; room < 320; room += 16) {
    const stage = new Stage();
    stage.add(1, "Ann");
    stage.publish();
    stage.known.clear();
    stage.publisher.wantKeyframe(0);
    stage.fill(room);
    stage.publish();
    if (stage.isPromoted) assert.equal(stage.known.get(1), "Ann", `${room} bytes`);
    stage.publish();
    assert.ok(stage.isPromoted);
    assert.equal(stage.known.get(1), "Ann");
  }
});

test("[SI7] names come in as many messages as they need; a row's next owner has a name of their own", () => {
  const stage = new Stage(LANE_BYTES * 8);
  const rows = Array.from({ length: 40 }, (_, id) => stage.add(id + 1, `somebody number ${id}`));
  for (let tick = 0; tick < 3; tick++) stage.publish();
  for (let id = 1; id <= rows.length; id++) assert.equal(stage.known.get(id), stage.names.get(id));
  assert.ok(stage.messagesOfNames > 1);
  stage.publisher.leaving(rows[0]!);
  stage.entities.remove(rows[0]!);
  assert.equal(stage.add(99, "Zoë"), rows[0], "the row is given out again");
  for (let tick = 0; tick < 3; tick++) stage.publish();
  assert.equal(stage.known.get(99), "Zoë");
});
