/**
 * Kills servers in every way there is, at any instant, and holds each life of a durable room to what the lives before it
 * have done and told. For tests.
 */
import assert from "node:assert/strict";
import { ByteReader } from "../engine/lane/bytes.js";
import { readEvent, readRoomJoined, readRoomLeft, toNet } from "../engine/lane/to-net.js";
import { readGrant, readSettled, toStore } from "../engine/lane/to-store.js";
import { decodeBattleResult } from "../engine/player.js";
import { Prng } from "../engine/prng.js";
import { DeathInRoom, type HookCall, type Probe, probedRoom } from "./probed-room.js";
import { type HeardRecord, type RigOptions, ShardRig } from "./shard-rig.js";

/** Holds every life of every room to what its lives before have done and told. */
export class Truth implements Probe {
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

/** What is asked of the rig between two steps: decided by `prng` alone. `seq` is a number never used before. */
export type Input = (run: DeathRun, prng: Prng, seq: number) => void;

/** Servers that die in every way there is, one after the other, and what they all agree on. */
export class DeathRun {
  readonly truth: Truth;
  rig: ShardRig;
  deaths = 0;
  readonly #prng: Prng;
  readonly #options: RigOptions;
  readonly #input: () => void;
  readonly #sessions: number;
  #seq = 0;
  #heard = 0;

  constructor(
    seed: number,
    parts: {
      /** `shards` is the most there may be. The room types are watched. */
      readonly options: RigOptions;
      readonly sessions: number;
      readonly input: Input;
    },
  ) {
    this.truth = new Truth(seed);
    this.#prng = new Prng(seed);
    this.#sessions = parts.sessions;
    this.#input = () => parts.input(this, this.#prng, ++this.#seq);
    this.#options = {
      roomsMax: 64,
      entitiesMax: 64,
      ringBytes: 65_536,
      checkpointSeconds: 1,
      ...parts.options,
      shards: 1 + this.#prng.below(parts.options.shards),
      rooms: parts.options.rooms!.map((type) => probedRoom(type, this.truth)),
    };
    this.rig = new ShardRig(this.#options);
    this.#enter();
  }

  /** Runs for so many steps, and sees that everything is as it should be. */
  run(steps: number): void {
    for (let step = 0; step < steps; step++) this.#stepOrDie();
    this.#end();
  }

  #enter(): void {
    this.rig.step();
    this.rig.seeEverything();
    for (let session = 1; session <= this.#sessions; session++) this.#join(session);
    this.#step();
  }

  #join(session: number): void {
    const { cellSizeMeters, widthCells } = this.rig.grid;
    this.rig.join(session, ((session % widthCells) + 0.5) * cellSizeMeters, cellSizeMeters / 2);
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
      if (!(error instanceof DeathInRoom)) throw error;
      this.rig.kill(shard);
    }
  }

  #hear(): void {
    this.rig.hear();
    for (; this.#heard < this.rig.heard.length; this.#heard++) this.truth.hear(this.rig.heard[this.#heard]!);
  }

  #stepOrDie(): void {
    for (let count = this.#prng.below(4); count > 0; count--) this.#input();
    this.#step();
    if (this.#prng.below(12) === 0) this.#disaster();
    this.rig.shards.forEach((shard, index) => {
      if (shard === undefined) this.#restart(index);
    });
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
    this.rig.seeEverything();
    for (let session = 1; session <= this.#sessions; session++) {
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

  #end(): void {
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

/** Runs so many seeds, and says what they came to. @throws Error that names the seed */
export function runSeeds(
  seeds: { readonly first: number; readonly count: number; readonly steps: number },
  parts: ConstructorParameters<typeof DeathRun>[1],
): {
  readonly deaths: number;
  readonly replayed: number;
  readonly toldAgain: number;
  readonly rooms: number;
} {
  const sum = { deaths: 0, replayed: 0, toldAgain: 0, rooms: 0 };
  for (let seed = seeds.first; seed < seeds.first + seeds.count; seed++) {
    try {
      const run = new DeathRun(seed, parts);
      run.run(seeds.steps);
      sum.deaths += run.deaths;
      sum.replayed += run.truth.replayed;
      sum.toldAgain += run.truth.toldAgain;
      sum.rooms += run.truth.calls.size;
    } catch (error) {
      throw new Error(`GRIDSHARD_SEED=${seed}: ${(error as Error).stack}`, { cause: error });
    }
  }
  console.log(JSON.stringify({ ...seeds, ...sum }));
  return sum;
}
