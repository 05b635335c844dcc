import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionFailed } from "../engine/assert.js";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { readEvent, readRoomJoined, readRoomLeft, toNet } from "../engine/lane/to-net.js";
import { toShard } from "../engine/lane/to-shard.js";
import { readGrant, readSettled, toStore } from "../engine/lane/to-store.js";
import { decodeBattleResult } from "../engine/player.js";
import { Prng } from "../engine/prng.js";
import {
  durableRoom,
  fieldKinds,
  givingField,
  type HookCall,
  type Probe,
  roomKinds,
} from "./durable-game.js";
import { type HeardRecord, ShardRig } from "./shard-rig.js";

const SESSIONS = 5;
const CELL_METERS = 10;

/** Holds every life of every room to what its lives before have done and told. */
class Truth implements Probe {
  readonly calls = new Map<number, HookCall[]>();
  readonly told = new Map<string, string>();
  /** Newest number told by room. */
  readonly newest = new Map<number, number>();
  /** Rooms that told everybody they are over. */
  readonly gone = new Set<number>();
  /** Sessions in each room, as net believes. */
  readonly seats = new Map<number, Set<number>>();
  replayed = 0;
  toldAgain = 0;
  callsToDeath = -1;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  isDoomed(): boolean {
    if (this.callsToDeath < 0) return false;
    return this.callsToDeath-- === 0;
  }

  onCall(roomId: number, number: number, call: HookCall, isReplaying: boolean): void {
    let calls = this.calls.get(roomId);
    if (calls === undefined) {
      calls = [];
      this.calls.set(roomId, calls);
    }
    if (isReplaying) {
      this.replayed++;
      assert.deepEqual(call, calls[number - 1], `room ${roomId}, call ${number}, seed ${this.#seed}`);
      return;
    }
    // What no one could have noticed may happen otherwise the second time.
    assert.ok(number <= calls.length + 1, `room ${roomId} has made every call, seed ${this.#seed}`);
    calls.length = number - 1;
    calls.push(call);
  }

  /** What net does with a shard's news. */
  hear({ type, payload }: HeardRecord): void {
    const from = new ByteReader(payload);
    if (type === toNet.event) {
      const event = readEvent(from);
      if (event.roomSeq === 0) return;
      assert.ok(event.isDurable, "what a durable room tells is safe before anybody hears of it");
      const key = `${event.roomId}:${event.roomSeq}`;
      const said = JSON.stringify([event.sessions, event.scope, event.kind, [...event.body]]);
      const before = this.told.get(key);
      if (before !== undefined) {
        assert.equal(said, before, `event ${key} is told again as it was, seed ${this.#seed}`);
        this.toldAgain++;
        return;
      }
      const newest = this.newest.get(event.roomId) ?? 0;
      assert.equal(event.roomSeq, newest + 1, `events of room ${event.roomId} in order, seed ${this.#seed}`);
      this.newest.set(event.roomId, event.roomSeq);
      this.told.set(key, said);
    } else if (type === toNet.roomJoined) {
      const { roomId, session, isDurable } = readRoomJoined(from);
      assert.ok(isDurable);
      const seats = this.seats.get(roomId) ?? new Set();
      this.seats.set(roomId, seats.add(session));
    } else if (type === toNet.roomLeft) {
      const { roomId, session } = readRoomLeft(from);
      this.seats.get(roomId)?.delete(session);
    }
  }
}

class Run {
  readonly truth: Truth;
  rig: ShardRig;
  deaths = 0;
  readonly #prng: Prng;
  readonly #options;
  #seq = 0;
  #heard = 0;

  constructor(seed: number) {
    this.truth = new Truth(seed);
    this.#prng = new Prng(seed);
    this.#options = {
      shards: 1 + this.#prng.below(2),
      field: givingField,
      rooms: [durableRoom(this.truth, [5, 10, 20][this.#prng.below(3)]!)],
      roomsMax: 64,
      entitiesMax: 64,
      ringBytes: 65_536,
      checkpointSeconds: 1,
    };
    this.rig = new ShardRig(this.#options);
    this.#enter();
  }

  #enter(): void {
    this.rig.step();
    this.rig.seeEverything();
    for (let session = 1; session <= SESSIONS; session++) this.#join(session);
    this.#step();
  }

  #join(session: number): void {
    this.rig.join(session, (session % 4) * CELL_METERS + 5, 5);
  }

  /** A step of every shard; one that dies in it is gone. */
  #step(): void {
    this.rig.clock.advance(50);
    this.rig.shards.forEach((_, shard) => {
      this.#duty(shard);
    });
    this.#hear();
  }

  #duty(shard: number): void {
    try {
      this.rig.shards[shard]?.duty(this.rig.clock.nowMs());
    } catch (error) {
      if (!(error instanceof AssertionFailed) || !error.message.includes("the thread dies here")) throw error;
      this.rig.kill(shard);
    }
  }

  #hear(): void {
    this.rig.hear();
    for (; this.#heard < this.rig.heard.length; this.#heard++) this.truth.hear(this.rig.heard[this.#heard]!);
  }

  step(): void {
    for (let count = this.#prng.below(4); count > 0; count--) this.#input();
    this.#step();
    if (this.#prng.below(12) === 0) this.#disaster();
    this.rig.shards.forEach((shard, index) => {
      if (shard === undefined) this.#restart(index);
    });
  }

  #rooms(): number[] {
    return [...this.truth.seats.keys()];
  }

  #input(): void {
    const prng = this.#prng;
    const session = 1 + prng.below(SESSIONS);
    const rooms = this.#rooms();
    const roomId = rooms[prng.below(Math.max(1, rooms.length))];
    const seq = ++this.#seq;
    if (roomId === undefined || prng.below(12) === 0) {
      this.rig.intent(session, fieldKinds.open, seq);
      return;
    }
    const shard = roomId >>> 26;
    const inIt = [...(this.truth.seats.get(roomId) ?? [])];
    const member = inIt[prng.below(Math.max(1, inIt.length))] ?? session;
    switch (prng.below(8)) {
      case 0:
        this.rig.intent(session, fieldKinds.join, seq, new ByteWriter().u32(roomId).bytes());
        return;
      case 1:
        this.rig.intent(
          session,
          fieldKinds.poke,
          seq,
          new ByteWriter()
            .u32(roomId)
            .u32(shard * 2)
            .bytes(),
        );
        return;
      case 2:
        this.rig.roomSession(
          [toShard.roomDrop, toShard.roomReconnect, toShard.roomLeave][prng.below(3)]!,
          member,
          roomId,
          shard,
        );
        return;
      default: {
        // What ends a room is asked for seldom.
        const roll = prng.below(60);
        const kind = roll === 0 ? roomKinds.close : roll === 1 ? roomKinds.fail : 1 + prng.below(4);
        const other = [roomKinds.grant, roomKinds.result, roomKinds.rest][roll % 3]!;
        this.rig.roomIntent(member, shard, roomId, roll > 40 ? other : kind, seq);
      }
    }
  }

  #disaster(): void {
    const { rig } = this;
    const prng = this.#prng;
    const victim = prng.below(rig.shards.length);
    switch (prng.below(4)) {
      case 0:
        // Between two ticks, having read what it will never apply.
        this.#input();
        rig.clock.advance(prng.below(40));
        this.#duty(victim);
        rig.kill(victim);
        return;
      case 1:
        // In the middle of a tick.
        this.truth.callsToDeath = prng.below(6);
        this.#step();
        this.truth.callsToDeath = -1;
        return;
      case 2:
        rig.kill(victim);
        return;
      default: {
        // The whole process: net has not heard of the last ticks.
        for (let ticks = prng.below(4); ticks > 0; ticks--) {
          this.#input();
          rig.clock.advance(50);
          rig.shards.forEach((_, shard) => {
            this.#duty(shard);
          });
          rig.keep();
        }
        this.deaths++;
        this.rig = new ShardRig({ ...this.#options, after: rig });
        this.#heard = 0;
        this.#enter();
        this.#check();
      }
    }
  }

  #restart(shard: number): void {
    this.deaths++;
    this.rig.start(shard);
    this.#step();
    // Net joins its people anew.
    this.rig.sight(shard * 2, 1);
    for (let session = 1; session <= SESSIONS; session++) {
      if (this.rig.route.get(session) === shard) this.#join(session);
    }
    this.#step();
    this.#check();
  }

  /** Every room that told something has told it in a life that is remembered. */
  #check(): void {
    for (const shard of this.rig.shards) {
      for (const room of shard?.rooms.values() ?? []) {
        assert.ok(
          room.roomSeq >= (this.truth.newest.get(room.roomId) ?? 0),
          `room ${room.roomId} knows what it told`,
        );
      }
    }
  }

  end(): void {
    this.#step();
    for (const shard of this.rig.shards) {
      for (const room of shard!.rooms.values()) {
        const seats = [...(this.truth.seats.get(room.roomId) ?? [])].sort();
        assert.deepEqual(seats, [...room.members.keys()].sort(), "net knows who is in it");
      }
    }
    this.#onlyOnce();
  }

  #onlyOnce(): void {
    const ids: string[] = [];
    const settled: string[] = [];
    for (const { type, payload } of this.rig.kept.records) {
      const from = new ByteReader(payload);
      if (type === toStore.grant) ids.push(readGrant(from).grantId);
      if (type === toStore.battleResult) ids.push(decodeBattleResult(from).battleId);
      if (type === toStore.settled) settled.push(...readSettled(from).seqs.map(String));
    }
    assert.equal(new Set(ids).size, ids.length, "no row and no grant twice");
    assert.equal(new Set(settled).size, settled.length, "no intent twice");
  }
}

test("[DR1] [DR2] [DR3] durable rooms live on through any death, do again what they did, and tell each event by its number", () => {
  const first = Number(process.env.GRIDSHARD_SEED ?? 1);
  const seeds = process.env.GRIDSHARD_SEED === undefined ? 250 : 1;
  const sum = { deaths: 0, replayed: 0, toldAgain: 0, rooms: 0 };
  for (let seed = first; seed < first + seeds; seed++) {
    try {
      const run = new Run(seed);
      for (let step = 0; step < 120; step++) run.step();
      run.end();
      sum.deaths += run.deaths;
      sum.replayed += run.truth.replayed;
      sum.toldAgain += run.truth.toldAgain;
      sum.rooms += run.truth.calls.size;
    } catch (error) {
      throw new Error(`GRIDSHARD_SEED=${seed}: ${(error as Error).stack}`, { cause: error });
    }
  }
  console.log(JSON.stringify(sum));
  if (seeds === 1) return;
  assert.ok(sum.deaths > 2000 && sum.toldAgain > 1000, "it was put to the test");
});
