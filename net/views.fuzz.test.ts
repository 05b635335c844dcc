import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { CELL_PROMOTES, CELL_TO_PENDING, toNet } from "../engine/lane/to-net.js";
import { readJoin, readSession, readSight, toShard } from "../engine/lane/to-shard.js";
import { newPlayer } from "../engine/player.js";
import { Prng } from "../engine/prng.js";
import {
  decodeFrames,
  decodeProfiles,
  decodeSight,
  encodeProfiles,
  FRAMES_HEAD_BYTES,
  frameLength,
  writeAppear,
  writeFrameHead,
  writeFramesHead,
  writeLeave,
  writeMove,
  writeNamesHead,
  writeNarrowMove,
} from "../engine/wire/codec.js";
import { CELL_NONE, messageTypes, TABLE_HEAD_BYTES } from "../engine/wire/message-types.js";
import { GatewayRig, told } from "./gateway-rig.js";
import type { MemoryClient } from "./memory-transport.js";

const WIDTH = 8;
const CELLS = 64;
const PLAYERS = "0123456789ab";

interface Thing {
  readonly id: number;
  x: number;
  y: number;
}
type Slots = Map<number, Thing>;

/** What shards simulate: who is where in each cell, and the frames that tell it. */
class ModelWorld {
  readonly cells: Slots[] = Array.from({ length: CELLS }, () => new Map());
  readonly #dice: Prng;
  #lastId = 1000;

  constructor(dice: Prng) {
    this.#dice = dice;
  }

  /** Something happens in a cell. Returns its frame of this tick, or undefined when nothing did. */
  act(cell: number, tick: number): Uint8Array | undefined {
    const slots = this.cells[cell]!;
    const dice = this.#dice;
    const leaves = [...slots.keys()].filter(() => dice.below(12) === 0);
    const moves = [...slots.keys()].filter((slot) => !leaves.includes(slot) && dice.below(3) > 0);
    const appears: number[] = [];
    for (let count = dice.below(slots.size < 25 ? 4 : 1); count > 0; count--) {
      const slot = dice.below(8) === 0 ? 256 + dice.below(9) : dice.below(40);
      if (!slots.has(slot) && !appears.includes(slot)) appears.push(slot);
    }
    if (leaves.length + moves.length + appears.length === 0) return undefined;
    const isNarrow = moves.every((slot) => slot < 256);
    const newIds = appears.map((_, index) => this.#lastId + 1 + index);
    const names = newIds.length === 0 ? new Uint8Array() : namesOf(cell, newIds).subarray(TABLE_HEAD_BYTES);
    const counts = {
      appears: appears.length,
      leaves: leaves.length,
      changes: 0,
      moves: moves.length,
      isNarrow,
      nameBytes: names.length,
    };
    const bytes = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(counts));
    let at = writeFrameHead(bytes, writeFramesHead(bytes, 0, tick), { cell, isKeyframe: false, ...counts });
    for (const slot of appears) {
      slots.set(slot, { id: ++this.#lastId, x: 20_000, y: 20_000 });
      at = appear(bytes, at, slot, slots.get(slot)!);
    }
    for (const slot of leaves) {
      slots.delete(slot);
      at = writeLeave(bytes, at, slot, CELL_NONE);
    }
    for (const slot of moves) {
      const [dx, dy] = [dice.below(255) - 127, dice.below(255) - 127];
      const thing = slots.get(slot)!;
      thing.x += dx;
      thing.y += dy;
      at = (isNarrow ? writeNarrowMove : writeMove)(bytes, at, slot, dx, dy);
    }
    if (names.length > 0) bytes.set(names, writeNamesHead(bytes, at, names.length));
    return bytes;
  }

  /** The cell as it is: names, and frames in one message or in two. */
  keyframes(cell: number, tick: number): Uint8Array[] {
    const all = [...this.cells[cell]!];
    const first = this.#dice.below(2) === 0 ? all.length : all.length >> 1;
    const parts = first === all.length ? [all] : [all.slice(0, first), all.slice(first)];
    const frames = parts.map((part, index) => {
      const counts = { appears: part.length, leaves: 0, changes: 0, moves: 0 };
      const bytes = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(counts));
      let at = writeFrameHead(bytes, writeFramesHead(bytes, 0, tick), {
        cell,
        isKeyframe: index === 0,
        ...counts,
      });
      for (const [slot, thing] of part) at = appear(bytes, at, slot, thing);
      return bytes;
    });
    const ids = all.map(([, { id }]) => id);
    return ids.length > 0 ? [namesOf(cell, ids), ...frames] : frames;
  }

  /** A shard that begins anew gives out other slots. */
  renumber(cell: number): void {
    const things = [...this.cells[cell]!.values()].reverse();
    this.cells[cell] = new Map(things.map((thing, slot) => [slot, thing]));
  }
}

function namesOf(cell: number, ids: readonly number[]): Uint8Array {
  return encodeProfiles({ cell, profiles: ids.map((id) => ({ id, name: `n${id}`, level: 1 })) });
}

function appear(bytes: Uint8Array, at: number, slot: number, { id, x, y }: Thing): number {
  return writeAppear(bytes, at, {
    id,
    x,
    y,
    slot,
    kind: 0,
    level: 1,
    look: 0,
    state: 0,
    health: 1,
    heading: 0,
  });
}

/** What a client knows of a cell, and of which tick the keyframe was that it began with; -1: it waits for one. */
interface Known {
  keyframeTick: number;
  slots: Slots;
}

/** A player: where they are by the shards' account, and the world by their client's. */
class Person {
  readonly player: string;
  client: MemoryClient | null = null;
  resume: { session: number; token: string } | null = null;
  cell: number;
  /** 0: not in the world. */
  joinEpoch = 0;
  session = 0;
  shard = -1;
  begunTick = 0;
  /** Net has not heard yet on which shard they are now: they stay there meanwhile, as with a real handoff. */
  isBetween = false;
  readonly cells = new Map<number, Known>();
  readonly named = new Set<number>();
  isStalled = false;
  /** Deltas of this tick's messages, by message: how many cells each had. */
  deltaMessages = 0;
  #drops = 0;
  /** Something was dropped: what is known counts for nothing until the sight is told anew. */
  isDoubtful = false;

  constructor(player: string, cell: number) {
    this.player = player;
    this.cell = cell;
  }

  begin(client: MemoryClient): void {
    this.client = client;
    this.cells.clear();
    this.named.clear();
    this.isStalled = false;
    this.isDoubtful = false;
    this.#drops = 0;
  }

  read(where: string, isBacklog = false): void {
    const { client } = this;
    if (client === null) return;
    this.deltaMessages = 0;
    if (client.droppedCount > this.#drops) {
      this.isDoubtful = true;
      this.#drops = client.droppedCount;
    }
    const { raw, welcomes } = told(client);
    for (const welcome of welcomes) this.resume = { session: welcome.session, token: welcome.resumeToken };
    for (const bytes of raw) {
      if (bytes[0] === messageTypes.sight && !(isBacklog && this.isDoubtful))
        this.#see(decodeSight(bytes).cells);
      if (bytes[0] === messageTypes.profiles)
        for (const { id } of decodeProfiles(bytes).profiles) this.named.add(id);
      if (bytes[0] === messageTypes.cellFrames && !this.isDoubtful) this.#frames(bytes, where);
    }
  }

  #see(cells: readonly number[]): void {
    if (this.isDoubtful) this.cells.clear();
    this.isDoubtful = false;
    for (const cell of this.cells.keys()) if (!cells.includes(cell)) this.cells.delete(cell);
    for (const cell of cells) {
      if (!this.cells.has(cell)) this.cells.set(cell, { keyframeTick: -1, slots: new Map() });
    }
  }

  #frames(bytes: Uint8Array, where: string): void {
    const told = new Set<number>();
    let current: Known = { keyframeTick: -1, slots: new Map() };
    let isDelta = true;
    const there = (slot: number, cell: number): Thing => {
      const thing = current.slots.get(slot);
      assert.ok(thing !== undefined, `${where}: player ${this.player} hears of slot ${slot} of cell ${cell}`);
      return thing;
    };
    let number = -1;
    decodeFrames(bytes, {
      onFrame: (cell, tick, isKeyframe) => {
        assert.ok(!told.has(cell), `${where}: cell ${cell} twice in a message`);
        told.add(cell);
        const known = this.cells.get(cell);
        assert.ok(known !== undefined, `${where}: player ${this.player} hears of cell ${cell}, out of sight`);
        assert.ok(
          isKeyframe || known.keyframeTick >= 0,
          `${where}: player ${this.player}, cell ${cell}: no keyframe`,
        );
        if (isKeyframe) {
          known.slots.clear();
          known.keyframeTick = tick;
          isDelta = false;
        }
        current = known;
        number = cell;
      },
      onAppear: (id, x, y, slot) => {
        assert.ok(!current.slots.has(slot), `${where}: slot ${slot} of cell ${number} is taken`);
        current.slots.set(slot, { id, x, y });
      },
      onLeave: (slot) => {
        there(slot, number);
        current.slots.delete(slot);
      },
      onChange: (slot) => there(slot, number),
      onMove: (slot, dx, dy) => {
        const thing = there(slot, number);
        thing.x += dx;
        thing.y += dy;
      },
      onProfile: ({ id }) => this.named.add(id),
    });
    for (const cell of told) {
      for (const { id } of this.cells.get(cell)!.slots.values())
        assert.ok(this.named.has(id), `${where}: player ${this.player} sees ${id}, who has no name`);
    }
    if (isDelta) this.deltaMessages++;
  }
}

const place = (cell: number) => ({ x: (cell % WIDTH) * 10 + 5, y: Math.floor(cell / WIDTH) * 10 + 5 });

/** Shards, net and clients of one run. */
class Fuzz {
  readonly rig: GatewayRig;
  readonly world: ModelWorld;
  readonly people: Person[];
  readonly dice: Prng;
  readonly #wanted = [new Set<number>(), new Set<number>()];
  readonly #incarnations = [1, 1];
  #isQuiet = false;
  #hasCrossed = false;
  /** By cell, the tick in which its owner began anew: what was known before is not continued. */
  readonly #begunTick = new Int32Array(CELLS);
  met = { drops: 0, restarts: 0, resumes: 0, handoffs: 0, partly: 0, turnsOfManyTicks: 0, newOwners: 0 };
  where = "";
  /** Shards publish whole ticks only. */
  isCalm = false;

  constructor(seed: number) {
    this.dice = new Prng(seed);
    this.world = new ModelWorld(this.dice);
    this.rig = new GatewayRig({ net: { bufferedBytesMax: 8192, handshakesPerSecond: 10_000 } });
    this.people = [...PLAYERS].map((player) => new Person(player, this.dice.below(CELLS)));
  }

  /** Answers what net asks of store and shards; keyframes come with a tick. */
  serve(): void {
    for (const load of this.rig.takeLoads()) {
      const person = this.people.find(({ player }) => load.playerId === player.repeat(32))!;
      this.rig.answerLoad(load, { ...newPlayer(load.playerId, "Ann"), ...place(person.cell) });
    }
    const heard = this.rig.hear();
    for (const shard of this.rig.shards) shard.letGo(heard);
    for (const { shard, type, payload } of heard) {
      if (type === toShard.keyframeWanted) this.#wanted[shard]!.add(readSight(new ByteReader(payload)).cell);
      if (type === toShard.join) this.#join(shard, payload);
      if (type === toShard.leave) this.#leave(shard, payload);
    }
  }

  #join(shard: number, payload: Uint8Array): void {
    const { session, joinEpoch, player } = readJoin(new ByteReader(payload));
    const person = this.people.find((one) => player.playerId === one.player.repeat(32))!;
    person.session = session;
    person.joinEpoch = joinEpoch;
    person.shard = shard;
    person.begunTick = this.rig.shards[shard]!.tick;
    person.isBetween = true;
    this.rig.shards[shard]!.member(toNet.joined, {
      session,
      joinEpoch,
      entityId: session,
      cell: person.cell,
    });
  }

  /** The grace time of a lost connection is over. */
  #leave(shard: number, payload: Uint8Array): void {
    const { session, joinEpoch } = readSession(new ByteReader(payload));
    const person = this.people.find((one) => one.session === session);
    if (person !== undefined) person.joinEpoch = 0;
    this.rig.shards[shard]!.member(toNet.left, { session, joinEpoch, entityId: session, cell: 0 });
  }

  move(person: Person): void {
    if (person.joinEpoch === 0) return;
    const column = Math.min(WIDTH - 1, Math.max(0, (person.cell % WIDTH) + this.dice.below(3) - 1));
    if (person.isBetween) return;
    const row = Math.min(WIDTH - 1, Math.max(0, Math.floor(person.cell / WIDTH) + this.dice.below(3) - 1));
    person.cell = this.dice.below(20) === 0 ? this.dice.below(CELLS) : row * WIDTH + column;
    const owner = this.rig.ownership.owner(person.cell);
    const type = owner === person.shard ? toNet.memberCell : toNet.memberMoved;
    if (owner !== person.shard) {
      this.met.handoffs++;
      this.#hasCrossed = true;
      person.isBetween = true;
    }
    person.shard = owner;
    const { session, joinEpoch, cell } = person;
    this.rig.shards[owner]!.member(type, { session, joinEpoch, entityId: session, cell });
  }

  connect(person: Person, mayResume: boolean): void {
    const { resume } = person;
    const options = mayResume && resume !== null ? { resume } : {};
    person.begin(this.rig.connect(person.player, options));
  }

  /** One tick of one shard, in the order a publisher has: a cell's delta, then its keyframe for those who wait. */
  tickShard(shard: number): void {
    const out = this.rig.shards[shard]!;
    const wanted = this.#wanted[shard]!;
    const partlyAt = !this.isCalm && this.dice.below(30) === 0 ? this.dice.below(CELLS) : -1;
    for (let cell = 0; cell < CELLS; cell++) {
      if (this.rig.ownership.owner(cell) !== shard) continue;
      if (this.dice.below(2) === 0) {
        const frame = this.world.act(cell, out.tick);
        if (frame !== undefined) out.cellMessage(cell, 0, frame);
        if (frame !== undefined && this.dice.below(4) === 0) out.cellMessage(cell, 0, namesOf(cell, []));
      }
      if (wanted.has(cell) && this.dice.below(3) > 0) {
        wanted.delete(cell);
        const parts = this.world.keyframes(cell, out.tick);
        for (const [index, part] of parts.entries()) {
          out.cellMessage(cell, CELL_TO_PENDING | (index === parts.length - 1 ? CELL_PROMOTES : 0), part);
        }
      }
      if (cell === partlyAt) {
        this.met.partly++;
        out.publishPartly();
        this.rig.clock.advance(20);
        this.rig.duty();
        this.serve();
      }
    }
  }

  tick(): void {
    this.#isQuiet = false;
    const order = this.dice.below(2) === 0 ? [0, 1] : [1, 0];
    for (const shard of order) this.tickShard(shard);
    const tick = Math.max(...this.rig.shards.map((shard) => shard.tick));
    for (const shard of this.rig.shards) shard.endTick(tick);
    this.rig.clock.advance(50);
  }

  /** Net takes all there is. */
  settle(): void {
    for (const person of this.people) person.isBetween = false;
    for (let turn = 0; turn < 40; turn++) {
      this.rig.duty();
      this.serve();
      if (this.rig.gateway.sleepMs(this.rig.clock.nowMs()) > 0) break;
    }
    this.#isQuiet = true;
    this.#hasCrossed = false;
    for (const person of this.people) person.read(this.where);
  }

  /** Unless somebody is between two shards: who has them then is a matter of handoffs, and of other tests. */
  restart(shard: number): void {
    if (this.#hasCrossed) return;
    this.met.restarts++;
    this.#wanted[shard]!.clear();
    for (let cell = 0; cell < CELLS; cell++) {
      if (this.rig.ownership.owner(cell) !== shard) continue;
      this.world.renumber(cell);
      this.#begunTick[cell] = this.rig.shards[shard]!.tick;
    }
    for (const person of this.people) {
      if (person.shard !== shard) continue;
      // Until the player is in the world again they see nothing, wherever they were.
      person.joinEpoch = 0;
      person.begunTick = Number.POSITIVE_INFINITY;
    }
    const out = this.rig.shards[shard]!;
    out.hello(++this.#incarnations[shard]!);
    out.restored(this.#incarnations[shard]!);
  }

  /** While nothing is on the lanes: what an old owner said of the cell has been heard before the new one speaks. */
  reassign(): void {
    if (!this.#isQuiet) return;
    this.met.newOwners++;
    const cell = this.dice.below(CELLS);
    const owner = this.rig.ownership.owner(cell);
    this.#wanted[owner]!.delete(cell);
    this.rig.ownership.assign(cell, 1 - owner);
    this.#begunTick[cell] = this.rig.shards[owner]!.tick;
  }

  mischief(): void {
    const { dice, people } = this;
    const person = people[dice.below(people.length)]!;
    const { client } = person;
    switch (dice.below(10)) {
      case 0:
        // From time to time another client of the same player takes over.
        if (client?.isOpen !== true || dice.below(5) === 0) this.connect(person, dice.below(2) === 0);
        if (client?.isOpen === false) this.met.resumes++;
        return;
      case 1:
        if (dice.below(3) === 0) client?.hangUp();
        return;
      case 2:
        if (client?.isOpen !== true) return;
        client.stall();
        person.isStalled = true;
        return;
      case 3:
      case 4:
        for (const one of people) this.unstall(one);
        return;
      case 5:
        if (dice.below(8) === 0) this.restart(dice.below(2));
        return;
      case 6:
        if (dice.below(4) === 0) this.reassign();
        return;
      default:
        for (let count = dice.below(4); count > 0; count--) this.move(people[dice.below(people.length)]!);
    }
  }

  unstall(person: Person): void {
    if (!person.isStalled || person.client?.isOpen !== true) return;
    if (person.client.droppedCount > 0) this.met.drops++;
    person.isStalled = false;
    person.client.unstall();
    // What was buffered before something was dropped may name cells too.
    person.read(this.where, true);
  }

  /** Compares what clients know with what there is. Returns how many cells they wait for. */
  compare(): number {
    let waiting = 0;
    for (const person of this.people) {
      if (person.client?.isOpen !== true || person.isStalled || person.isDoubtful) continue;
      for (const [cell, { keyframeTick, slots }] of person.cells) {
        if (keyframeTick < Math.max(person.begunTick, this.#begunTick[cell]!)) {
          waiting++;
          continue;
        }
        const what = `${this.where}, player ${person.player}, cell ${cell}`;
        assert.deepEqual(sorted(slots), sorted(this.world.cells[cell]!), what);
      }
    }
    return waiting;
  }
}

const sorted = (slots: Slots) => [...slots].sort(([a], [b]) => a - b);

const seed = Number(process.env.GRIDSHARD_SEED ?? 1);
const RUNS = 8;

test(`[EG14] every client's world is the shards', whatever moves, breaks, stalls and restarts (seed ${seed})`, () => {
  const met: Record<string, number> = {};
  for (let run = 0; run < RUNS; run++) {
    const fuzz = new Fuzz(seed + run);
    for (const person of fuzz.people) fuzz.connect(person, false);
    for (let round = 0; round < 250; round++) {
      fuzz.where = `GRIDSHARD_SEED=${seed + run}, round ${round}`;
      for (let count = fuzz.dice.below(4); count > 0; count--) fuzz.mischief();
      const ticks = fuzz.dice.below(4) === 0 ? 2 + fuzz.dice.below(3) : 1;
      if (ticks > 1) fuzz.met.turnsOfManyTicks++;
      for (let tick = 0; tick < ticks; tick++) {
        fuzz.tick();
        if (tick + 1 < ticks && fuzz.dice.below(2) === 0) fuzz.mischief();
      }
      fuzz.settle();
      fuzz.compare();
    }
    fuzz.isCalm = true;
    // Everybody is there, sees everything, and hears of each tick by one message.
    for (const person of fuzz.people) {
      fuzz.unstall(person);
      if (person.client?.isOpen !== true) fuzz.connect(person, true);
    }
    for (let round = 0; round < 60; round++) {
      fuzz.where = `GRIDSHARD_SEED=${seed + run}, calm ${round}`;
      fuzz.tick();
      fuzz.settle();
      const waiting = fuzz.compare();
      if (round < 40) continue;
      assert.equal(waiting, 0, `${fuzz.where}: cells without keyframe`);
      for (const person of fuzz.people) {
        assert.ok(
          person.client!.isOpen && person.cells.size >= 4,
          `${fuzz.where}: ${person.player} is in the world`,
        );
        assert.ok(person.deltaMessages <= 1, `${fuzz.where}: ${person.deltaMessages} messages in one tick`);
      }
    }
    for (const [what, count] of Object.entries(fuzz.met)) met[what] = (met[what] ?? 0) + count;
  }
  for (const [what, count] of Object.entries(met)) assert.ok(count > 0, `no run met ${what}`);
});
