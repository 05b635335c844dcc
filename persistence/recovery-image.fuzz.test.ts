import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../engine/lane/bytes.js";
import {
  nobody,
  toStore,
  writeEntity,
  writeGrant,
  writeGranted,
  writeRoomCheckpoint,
  writeRoomInputs,
  writeSessionEvent,
  writeSessionOpened,
  writeSessionProgress,
  writeSessionRoom,
  writeSettled,
} from "../engine/lane/to-store.js";
import { freshSeed, Prng } from "../engine/prng.js";
import { GroupWriter, startedGroup } from "./group.js";
import { imageItem } from "./image-items.js";
import { RecoveryImage } from "./recovery-image.js";
import { idOf } from "./store-contract-rows.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());
const SHARDS = 2;
const STEPS = 1500;

/** What a room did, in the order of the journal, with the life of the process it did it in. */
type RoomDeed =
  | { readonly kind: "inputs"; readonly id: number }
  | {
      readonly kind: "checkpoint" | "closed";
      readonly id: number;
      readonly life: number;
      readonly shard: number;
      readonly tick: number;
      /** Net is known to have had everything before it. */
      isSafe: boolean;
    };

interface NaiveSession {
  acked: number;
  last: number;
  durable: number;
  epoch: number;
  readonly events: { readonly seq: number; readonly id: number }[];
  readonly rooms: Map<number, { isMember: boolean; roomSeq: number }>;
}

/** Remembers everything that was ever said, and looks through all of it each time. */
class Naive {
  readonly rooms = new Map<number, RoomDeed[]>();
  readonly sessions = new Map<number, NaiveSession>();
  readonly settled = new Map<number, Set<number>>();
  readonly entities = new Map<number, { readonly id: number; readonly playerId: string }>();
  readonly grants = new Map<string, string>();
  life = 0;

  net(ticks: readonly number[]): void {
    for (const deeds of this.rooms.values())
      for (const deed of deeds)
        if (deed.kind !== "inputs" && deed.life === this.life && ticks[deed.shard]! >= deed.tick)
          deed.isSafe = true;
  }

  /** Throws unless the image restores what the deeds say. */
  check(image: RecoveryImage): void {
    for (const [roomId, deeds] of this.rooms) {
      const room = image.rooms.get(roomId);
      const end = deeds.find((deed) => deed.kind === "closed");
      if (end?.kind === "closed" && end.isSafe) {
        assert.equal(room, undefined, `room ${roomId} is over`);
        continue;
      }
      // One that ended in another life may be gone as soon as it has been told again.
      if (room === undefined && end?.kind === "closed" && end.life < this.life) continue;
      assert.ok(room !== undefined, `room ${roomId} is restored`);
      const baseId = room.checkpoint === null ? -1 : numberIn(room.checkpoint);
      const base = deeds.findIndex((deed) => deed.kind === "checkpoint" && deed.id === baseId);
      const from = deeds[base];
      assert.ok(
        baseId === -1 || (from?.kind === "checkpoint" && from.isSafe),
        `room ${roomId} is told again whole`,
      );
      assert.deepEqual(
        room.inputs.map(({ inputs }) => numberIn(inputs)),
        deeds.slice(base + 1).flatMap((deed) => (deed.kind === "inputs" ? [deed.id] : [])),
        `room ${roomId} has all its inputs behind the checkpoint`,
      );
    }
    for (const room of image.rooms.values()) assert.ok(this.rooms.has(room.roomId));
    assert.deepEqual(
      [...image.sessions.values()].map(({ session }) => session).toSorted((a, b) => a - b),
      [...this.sessions.keys()].toSorted((a, b) => a - b),
    );
    for (const [number, naive] of this.sessions) {
      const copy = image.sessions.get(number)!.copy();
      const { eventsAcked, eventsLast, intentsDurable, attachEpoch } = copy;
      assert.deepEqual(
        { acked: eventsAcked, last: eventsLast, durable: intentsDurable, epoch: attachEpoch },
        { acked: naive.acked, last: naive.last, durable: naive.durable, epoch: naive.epoch },
      );
      assert.deepEqual(
        copy.events.map(({ seq, message }) => ({ seq, id: numberIn(message) })),
        naive.events.filter(({ seq }) => seq > naive.acked),
      );
      assert.deepEqual(
        copy.settled,
        [...(this.settled.get(number) ?? [])].filter((seq) => seq > naive.durable).toSorted((a, b) => a - b),
      );
      assert.deepEqual(
        copy.rooms.toSorted((a, b) => a.roomId - b.roomId),
        [...naive.rooms]
          .map(([roomId, seen]) => ({ roomId, ...seen }))
          .toSorted((a, b) => a.roomId - b.roomId),
      );
    }
    assert.deepEqual(
      [...image.entities.values()]
        .map(({ record }) => [record.entityId, numberIn(record.row)])
        .toSorted(byFirst),
      [...this.entities].map(([entityId, { id }]) => [entityId, id]).toSorted(byFirst),
    );
    assert.deepEqual(
      [...image.grants.values()].map(({ record }) => record.grantId).toSorted(),
      [...this.grants.keys()].toSorted(),
    );
  }
}

const byFirst = (a: number[], b: number[]) => a[0]! - b[0]!;

function bytesOf(number: number): Uint8Array {
  return new ByteWriter(4).u32(number).bytes();
}
function numberIn(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** A journal that is only a list, pruned in front. */
class List {
  records: { readonly position: number; readonly payload: Uint8Array }[] = [];
  last = 0;

  append(payload: Uint8Array): number {
    this.records.push({ position: ++this.last, payload });
    return this.last;
  }

  read(): RecoveryImage {
    const image = new RecoveryImage();
    for (const { position, payload } of this.records) image.take(position, payload, () => {});
    return image;
  }
}

/** What is the same of an image that lived and of one that was read, though one may have a newer checkpoint of a room. */
function seen(image: RecoveryImage): unknown {
  return {
    lastTick: image.lastTick,
    incarnation: image.incarnation,
    lastSession: image.lastSession,
    rooms: [...image.rooms.values()]
      .map(({ roomId, cell, isEnding }) => ({ roomId, cell, isEnding }))
      .toSorted((a, b) => a.roomId - b.roomId),
  };
}

test(`[RV1] what a journal gives back is what was said, whatever was pruned, copied or started again (GRIDSHARD_SEED=${seed})`, () => {
  const prng = new Prng(seed);
  const naive = new Naive();
  const journal = new List();
  let image = new RecoveryImage();
  const out = new ByteWriter();
  const ticks = Array.from({ length: SHARDS }, () => -1);
  let incarnation = 1;
  let nextId = 1;
  let nextRoom = 1;
  let nextSession = 1;
  let nextEntity = 1;
  let netGroup = 0;
  const restored = new Map<number, number[]>();
  const shardOf = (roomId: number) => roomId % SHARDS;
  const pick = <T>(list: readonly T[]): T | undefined =>
    list.length === 0 ? undefined : list[prng.below(list.length)];

  const append = (payload: Uint8Array) => image.take(journal.append(payload), payload, () => {});

  const shardTick = (shard: number) => {
    const writer = GroupWriter.ofShard();
    ticks[shard]! += 1 + prng.below(3);
    const tick = ticks[shard]!;
    const say = (type: number, to: ByteWriter) => writer.add(type, to.bytes());
    const mine = [...naive.rooms].filter(
      ([roomId, deeds]) => shardOf(roomId) === shard && deeds.every(({ kind }) => kind !== "closed"),
    );
    if (prng.below(4) === 0) {
      while (shardOf(nextRoom) !== shard) nextRoom++;
      const roomId = nextRoom++;
      naive.rooms.set(roomId, []);
      mine.push([roomId, naive.rooms.get(roomId)!]);
    }
    for (const [roomId, deeds] of mine) {
      const where = { roomId, cell: roomId % 7 };
      if (deeds.length === 0 || prng.below(3) === 0) {
        const id = nextId++;
        say(toStore.roomInputs, writeRoomInputs(out, { ...where, inputs: bytesOf(id) }));
        deeds.push({ kind: "inputs", id });
      }
      const at = { life: naive.life, shard, tick, isSafe: false };
      if (prng.below(8) === 0) {
        const id = nextId++;
        say(toStore.roomCheckpoint, writeRoomCheckpoint(out, { ...where, checkpoint: bytesOf(id) }));
        deeds.push({ kind: "checkpoint", id, ...at });
      } else if (prng.below(40) === 0) {
        say(toStore.roomClosed, out.clear().u32(roomId));
        deeds.push({ kind: "closed", id: 0, ...at });
      }
    }
    for (const [session] of naive.sessions) {
      if (prng.below(6) > 0) continue;
      const seqs = [1 + prng.below(100), 1 + prng.below(100)];
      say(toStore.settled, writeSettled(out, { session, room: 0, seqs }));
      const settled = naive.settled.get(session) ?? new Set();
      naive.settled.set(session, settled);
      for (const seq of seqs) if (seq > naive.sessions.get(session)!.durable) settled.add(seq);
    }
    if (prng.below(3) === 0) {
      const entityId = prng.below(3) === 0 ? 1 + prng.below(nextEntity) : nextEntity++;
      const id = nextId++;
      const isGone = prng.below(4) === 0;
      const known = naive.entities.get(entityId);
      const playerId = known?.playerId ?? (prng.below(2) === 0 ? nobody : idOf(1 + prng.below(20)));
      const row = isGone ? new Uint8Array(0) : bytesOf(id);
      say(toStore.entity, writeEntity(out, { entityId, playerId, x: 1, y: 2, row }));
      naive.entities.delete(entityId);
      if (!isGone) {
        for (const [other, { playerId: theirs }] of naive.entities)
          if (theirs === playerId && playerId !== nobody) naive.entities.delete(other);
        naive.entities.set(entityId, { id, playerId });
      }
    }
    if (prng.below(3) === 0) {
      const grantId = idOf(0x1000 + nextId++);
      const playerId = idOf(prng.below(20));
      say(
        toStore.grant,
        writeGrant(out.clear(), { grantId, playerId, kind: 1, fromRoom: 0, body: bytesOf(1) }),
      );
      naive.grants.set(grantId, playerId);
    }
    const taken = prng.below(4) === 0 ? pick([...naive.grants]) : undefined;
    if (taken !== undefined) {
      const [grantId, playerId] = taken;
      say(toStore.granted, writeGranted(out, { grantId, playerId }));
      naive.grants.delete(grantId);
    }
    append(writer.endShard({ shard, incarnation, tick, wallMs: tick * 50 }));
    for (const roomId of restored.get(shard) ?? []) image.rooms.endBehind(roomId, { shard, tick });
    restored.delete(shard);
  };

  const netTurn = () => {
    const writer = GroupWriter.ofNet(SHARDS);
    const say = (type: number, to: ByteWriter) => writer.add(type, to.bytes());
    if (prng.below(4) === 0) {
      const session = nextSession++;
      say(
        toStore.sessionOpened,
        writeSessionOpened(out, { session, playerId: idOf(session), name: `p${session}` }),
      );
      naive.sessions.set(session, { acked: 0, last: 0, durable: 0, epoch: 0, events: [], rooms: new Map() });
    }
    for (const [session, known] of naive.sessions) {
      const chance = prng.below(20);
      if (chance < 8) {
        const id = nextId++;
        const roomId = prng.below(2) === 0 ? 0 : 1 + prng.below(nextRoom);
        const roomSeq = roomId === 0 ? 0 : id;
        known.last++;
        known.events.push({ seq: known.last, id });
        say(
          toStore.sessionEvent,
          writeSessionEvent(out, { session, seq: known.last, roomId, roomSeq, message: bytesOf(id) }),
        );
        if (roomId > 0) {
          const room = known.rooms.get(roomId) ?? { isMember: false, roomSeq: 0 };
          known.rooms.set(roomId, { ...room, roomSeq });
        }
      } else if (chance < 11) {
        known.acked += prng.below(known.last - known.acked + 1);
        known.durable += prng.below(10);
        known.epoch += prng.below(2);
        const { acked, durable, epoch } = known;
        say(
          toStore.sessionProgress,
          writeSessionProgress(out, {
            session,
            attachEpoch: epoch,
            eventsAcked: acked,
            intentsDurable: durable,
          }),
        );
      } else if (chance < 13) {
        const roomId = 1 + prng.below(nextRoom);
        const isMember = prng.below(2) === 0;
        say(toStore.sessionRoom, writeSessionRoom(out, { session, roomId, isMember }));
        known.rooms.set(roomId, { roomSeq: known.rooms.get(roomId)?.roomSeq ?? 0, isMember });
      } else if (chance === 13 && prng.below(4) === 0) {
        say(toStore.sessionClosed, out.clear().u32(session));
        naive.sessions.delete(session);
      }
    }
    // Net is somewhere behind the shards.
    const behind = ticks.map((tick) => tick - prng.below(6));
    append(writer.endNet({ group: ++netGroup, ticks: behind }));
    naive.net(behind);
    const gone = image.rooms.takeGone();
    if (gone.length === 0) return;
    const copies = GroupWriter.ofCopies();
    for (const roomId of gone) copies.add(imageItem.roomGone, out.clear().u32(roomId).bytes());
    append(copies.end());
  };

  const copyAndPrune = () => {
    const cutoff = 1 + prng.below(journal.last + 1);
    const items = image.stale(cutoff);
    for (let isDone = false; !isDone; ) {
      const copies = GroupWriter.ofCopies();
      const moved: ((position: number) => void)[] = [];
      for (let left = 1 + prng.below(5); left > 0; left--) {
        const next = items.next();
        isDone = next.done === true;
        if (next.done) break;
        copies.add(next.value.type, next.value.bytes);
        moved.push(next.value.moved);
      }
      const position = journal.append(copies.end());
      for (const move of moved) move(position);
      // Others go on meanwhile.
      if (prng.below(3) === 0) shardTick(prng.below(SHARDS));
      if (prng.below(3) === 0) netTurn();
    }
    journal.records = journal.records.filter(({ position }) => position >= cutoff);
  };

  const restart = () => {
    const again = journal.read();
    assert.deepEqual(seen(again), seen(image));
    image = again;
    naive.life++;
    incarnation++;
    append(startedGroup());
    naive.check(image);
    for (let shard = 0; shard < SHARDS; shard++)
      restored.set(
        shard,
        [...image.rooms.values()]
          .filter((room) => room.isEnding && shardOf(room.roomId) === shard)
          .map(({ roomId }) => roomId),
      );
  };

  for (let step = 0; step < STEPS; step++) {
    const chance = prng.below(100);
    if (chance < 60) shardTick(prng.below(SHARDS));
    else if (chance < 92) netTurn();
    else if (chance < 97) copyAndPrune();
    else restart();
    if (step % 20 === 0) naive.check(image);
  }
  naive.check(image);
  assert.ok(journal.records[0]!.position > 1 && naive.life > 5, "the run met everything");
});
