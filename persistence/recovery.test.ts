import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import {
  fromStore,
  readLoaded,
  readRestoreEvent,
  readRestoreRoom,
  readSessionImage,
  type SessionImage,
  writeSessionImage,
} from "../engine/lane/from-store.js";
import {
  readRefused,
  toStore,
  writeRefused,
  writeRoomCheckpoint,
  writeRoomInputs,
  writeSessionEvent,
  writeSessionOpened,
  writeSessionProgress,
  writeSessionRoom,
  writeSettled,
} from "../engine/lane/to-store.js";
import { persistenceMetric as metric } from "../engine/metrics.js";
import { encodeEvent, encodeRefusedBody } from "../engine/wire/codec.js";
import { engineEvents, eventScopes } from "../engine/wire/message-types.js";
import { describeGroup, GroupWriter, startedGroup } from "./group.js";
import { readSessionCopy, writeSessionCopy } from "./image-items.js";
import type { PersistenceRig } from "./persistence-rig.js";
import { bytes, checkpoint, entity, inputs, out, shown, withRig } from "./recovery-rig.js";
import { idOf, playerRow } from "./store-contract-rows.js";

describe("recovery", () => {
  test("[RV2] a shard that says hello is given the rooms whose cell it owns, each with its inputs, then the end", () =>
    withRig({}, async (rig, again) => {
      inputs(rig, 4, 1);
      inputs(rig, 6, 2);
      rig.endTick(0, 10);
      inputs(rig, 4, 3);
      rig.endTick(0, 11);
      inputs(rig, 5, 4);
      rig.endTick(1, 11);
      await rig.settle();
      for (const next of [rig, await again()]) {
        next.hello(0, 2);
        next.hello(1, 3);
        await next.settle();
        assert.deepEqual(shown(next.shardRecords(0)), [
          "room 4 from its inputs",
          "inputs 4 t10 1",
          "inputs 4 t11 3",
          "room 6 from its inputs",
          "inputs 6 t10 2",
          "end 2",
        ]);
        assert.deepEqual(shown(next.shardRecords(1)), ["room 5 from its inputs", "inputs 5 t11 4", "end 3"]);
      }
    }));

  test("[RV17] rooms whose cell the world has no more are in its last cell", () =>
    withRig({}, async (rig, again) => {
      inputs(rig, 40, 1);
      rig.endTick(0, 10);
      inputs(rig, 42, 2);
      rig.say(0, toStore.roomClosed, out.clear().u32(42));
      rig.endTick(0, 11);
      await rig.settle();
      const next = await again();
      next.hello(0, 2);
      next.hello(1, 3);
      await next.settle();
      assert.deepEqual(shown(next.shardRecords(0)), ["end 2"]);
      const told = next.shardRecords(1);
      assert.equal(readRestoreRoom(told[0]!.from).cell, 15);
      assert.deepEqual(shown(told.slice(1)), [
        "inputs 40 t10 1",
        "room 42 from its inputs",
        "inputs 42 t11 2",
        "end 3",
      ]);
    }));

  test("[RV3] a checkpoint replaces what precedes it when net is known to have had that, not before", () =>
    withRig({}, async (rig, again) => {
      inputs(rig, 4, 1);
      rig.endTick(0, 10);
      inputs(rig, 4, 2);
      checkpoint(rig, 4, 9, 9);
      rig.endTick(0, 11);
      inputs(rig, 4, 3);
      rig.endTick(0, 12);
      rig.endNet([10, 99]);
      await rig.settle();
      const restored = async (of: PersistenceRig) => {
        of.hello(0, 2);
        await of.settle();
        return shown(of.shardRecords(0));
      };
      const whole = ["room 4 from its inputs", "inputs 4 t10 1", "inputs 4 t11 2", "inputs 4 t12 3", "end 2"];
      assert.deepEqual(await restored(rig), whole);
      // In the journal of a process that died before net could say so, it never will be.
      const next = await again();
      assert.deepEqual(await restored(next), whole);
      next.endNet([50, 50]);
      assert.deepEqual(await restored(next), whole, "a tick of another life says nothing of this one");
      next.say(
        0,
        toStore.roomCheckpoint,
        writeRoomCheckpoint(out, { roomId: 4, cell: 4, checkpoint: bytes(8) }),
      );
      next.endTick(0, 60);
      next.endNet([60, 0]);
      assert.deepEqual(await restored(next), ["room 4 cp 8", "end 2"]);
      assert.deepEqual(await restored(await again()), ["room 4 cp 8", "end 2"]);
    }));

  test("[RV4] a room that ended is kept until net is known to have had all it told", () =>
    withRig({}, async (rig, again) => {
      inputs(rig, 4, 1);
      rig.endTick(0, 10);
      inputs(rig, 4, 2);
      rig.say(0, toStore.roomClosed, out.clear().u32(4));
      rig.endTick(0, 11);
      await rig.settle();
      const next = await again();
      next.hello(0, 2);
      await next.settle();
      const whole = ["room 4 from its inputs", "inputs 4 t10 1", "inputs 4 t11 2", "end 2"];
      assert.deepEqual(shown(next.shardRecords(0)), whole);
      next.endNet([40, 0]);
      await next.settle();
      assert.equal(next.persistence.image.rooms.size, 1, "told again, not yet heard");
      // The shard ends it silently: what it told again is with net once net has had the shard's first tick.
      next.endTick(0, 50);
      next.endNet([49, 0]);
      await next.settle();
      assert.equal(next.persistence.image.rooms.size, 1);
      next.endNet([50, 0]);
      await next.settle();
      assert.equal(next.persistence.image.rooms.size, 0);
      assert.equal((await again()).persistence.image.rooms.size, 0, "the journal knows it too");
    }));

  test("[RV5] entities are given back once, to whoever owns the point they stood at", () =>
    withRig({}, async (rig, again) => {
      entity(rig, 7, { x: 5, row: 1 });
      entity(rig, 8, { x: 15, row: 2 });
      entity(rig, 9, { x: 25, row: 3 });
      rig.endTick(0, 1);
      entity(rig, 7, { x: 25, row: 4 });
      entity(rig, 9, { x: 25 });
      rig.endTick(0, 2);
      await rig.settle();
      const next = await again();
      next.hello(0, 1);
      next.hello(1, 1);
      await next.settle();
      assert.deepEqual(shown(next.shardRecords(0)), ["entity 7 4", "end 1"]);
      assert.deepEqual(shown(next.shardRecords(1)), ["entity 8 2", "end 1"]);
      next.hello(0, 2);
      await next.settle();
      assert.deepEqual(shown(next.shardRecords(0)), ["end 2"], "a thread that died has living neighbours");
    }));

  test("[RV6] net is told its sessions before anything else, with all that they are owed, and the newest number", () =>
    withRig({}, async (rig, again) => {
      const session = 17;
      rig.sayNet(toStore.sessionOpened, writeSessionOpened(out, { session, playerId: idOf(1), name: "Ada" }));
      rig.sayNet(
        toStore.sessionOpened,
        writeSessionOpened(out, { session: 18, playerId: idOf(2), name: "B" }),
      );
      for (let seq = 1; seq <= 5; seq++)
        rig.sayNet(
          toStore.sessionEvent,
          writeSessionEvent(out, { session, seq, roomId: 4, roomSeq: seq * 10, message: bytes(seq) }),
        );
      rig.sayNet(toStore.sessionRoom, writeSessionRoom(out, { session, roomId: 4, isMember: true }));
      rig.endNet();
      rig.say(0, toStore.settled, writeSettled(out, { session, room: 4, seqs: [3, 4, 7] }));
      rig.endTick(0, 3);
      rig.sayNet(
        toStore.sessionProgress,
        writeSessionProgress(out, { session, attachEpoch: 2, eventsAcked: 3, intentsDurable: 3 }),
      );
      rig.sayNet(toStore.sessionClosed, out.clear().u32(18));
      rig.endNet();
      await rig.settle();
      const next = await again();
      await next.settle();
      next.load(1, 1);
      await next.settle();
      const told = next.netRecords();
      assert.deepEqual(
        told.map(({ type }) => type),
        [
          fromStore.restoreSession,
          fromStore.restoreEvent,
          fromStore.restoreEvent,
          fromStore.sessionsRestored,
          fromStore.storeState,
          fromStore.loaded,
        ],
      );
      assert.deepEqual(readSessionImage(told[0]!.from), {
        session,
        playerId: idOf(1),
        name: "Ada",
        attachEpoch: 2,
        eventsAcked: 3,
        eventsLast: 5,
        intentsDurable: 3,
        settled: [4, 7],
        rooms: [{ roomId: 4, isMember: true, roomSeq: 50 }],
      });
      assert.deepEqual(readRestoreEvent(told[1]!.from), { session, seq: 4, message: bytes(4) });
      assert.deepEqual(readRestoreEvent(told[2]!.from), { session, seq: 5, message: bytes(5) });
      assert.equal(told[3]!.from.u32(), 18);
      assert.equal(next.counters.get(metric.restored_sessions), 1);
    }));

  test("[RV20] a refusal that no event of net tells is owed, across any number of processes, and settles its intent", () =>
    withRig({}, async (rig, again) => {
      const session = 17;
      const refuse = (intentSeq: number) =>
        writeRefused(out, { session, intentSeq, code: intentSeq + 100, reason: "no" });
      const tell = (seq: number, intentSeq: number) => {
        const header = { scope: eventScopes.engine, kind: engineEvents.refused, seq, room: 0 };
        const message = encodeEvent(header, encodeRefusedBody({ intentSeq, code: 1, reason: "" }));
        return writeSessionEvent(out, { session, seq, roomId: 0, roomSeq: 0, message });
      };
      // Its shard was faster than net.
      rig.say(0, toStore.refused, refuse(2));
      rig.endTick(0, 2);
      rig.sayNet(toStore.sessionOpened, writeSessionOpened(out, { session, playerId: idOf(1), name: "Ada" }));
      rig.endNet();
      for (const seq of [3, 5, 6, 8]) rig.say(0, toStore.refused, refuse(seq));
      rig.say(0, toStore.settled, writeSettled(out, { session, room: 0, seqs: [2, 3, 4, 5, 6] }));
      rig.endTick(0, 3);
      rig.sayNet(toStore.sessionEvent, tell(1, 5));
      rig.sayNet(
        toStore.sessionProgress,
        writeSessionProgress(out, { session, attachEpoch: 2, eventsAcked: 0, intentsDurable: 2 }),
      );
      rig.endNet();
      await rig.settle();
      const owed = (next: PersistenceRig) => {
        const told = next.netRecords();
        const image = readSessionImage(told.find(({ type }) => type === fromStore.restoreSession)!.from);
        assert.deepEqual(image.settled, [3, 4, 5, 6, 8]);
        const refused = told.filter(({ type }) => type === fromStore.restoreRefused);
        return refused.map(({ from }) => readRefused(from));
      };
      const expected = [3, 6, 8].map((seq) => ({ session, intentSeq: seq, code: seq + 100, reason: "no" }));
      const second = await again();
      await second.settle();
      assert.deepEqual(owed(second), expected);
      const third = await again();
      await third.settle();
      assert.deepEqual(owed(third), expected, "nobody has told anybody yet");
      third.sayNet(toStore.sessionEvent, tell(2, 3));
      third.endNet();
      await third.settle();
      const fourth = await again();
      await fourth.settle();
      assert.deepEqual(owed(fourth), expected.slice(1));
    }));

  test("[RV20] the copy of a session keeps what it is owed, and one from before refusals were kept is read as it was", () => {
    const image: SessionImage = {
      session: 17,
      playerId: idOf(1),
      name: "Ada",
      attachEpoch: 2,
      eventsAcked: 3,
      eventsLast: 4,
      intentsDurable: 3,
      settled: [4, 7],
      rooms: [{ roomId: 4, isMember: true, roomSeq: 50 }],
    };
    const events = [{ seq: 4, message: bytes(4) }];
    const copy = { ...image, events, refusals: [{ intentSeq: 7, code: 1234, reason: "no" }] };
    assert.deepEqual(readSessionCopy(new ByteReader(writeSessionCopy(out, copy).bytes())), copy);
    const before = writeSessionImage(out, image).u32(1).u32(4).blob(bytes(4)).bytes();
    assert.deepEqual(readSessionCopy(new ByteReader(before)), { ...image, events, refusals: [] });
  });

  test("[RV6] an intent of whose refusal its sender is told is settled", () =>
    withRig({}, async (rig, again) => {
      const session = 17;
      rig.sayNet(toStore.sessionOpened, writeSessionOpened(out, { session, playerId: idOf(1), name: "Ada" }));
      const header = { scope: eventScopes.engine, kind: engineEvents.refused, seq: 1, room: 0 };
      const body = encodeRefusedBody({ intentSeq: 9, code: 1, reason: "" });
      const message = encodeEvent(header, body);
      rig.sayNet(
        toStore.sessionEvent,
        writeSessionEvent(out, { session, seq: 1, roomId: 0, roomSeq: 0, message }),
      );
      rig.endNet();
      await rig.settle();
      const next = await again();
      await next.settle();
      const [restored] = next.netRecords();
      assert.deepEqual(readSessionImage(restored!.from).settled, [9]);
    }));

  test("[RV7] grants wait until they are taken, a load brings them, and a death in between neither loses nor doubles one", () =>
    withRig({}, async (rig, again) => {
      for (let number = 1; number <= 40; number++) {
        const grantId = idOf(0x100 + number);
        rig.grant(0, { grantId, playerId: idOf(1), kind: number, fromRoom: 0, body: bytes() });
      }
      rig.row(0, playerRow(1, 1));
      rig.endTick(0);
      rig.granted(0, idOf(0x101), idOf(1));
      rig.row(0, playerRow(1, 2));
      rig.endTick(0);
      rig.granted(0, idOf(0x102), idOf(1));
      rig.row(0, playerRow(1, 3));
      rig.publish(0);
      await rig.settle();
      for (const next of [rig, await again()]) {
        next.load(1, 1);
        await next.settle();
        const record = next.netRecords().find(({ type }) => type === fromStore.loaded)!;
        const { player, grants } = readLoaded(record.from);
        assert.equal(player?.version, 2);
        assert.deepEqual(
          grants.map(({ kind }) => kind),
          Array.from({ length: 32 }, (_, index) => 2 + index),
          "the oldest, as many as a join carries",
        );
      }
    }));

  test("[RV8] the first load of a person who was in the world says where they stood, later ones what is saved", () =>
    withRig({}, async (rig, again) => {
      rig.row(0, playerRow(1, 1, { x: 1, y: 1 }));
      entity(rig, 7, { x: 33, playerId: idOf(1), row: 1 });
      rig.endTick(0);
      await rig.settle();
      const next = await again();
      next.load(1, 1);
      next.load(2, 1);
      await next.settle();
      const places = next
        .netRecords()
        .flatMap(({ type, from }) => (type === fromStore.loaded ? [readLoaded(from).player] : []))
        .map((player) => [player?.x, player?.y]);
      assert.deepEqual(places, [
        [33, 5],
        [1, 1],
      ]);
    }));

  test("[RV9] more than a lane holds is sent as it is read, and a thread that died in between gets its own answer", () =>
    withRig({ backBytes: 1024, shards: 1 }, async (rig) => {
      for (let room = 0; room < 2000; room++)
        rig.say(0, toStore.roomInputs, writeRoomInputs(out, { roomId: room, cell: 0, inputs: bytes(1, 2) }));
      rig.endTick(0);
      await rig.settle();
      rig.hello(0, 2);
      for (let round = 0; round < 5; round++) {
        rig.persistence.duty(rig.clock.nowMs());
        rig.shardRecords(0);
      }
      rig.hello(0, 3);
      const told: string[] = [];
      for (let round = 0; round < 2000 && told.at(-1) !== "end 3"; round++) {
        rig.persistence.duty(rig.clock.nowMs());
        told.push(...shown(rig.shardRecords(0)));
      }
      const cut = told.indexOf("end 2");
      assert.ok(cut >= 0, "what was meant for the dead is ended as theirs");
      const rooms = told.slice(cut + 1).filter((line) => line.startsWith("room"));
      assert.equal(rooms.length, 2000);
    }));

  test("[RV16] a room is given back as of one instant, though its next checkpoint comes to count meanwhile", () =>
    withRig({ backBytes: 1024, shards: 1 }, async (rig) => {
      const ticks = 400;
      const note = (tick: number, record: Parameters<typeof writeRoomInputs>[1]) => {
        rig.say(0, toStore.roomInputs, writeRoomInputs(out, record));
        if (tick === 300)
          rig.say(0, toStore.roomCheckpoint, writeRoomCheckpoint(out, { ...record, checkpoint: bytes(9) }));
        rig.endTick(0, tick);
      };
      for (let tick = 1; tick <= ticks; tick++) note(tick, { roomId: 4, cell: 0, inputs: bytes(tick & 255) });
      await rig.settle();
      rig.hello(0, 2);
      const told: string[] = [];
      for (let round = 0; round < 2000 && told.at(-1) !== "end 2"; round++) {
        // Net had heard the last ticks of the dead thread, and says so now.
        if (round === 3) rig.endNet([ticks]);
        rig.persistence.duty(rig.clock.nowMs());
        told.push(...shown(rig.shardRecords(0)));
      }
      const want = Array.from({ length: ticks }, (_, index) => `inputs 4 t${index + 1} ${(index + 1) & 255}`);
      assert.deepEqual(told, ["room 4 from its inputs", ...want, "end 2"]);
    }));

  test("[RV10] what is needed for long is written again, so that the journal forgets the rest", () =>
    withRig(
      { limits: { roundBytes: 1 << 16 }, journalLimits: { segmentBytes: 16_384 } },
      async (rig, again) => {
        inputs(rig, 4, 1);
        entity(rig, 7, { x: 5, row: 1 });
        rig.grant(0, { grantId: idOf(0xf), playerId: idOf(3), kind: 77, fromRoom: 0, body: bytes() });
        rig.endTick(0, 10);
        rig.sayNet(
          toStore.sessionOpened,
          writeSessionOpened(out, { session: 9, playerId: idOf(1), name: "A" }),
        );
        rig.endNet();
        let bytesMost = 0;
        for (let round = 0; round < 500; round++) {
          inputs(rig, 5, ...Array.from({ length: 500 }, () => round & 255));
          checkpoint(rig, 5, round & 255);
          rig.endTick(1);
          rig.endNet();
          await rig.settle();
          bytesMost = Math.max(bytesMost, rig.journal.bytes);
        }
        assert.ok(rig.journal.firstPosition > 500, `first position ${rig.journal.firstPosition}`);
        assert.ok(bytesMost < 4 * (1 << 16) + 16_384, `${bytesMost} bytes`);
        assert.ok(rig.counters.get(metric.image_copies_total) > 0);
        const next = await again();
        next.hello(0, 1);
        await next.settle();
        assert.deepEqual(shown(next.shardRecords(0)), [
          "room 4 from its inputs",
          "inputs 4 t10 1",
          "entity 7 1",
          "end 1",
        ]);
        next.load(1, 3);
        await next.settle();
        const { image } = next.persistence;
        assert.equal(image.sessions.size, 1);
        assert.deepEqual(
          image.grants.of(idOf(3), 9).map(({ kind }) => kind),
          [77],
        );
        assert.deepEqual([image.lastTick, image.lastSession], [499, 9]);
      },
    ));

  test("[RV12] a group of the journal that nobody can read refuses the start, and says at which position", () =>
    withRig({}, async (rig, again) => {
      const { journal } = rig;
      const position = journal.append(9, bytes(9, 9, 9));
      await rig.settle();
      await assert.rejects(
        again(),
        new RegExp(`record at position ${position} cannot be read: no group has type 9`),
      );
    }));

  test("[RV13] a row that ends early is found when the journal is read, not when the store is to have it", () =>
    withRig({}, async (rig, again) => {
      const group = GroupWriter.ofShard();
      group.add(toStore.player, new Uint8Array(57));
      const payload = group.endShard({ shard: 0, incarnation: 1, tick: 1, wallMs: 0 });
      const position = rig.journal.append(payload[0]!, payload);
      await rig.settle();
      await assert.rejects(again(), new RegExp(`position ${position} cannot be read`));
    }));

  test("[RV14] ticks, incarnations and session numbers of the process before are known to the next", () =>
    withRig({}, async (rig, again) => {
      rig.hello(1, 41);
      rig.save(1, playerRow(1, 1));
      rig.endTick(1, 1234);
      await rig.settle();
      const { image } = (await again()).persistence;
      assert.deepEqual([image.lastTick, image.incarnation, image.lastSession], [1234, 41, 0]);
    }));

  test("[RV15] a group is shown to people in one line", () => {
    const group = GroupWriter.ofShard();
    group.add(toStore.player, new Uint8Array(60));
    group.add(toStore.player, new Uint8Array(60));
    group.add(toStore.settled, new Uint8Array(9));
    const head = { shard: 1, incarnation: 3, tick: 8123, wallMs: Date.UTC(2026, 0, 1) };
    assert.equal(
      describeGroup(group.endShard(head)),
      "shard 1#3 tick 8123 at 2026-01-01T00:00:00.000Z: 2 player, 1 settled",
    );
    assert.equal(describeGroup(startedGroup()), "a process started: nothing");
    const net = GroupWriter.ofNet(2);
    assert.equal(describeGroup(net.endNet({ group: 7, ticks: [1, -1] })), "net 7, ticks 1 -1: nothing");
    assert.match(describeGroup(bytes(9)), /^malformed: no group has type 9/);
    assert.match(describeGroup(bytes()), /^malformed/);
  });
});
