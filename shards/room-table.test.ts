import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { readEvent, readRoomJoined, readRoomLeft, toNet } from "../engine/lane/to-net.js";
import type { Room, RoomContext, RoomType } from "../engine/room/game.js";
import { refusals } from "../engine/wire/codes.js";
import { ShardRig } from "./shard-rig.js";
import { intents, walkingField } from "./walking-field.js";

/** What the room under test did, and how it is to behave. Reset by every rig. */
interface Probe {
  ticks: number;
  disposed: number;
  left: number[];
  timers: number[];
  suspended: string[];
  failAt: number;
  context?: RoomContext;
}

function roomRig(options: { tickHz: number; failAt?: number; onCreate?: (context: RoomContext) => void }) {
  const probe: Probe = {
    ticks: 0,
    disposed: 0,
    left: [],
    timers: [],
    suspended: [],
    failAt: options.failAt ?? 0,
  };
  const create = (context: RoomContext): Room => {
    probe.context = context;
    return {
      onCreate: () => options.onCreate?.(context),
      onTick: () => {
        if (++probe.ticks === probe.failAt) throw new Error("the room's own bug");
      },
      onTimer: (id) => probe.timers.push(id),
      onLeave: (member) => probe.left.push(member.session),
      onDrop: () => probe.suspended.push("drop"),
      onReconnect: () => probe.suspended.push("reconnect"),
      onIntent: (member, intent) => context.tell(member, intent.kind, Uint8Array.of(intent.seq)),
      onDispose: () => {
        probe.disposed++;
      },
    };
  };
  const tested: RoomType = {
    name: "tested",
    tickHz: options.tickHz,
    membersMax: 2,
    intents: [],
    onSocketLost: "stay",
    create,
  };
  const rig = new ShardRig({ shards: 1, field: walkingField, rooms: [tested] });
  rig.step();
  rig.join(1, 15, 5);
  rig.run(2);
  return { rig, probe, shard: rig.shards[0]! };
}

function open(rig: ShardRig): number {
  rig.intent(1, intents.openRoom, 1);
  rig.run(2);
  const joined = rig.heard.filter((record) => record.type === toNet.roomJoined).at(-1)!;
  return readRoomJoined(new ByteReader(joined.payload)).roomId;
}

test("[RM1] a room at 10 ticks a second in a world at 20 ticks at every second world tick", () => {
  const { rig, probe } = roomRig({ tickHz: 10 });
  open(rig);
  rig.run(40);
  assert.ok(Math.abs(probe.ticks - 20) <= 1, `${probe.ticks} ticks`);
});

test("[RM2] a room that throws is stopped alone, and its members are told", () => {
  const { rig, probe, shard } = roomRig({ tickHz: 20, failAt: 5 });
  const roomId = open(rig);
  rig.run(20);
  assert.equal(probe.ticks, 5);
  assert.equal(probe.disposed, 1);
  assert.equal(shard.rooms.count, 0);
  const left = rig.heard.filter((record) => record.type === toNet.roomLeft);
  assert.deepEqual(
    left.map((record) => readRoomLeft(new ByteReader(record.payload))),
    [{ session: 1, roomId, code: refusals.roomFailed.code }],
  );
  assert.equal(shard.field.members.size, 1, "the field goes on");
});

test("[RM3] a room without ticks costs no tick, and the shard falls asleep beside it", () => {
  const { rig, probe, shard } = roomRig({ tickHz: 0 });
  open(rig);
  rig.run(30);
  assert.equal(probe.ticks, 0);
  assert.equal(shard.rooms.count, 1);
  assert.equal(rig.control.isTicking(0), false);
  assert.equal(shard.waitMs(rig.clock.nowMs()), Number.POSITIVE_INFINITY);
});

test("[RM4] a timer is due once, at its tick, also in a shard that has fallen asleep", () => {
  const { rig, probe, shard } = roomRig({ tickHz: 0, onCreate: (context) => context.setTimer(3, 50) });
  open(rig);
  rig.run(20);
  assert.deepEqual(probe.timers, []);
  assert.equal(rig.control.isTicking(0), false);
  assert.ok(shard.waitMs(rig.clock.nowMs()) < 50 * 50);
  rig.run(40);
  assert.deepEqual(probe.timers, [3]);
});

test("[RM5] a dormant room is off the schedule until it asks for ticks again", () => {
  const { rig, probe } = roomRig({ tickHz: 20 });
  open(rig);
  rig.run(4);
  probe.context!.setActive(false);
  const before = probe.ticks;
  rig.run(20);
  assert.equal(probe.ticks, before);
  probe.context!.setActive(true);
  rig.run(5);
  assert.ok(probe.ticks > before);
});

test("[RM6] an intent reaches its room with its number; one for a room the session is not in is refused", () => {
  const { rig } = roomRig({ tickHz: 0 });
  const roomId = open(rig);
  rig.roomIntent(1, 0, roomId, 9, 2);
  rig.roomIntent(1, 0, roomId + 1, 9, 3);
  rig.run(2);
  const events = rig.heard
    .filter((record) => record.type === toNet.event)
    .map((record) => readEvent(new ByteReader(record.payload)));
  assert.ok(events.some((event) => event.scope === 2 && event.kind === 9 && event.body[0] === 2));
  assert.equal(events.filter((event) => event.scope === 0 && event.kind === 4).length, 1);
});

test("[RM7] a room that closes tells its members, is disposed once and leaves nothing behind", () => {
  const { rig, probe, shard } = roomRig({ tickHz: 20, onCreate: (context) => context.setTimer(0, 5) });
  open(rig);
  probe.context!.close();
  rig.run(20);
  assert.equal(probe.disposed, 1);
  assert.equal(shard.rooms.count, 0);
  assert.equal(shard.rooms.activeCount, 0);
  assert.deepEqual(probe.timers, []);
});

test("[RM8] a hook of the field that throws refuses that one intent and nothing else", () => {
  const { rig, shard } = roomRig({ tickHz: 0 });
  rig.intent(1, intents.fail, 1);
  rig.step();
  rig.intent(1, intents.count, 2);
  rig.step();
  const { entities, members } = shard.field;
  assert.equal(entities.column("counted", "u32")[members.get(1)!.row], 2);
});
