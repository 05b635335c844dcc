import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { readApplied, readEvent, readRoomJoined, readRoomLeft, toNet } from "../engine/lane/to-net.js";
import { readSettled, toStore } from "../engine/lane/to-store.js";
import { limits } from "../engine/limits.js";
import { createLog, type LogFields } from "../engine/log.js";
import { shardMetric } from "../engine/metrics.js";
import type { Room, RoomContext, RoomType, TableSpec } from "../engine/room/game.js";
import { GameTables } from "../engine/room/game-tables.js";
import {
  currentPath,
  encodeManifest,
  setIdOf,
  setPath,
  setsFolder,
  tableHash,
  tablePath,
} from "../engine/room/table-folder.js";
import { refusals } from "../engine/wire/codes.js";
import { engineEvents, eventScopes } from "../engine/wire/message-types.js";
import { durableRoom, fieldKinds, givingField, roomKinds } from "./durable-game.js";
import { type RigOptions, ShardRig } from "./shard-rig.js";
import { intents, walkingField } from "./walking-field.js";

function rigOf(options: Partial<RigOptions> = {}): ShardRig {
  const rig = new ShardRig({
    shards: 1,
    field: givingField,
    rooms: [durableRoom()],
    checkpointSeconds: 1,
    ...options,
  });
  rig.step();
  rig.seeEverything();
  rig.join(1, 5, 5);
  rig.run(2);
  return rig;
}

/** Opens a durable room with session 1 in it, by intent `seq`. */
function open(rig: ShardRig, seq = 1): number {
  rig.intent(
    1,
    rig.shards[0]!.field.field.constructor.name === "GivingField" ? fieldKinds.open : intents.openRoom,
    seq,
  );
  rig.run(2);
  return seatsOf(rig).at(-1)!.roomId;
}

function heard(rig: ShardRig, type: number): ByteReader[] {
  return rig.heard.filter((record) => record.type === type).map((record) => new ByteReader(record.payload));
}

const seatsOf = (rig: ShardRig) => heard(rig, toNet.roomJoined).map(readRoomJoined);
const leftOf = (rig: ShardRig) => heard(rig, toNet.roomLeft).map(readRoomLeft);
const eventsOf = (rig: ShardRig) => heard(rig, toNet.event).map(readEvent);
const refusedOf = (rig: ShardRig) =>
  eventsOf(rig).filter((event) => event.scope === eventScopes.engine && event.kind === engineEvents.refused);

function kept(rig: ShardRig, type: number) {
  return rig.kept.records.filter((record) => record.type === type);
}

function restart(rig: ShardRig): void {
  rig.kill(0);
  rig.start(0);
  rig.run(2);
}

/** A durable room that does what a test says. */
function room(hooks: (context: RoomContext) => Room, tickHz = 20): RoomType {
  return {
    name: "tested",
    tickHz,
    membersMax: 4,
    intents: [],
    isDurable: true,
    onSocketLost: "stay",
    create: (context) => ({ checkpoint: () => {}, restore: () => {}, ...hooks(context) }),
  };
}

const walking = { field: walkingField } as const;

test("[DR1] a timer is due at the tick at which it was, whether a checkpoint knows of it or not", () => {
  const dueAt = (death: "none" | "thread" | "process", checkpointSeconds: number) => {
    const due: number[] = [];
    const type = room((context) => ({
      onTick: () => {
        if (context.tick === 5) context.setTimer(3, 100);
      },
      onTimer: () => due.push(rig.shards[0]!.rooms.tick),
    }));
    const options = { ...walking, rooms: [type], checkpointSeconds };
    let rig = rigOf(options);
    open(rig);
    rig.run(50);
    if (death === "thread") restart(rig);
    if (death === "process") rig = new ShardRig({ shards: 1, ...options, after: rig });
    rig.run(100);
    return due;
  };
  const due = dueAt("none", 100);
  assert.equal(due.length, 1);
  for (const seconds of [1, 100]) {
    assert.deepEqual(dueAt("thread", seconds), due);
    assert.deepEqual(dueAt("process", seconds), due);
  }
});

test("[DR23] a timer that had fired before a death does not fire again behind it", () => {
  for (const death of ["thread", "process"]) {
    const type = room((context) => ({
      onTick: () => {
        if (context.tick === 5) context.setTimer(3, 10);
      },
      onTimer: () => context.tellAll(1, new Uint8Array()),
    }));
    const options = { ...walking, rooms: [type], checkpointSeconds: 100 };
    let rig = rigOf(options);
    const roomId = open(rig);
    rig.run(30);
    assert.equal(rig.shards[0]!.rooms.get(roomId)!.roomSeq, 1);
    if (death === "thread") restart(rig);
    else rig = new ShardRig({ shards: 1, ...options, after: rig });
    rig.run(30);
    assert.equal(rig.shards[0]!.rooms.get(roomId)!.roomSeq, 1, death);
  }
});

test("[DR4] a checkpoint stands behind the inputs of its tick, is written once in its time, and only of what has changed", () => {
  const telling = room((context) => ({ onTick: () => context.tellAll(1, new Uint8Array()) }));
  const rig = rigOf({ ...walking, rooms: [telling] });
  const roomId = open(rig);
  rig.run(100);
  const written = kept(rig, toStore.roomCheckpoint).length;
  assert.ok(written >= 4 && written <= 7, `${written} checkpoints in five seconds`);
  const { records } = rig.kept;
  for (const [at, record] of records.entries()) {
    if (record.type !== toStore.roomCheckpoint) continue;
    const behind = records.slice(at).filter((other) => other.type === toStore.roomInputs);
    assert.ok(
      behind.every((other) => other.tick > record.tick),
      "inputs of the tick precede",
    );
  }
  rig.shards[0]!.rooms.get(roomId)!.setActive(false);
  rig.run(25);
  const before = kept(rig, toStore.roomCheckpoint).length;
  rig.run(100);
  assert.equal(kept(rig, toStore.roomCheckpoint).length, before, "nothing has changed");
});

test("[DR5] a room whose checkpoint is too long, or throws, is stopped by name, and others go on", () => {
  let made = 0;
  const type = room(() => {
    const number = ++made;
    return {
      checkpoint: (out) => {
        if (number === 1) out.raw(new Uint8Array(limits.roomCheckpointBytesMax));
        if (number === 2) throw new Error("no");
      },
    };
  });
  const rig = rigOf({ ...walking, rooms: [type] });
  const rooms = [open(rig, 1), open(rig, 2), open(rig, 3)];
  rig.run(30);
  const code = refusals.roomFailed.code;
  assert.deepEqual(
    leftOf(rig).sort((a, b) => a.roomId - b.roomId),
    rooms.slice(0, 2).map((roomId) => ({ session: 1, roomId, code })),
  );
  assert.deepEqual(
    [...rig.shards[0]!.rooms.values()].map((host) => host.roomId),
    rooms.slice(2),
  );
  assert.equal(rig.kept.rooms.size, 1, "they are not restored either");
});

test("[DR6] a room that throws again in its replay is in quarantine, and all others come back", () => {
  let isBroken = false;
  const type = room((context) => ({
    onCreate: () => context.setTimer(1, 3),
    onTimer: () => {
      if (isBroken && context.roomId === first) throw new Error("the room's own bug");
    },
  }));
  const rig = rigOf({ ...walking, rooms: [type], checkpointSeconds: 100 });
  const first = open(rig, 1);
  const second = open(rig, 2);
  rig.run(10);
  isBroken = true;
  restart(rig);
  assert.deepEqual(leftOf(rig), [{ session: 1, roomId: first, code: refusals.roomFailed.code }]);
  assert.deepEqual(
    [...rig.shards[0]!.rooms.values()].map((host) => host.roomId),
    [second],
  );
  assert.equal(rig.shards[0]!.counters.get(shardMetric.rooms_quarantined_total), 1);
  assert.deepEqual([...rig.kept.rooms.keys()], [second], "it is closed for good");
});

test("[DR26] a room that cannot be read is set aside alone, its members told, and comes back with a game that can", () => {
  let isBroken = false;
  const type = room(() => ({
    restore: (from) => {
      if (isBroken) from.f64();
    },
  }));
  const rig = rigOf({ ...walking, rooms: [type] });
  const roomId = open(rig);
  rig.run(30);
  isBroken = true;
  restart(rig);
  assert.equal(rig.shards[0]!.rooms.count, 0);
  assert.equal(rig.shards[0]!.counters.get(shardMetric.rooms_aside), 1);
  assert.deepEqual(leftOf(rig), [{ session: 1, roomId, code: refusals.roomFailed.code }]);
  assert.equal(rig.kept.rooms.size, 1, "it stays in the journal");
  isBroken = false;
  restart(rig);
  assert.equal(rig.shards[0]!.counters.get(shardMetric.rooms_aside), 0);
  assert.equal(rig.shards[0]!.rooms.get(roomId)!.members.size, 1);
  assert.equal(seatsOf(rig).at(-1)!.session, 1);
});

test("[DR26] rooms of a type that is gone, or of another version of its state, are set aside: one line for each reason", () => {
  const calls: string[] = [];
  const typeOf = (name: string, stateVersion?: number): RoomType => ({
    ...room(() => ({
      onCreate: () => {
        calls.push(`${name} ${stateVersion} begins`);
      },
      restore: () => {
        calls.push(`${name} ${stateVersion} goes on`);
      },
    })),
    name,
    ...(stateVersion === undefined ? {} : { stateVersion }),
  });
  for (const checkpointSeconds of [1, 100]) {
    const options = { ...walking, checkpointSeconds };
    const before = rigOf({ ...options, rooms: [typeOf("tested", 1)] });
    const roomIds = [open(before, 1), open(before, 2)];
    before.run(30);
    const lives: [RoomType[], number, string[]][] = [
      [[typeOf("other")], 2, ["no game has a durable room type of the name tested"]],
      [[typeOf("tested", 2)], 2, ["its state is of tested#1, and the game has tested#2"]],
      [[typeOf("tested")], 2, ["its state is of tested#1, and the game has tested"]],
      [[typeOf("tested", 1)], 0, []],
    ];
    let last = before;
    for (const [rooms, aside, whys] of lives) {
      calls.length = 0;
      const lines: LogFields[] = [];
      const log = createLog("test", {
        level: "error",
        wallMs: () => 0,
        sink: (line) => lines.push(JSON.parse(line)),
      });
      last = rigOf({ ...options, rooms, after: last, log });
      assert.equal(last.shards[0]!.counters.get(shardMetric.rooms_aside), aside);
      assert.equal(last.shards[0]!.rooms.count, 2 - aside);
      assert.deepEqual(
        lines.map(({ why, rooms: count, first }) => [why, count, first]),
        whys.map((why) => [why, 2, roomIds.join(" ")]),
      );
      assert.equal(last.kept.rooms.size, 2, "they stay in the journal");
      assert.equal(calls.length, 2 - aside, "no code sees a state that it does not know");
    }
  }
});

test("[DR7] while the journal does not accept, what must be safe waits or is refused, and everything else goes on", () => {
  const rig = rigOf();
  const roomId = open(rig);
  const host = rig.shards[0]!.rooms.get(roomId)!;
  rig.run(5);
  rig.setJournalState("full");
  rig.run(2);
  const { tick, roomSeq } = host;
  const seats = seatsOf(rig).length;
  const before = kept(rig, toStore.entity).length;
  rig.roomIntent(1, 0, roomId, roomKinds.tell, 2);
  rig.intent(1, fieldKinds.keepSafe, 3);
  rig.intent(1, fieldKinds.open, 4);
  rig.intent(1, fieldKinds.join, 5, new ByteWriter().u32(roomId).bytes());
  rig.move(1, 127, 0);
  const { x } = rig.shards[0]!.field.entities;
  const { row } = rig.shards[0]!.field.members.get(1)!;
  const from = x[row]!;
  const frames = rig.heard.filter((record) => record.type === toNet.cellMessage).length;
  rig.run(40);
  assert.deepEqual([host.tick, host.roomSeq], [tick, roomSeq], "the room stands still");
  assert.equal(seatsOf(rig).length, seats, "none is opened");
  const codes = refusedOf(rig).map((event) => [
    new DataView(event.body.buffer).byteLength > 0,
    event.isDurable,
  ]);
  assert.equal(codes.length, 2, "the two that must be safe are refused");
  assert.equal(rig.shards[0]!.counters.get(shardMetric.intents_not_durable_total), 2);
  assert.equal(kept(rig, toStore.entity).length, before);
  assert.ok(x[row]! > from, "people walk");
  assert.ok(
    rig.heard.filter((record) => record.type === toNet.cellMessage).length > frames + 30,
    "and are seen",
  );
  rig.setJournalState("accepting");
  rig.run(10);
  assert.ok(host.tick > tick, "the room goes on");
});

test("[DR22] a journal that is full still takes one checkpoint of each room that has news, or it would be full for ever", () => {
  const rig = rigOf({ checkpointSeconds: 1 });
  const roomId = open(rig);
  rig.run(2);
  rig.setJournalState("failing");
  rig.run(2);
  const before = kept(rig, toStore.roomCheckpoint).length;
  rig.run(50);
  assert.equal(kept(rig, toStore.roomCheckpoint).length, before, "none while the disk does not write");
  rig.setJournalState("full");
  rig.run(100);
  assert.equal(kept(rig, toStore.roomCheckpoint).length, before + 1, "then it stands still");
  assert.equal(rig.kept.rooms.get(roomId)!.inputs.length, 0, "and its inputs are forgotten");
});

test("[DR8] a shard does nothing before it has been told what survived; then it tells net", () => {
  const telling = room((context) => ({ onIntent: (member) => context.tell(member, 1, new Uint8Array()) }));
  const rig = rigOf({ ...walking, rooms: [telling] });
  const roomId = open(rig);
  rig.roomIntent(1, 0, roomId, roomKinds.tell, 2);
  rig.run(3);
  rig.isStoreReading = false;
  rig.kill(0);
  const shard = rig.start(0);
  rig.heard.length = 0;
  rig.session(4, 1);
  rig.run(20);
  assert.equal(rig.heard.length, 0, "it waits");
  assert.equal(rig.control.isTicking(0), false, "and nobody waits for it");
  rig.isStoreReading = true;
  rig.run(3);
  assert.equal(shard.rooms.get(roomId)?.members.size, 1);
  const order = rig.heard.map((record) => record.type);
  assert.equal(order[0], toNet.hello);
  const end = order.indexOf(toNet.restored);
  assert.ok(order.indexOf(toNet.roomJoined) < end && order.indexOf(toNet.roomJoined) > 0);
  assert.ok(order.indexOf(toNet.event) < end && order.indexOf(toNet.event) > 0);
  assert.deepEqual(
    heard(rig, toNet.applied)
      .map(readApplied)
      .map(({ session, room: of, applied }) => [session, of, applied]),
    [[1, roomId, 2]],
  );
});

test("[DR8] what was meant for a predecessor that died as it was restored is not taken for one's own", () => {
  const rig = rigOf();
  const roomId = open(rig);
  rig.run(3);
  rig.kill(0);
  rig.start(0);
  rig.start(0);
  rig.run(3);
  assert.equal(rig.shards[0]!.rooms.count, 1);
  assert.equal(rig.shards[0]!.rooms.get(roomId)?.members.size, 1);
  assert.equal(rig.shards[0]!.rooms.activeCount, 1);
});

test("[DR25] a room comes back through smaller rings than it was kept through", () => {
  const heardByRoom: number[] = [];
  const type = room(() => ({
    onIntent: (_member, intent) => {
      heardByRoom.push(intent.seq, intent.body.length);
    },
  }));
  const options = { ...walking, rooms: [type], checkpointSeconds: 100 };
  const rig = rigOf({ ...options, ringBytes: 1 << 20 });
  const roomId = open(rig);
  for (let seq = 2; seq < 8; seq++) rig.roomIntent(1, 0, roomId, 1, seq, new Uint8Array(4000).fill(seq));
  rig.run(2);
  const before = heardByRoom.splice(0);
  assert.equal(before.length, 12);
  const next = rigOf({ ...options, ringBytes: 1 << 16, after: rig });
  assert.deepEqual(heardByRoom, before, "everything in one tick, as it was");
  assert.equal(next.shards[0]!.rooms.get(roomId)!.members.size, 1);
});

test("[DR9] a new room never gets the number of one that was restored, here or on another shard", () => {
  const rig = rigOf({ shards: 2 });
  const ids = new Set(Array.from({ length: 40 }, (_, seq) => open(rig, seq + 1)));
  assert.equal(ids.size, 40);
  // So many starts that the incarnation's part of a number is what it was.
  rig.control.setIncarnationBase(64);
  const next = new ShardRig({ shards: 2, field: givingField, rooms: [durableRoom()], after: rig });
  next.run(2);
  next.join(1, 5, 5);
  next.run(2);
  for (let seq = 1; seq <= 40; seq++) ids.add(open(next, seq));
  assert.equal(ids.size, 80);
});

test("[DR10] a room that is not durable writes nothing and ends with its thread", () => {
  const type: RoomType = { ...room(() => ({})), isDurable: false };
  const rig = rigOf({ ...walking, rooms: [type] });
  open(rig);
  rig.run(30);
  for (const type of [toStore.roomInputs, toStore.roomCheckpoint, toStore.roomClosed])
    assert.equal(kept(rig, type).length, 0);
  assert.ok(eventsOf(rig).every((event) => event.roomSeq === 0));
  restart(rig);
  assert.equal(rig.shards[0]!.rooms.count, 0);
});

test("[DR11] a room goes by the tables it was opened with, also when it comes back", () => {
  const folder = mkdtempSync(join(tmpdir(), "gridshard-tables-"));
  try {
    const shipped = join(folder, "things.json");
    writeFileSync(shipped, "[1]");
    const things: TableSpec<number> = {
      name: "things",
      file: pathToFileURL(shipped),
      parse: (json) => json as number[],
    };
    let version = 0;
    const sets: string[] = [];
    const putInForce = (value: number, isOldKept: boolean) => {
      const bytes = new TextEncoder().encode(`[${value}]`);
      const manifest = new Map([["things", tableHash(bytes)]]);
      const id = setIdOf(manifest);
      mkdirSync(setsFolder(folder), { recursive: true });
      writeFileSync(tablePath(folder, tableHash(bytes)), bytes);
      writeFileSync(setPath(folder, id), encodeManifest(manifest));
      if (!isOldKept) for (const old of sets.splice(0)) rmSync(setPath(folder, old));
      sets.unshift(id);
      writeFileSync(currentPath(folder), JSON.stringify({ sets }));
      version++;
    };
    const tables = () =>
      new GameTables({ specs: { list: [things], checks: [] }, folder, version: () => version });
    putInForce(1, true);
    const seen: string[] = [];
    const type = room((context) => ({
      onTimer: () =>
        seen.push(`${context.roomId === first ? "first" : "second"} ${context.table(things)[0]}`),
    }));
    const options = { ...walking, rooms: [type], checkpointSeconds: 100 };
    const rig = rigOf({ ...options, gameTables: tables() });
    const first = open(rig, 1);
    putInForce(2, true);
    rig.run(2);
    const second = open(rig, 2);
    const read = (of: ShardRig) => {
      seen.length = 0;
      for (const roomId of [first, second]) of.shards[0]!.rooms.get(roomId)!.setTimer(0, 1);
      of.run(3);
      return seen;
    };
    assert.deepEqual(read(rig), ["first 1", "second 2"]);
    const next = new ShardRig({ ...options, shards: 1, gameTables: tables(), after: rig });
    next.run(2);
    assert.deepEqual(read(next), ["first 1", "second 2"]);
    putInForce(3, false);
    const last = new ShardRig({ ...options, shards: 1, gameTables: tables(), after: next });
    last.run(2);
    assert.deepEqual(read(last), ["first 3", "second 3"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("[DR12] what a tick said waits until its group is on the lane; frames do not", () => {
  const rig = rigOf({ ringBytes: 65_536, shards: 2 });
  rig.join(2, 35, 5);
  rig.run(3);
  rig.isStoreReading = false;
  rig.heard.length = 0;
  let seq = 0;
  const { counters } = rig.shards[0]!;
  for (let tick = 0; tick < 200 && counters.get(shardMetric.held_ticks_total) === 0; tick++) {
    for (let count = 0; count < 20; count++) rig.intent(1, fieldKinds.keepSafe, ++seq);
    rig.step();
  }
  assert.equal(counters.get(shardMetric.held_ticks_total), 1, "the lane is full");
  const told = () =>
    heard(rig, toNet.applied)
      .map((from) => readApplied(from).applied)
      .at(-1) ?? 0;
  const before = told();
  assert.ok(before < seq, "the last tick's is not told");
  const frames = () =>
    rig.heard.filter((record) => record.shard === 0 && record.type === toNet.cellMessage).length;
  const seen = frames();
  // From here on by those whose word is heard: a grant for the other shard.
  const to = new ByteWriter().u32(5).hex16("2".padStart(32, "0")).u32(2).u32(3);
  rig.intent(1, fieldKinds.give, ++seq, to.bytes());
  rig.run(30);
  assert.equal(told(), before);
  assert.ok(frames() > seen + 20, "frames are seen");
  const gold = () => rig.shards[1]!.field.members.get(2)!.player.gold;
  assert.equal(gold(), 0, "and no neighbour acts on what is not safe");
  rig.isStoreReading = true;
  rig.run(5);
  assert.equal(told(), seq);
  assert.equal(gold(), 5);
  const ticks = heard(rig, toNet.tickDone).map((from) => from.u32());
  assert.ok(ticks.length > 30);
  assert.equal(counters.get(shardMetric.store_records_refused_total), 0);
});

test("[DR13] every reliable intent is in the group of the tick in which net hears of it", () => {
  const rig = rigOf();
  const roomId = open(rig);
  for (let seq = 2; seq < 60; seq++) {
    if (seq % 3 === 0) rig.roomIntent(1, 0, roomId, roomKinds.tell, seq);
    else rig.intent(1, seq % 3 === 1 ? fieldKinds.keepSafe : 99, seq);
    if (seq % 4 === 0) rig.step();
  }
  rig.run(2);
  const settled = new Map<string, number>();
  for (const { tick, payload } of kept(rig, toStore.settled)) {
    const { room: of, seqs } = readSettled(new ByteReader(payload));
    for (const seq of seqs) settled.set(`${of}:${seq}`, tick);
  }
  assert.equal(settled.size, 59);
  for (const from of heard(rig, toNet.applied)) {
    const { room: of, applied, tick } = readApplied(from);
    assert.equal(settled.get(`${of}:${applied}`), tick);
  }
});

test("[DR14] a dormant durable room costs nothing", () => {
  const rig = rigOf({ ...walking, rooms: [room(() => ({}), 0)] });
  open(rig);
  rig.run(30);
  for (let cell = 0; cell < rig.grid.cellCount; cell++) rig.sight(cell, 0);
  rig.run(3);
  const records = rig.kept.records.length;
  rig.run(100);
  assert.equal(rig.kept.records.length, records);
  assert.equal(rig.control.isTicking(0), false);
  assert.equal(rig.shards[0]!.waitMs(rig.clock.nowMs()), Number.POSITIVE_INFINITY);
  restart(rig);
  rig.run(3);
  assert.equal(rig.shards[0]!.rooms.count, 1);
  assert.equal(rig.control.isTicking(0), false, "and nothing when it is back");
});

test("[RM9] a room whose timer ends it in the tick at which it was to tick does not tick", () => {
  for (const end of ["close", "rest"] as const) {
    let ticks = 0;
    const type = room((context) => ({
      onCreate: () => context.setTimer(0, 10),
      onTick: () => {
        ticks++;
      },
      onTimer: () => {
        if (end === "close") context.close();
        else context.setActive(false);
      },
    }));
    const rig = rigOf({ ...walking, rooms: [{ ...type, isDurable: false }] });
    open(rig);
    rig.run(6);
    const before = ticks;
    rig.run(20);
    assert.ok(ticks - before <= 4 && ticks >= 8, `${ticks} ticks`);
    assert.equal(rig.shards[0]!.rooms.activeCount, 0);
  }
});
