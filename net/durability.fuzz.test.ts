/**
 * Random events, intents, drops, resumes, words of the journal and crashes. Behind each crash a gateway is started from the
 * whole groups that were safe, or written; rooms that survive tell their events again. Checked on every client: durable
 * events exactly once and in order, no number twice with another content, nothing before it is safe.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { INTENT_MESSAGE, toShard } from "../engine/lane/to-shard.js";
import { freshSeed, Prng } from "../engine/prng.js";
import {
  decodeEvent,
  decodeIntentAck,
  decodeRefusedBody,
  decodeWelcome,
  encodeEventAck,
  encodeFieldIntent,
} from "../engine/wire/codec.js";
import { closeCodes } from "../engine/wire/codes.js";
import { engineEvents, eventScopes, messageTypes } from "../engine/wire/message-types.js";
import { GatewayRig, rigIntents } from "./gateway-rig.js";
import type { MemoryClient } from "./memory-transport.js";
import type { Survivors } from "./rig-journal.js";

const LIVES = 6;
const STEPS_PER_LIFE = 120;
const PLAYERS = ["a", "b", "c"] as const;
const ROOM = 5;
const VOLATILE_KIND = 1;
const DURABLE_KIND = 2;

/** What became of an event, whatever its number: `id` is in its body. */
interface Said {
  readonly session: number;
  readonly isDurable: boolean;
  /** In the room that says it again after a crash; 0: said once. */
  readonly roomSeq: number;
}

/** A client as docs/PROTOCOL.md describes one. */
class FuzzClient {
  readonly player: string;
  socket: MemoryClient | null = null;
  session = 0;
  token = "";
  /** Number of the last event it has. */
  last = 0;
  acked = 0;
  /** By number, what it was first. */
  readonly contents = new Map<number, string>();
  /** Bodies of the events it has, in order. */
  readonly ids: number[] = [];
  /** Reliable intents, until they are durable. */
  intents: number[] = [];
  lastIntent = 0;
  durable = 0;
  hasMissed = false;

  constructor(player: string) {
    this.player = player;
  }

  get isOpen(): boolean {
    return this.socket?.isOpen ?? false;
  }

  connect(rig: GatewayRig): void {
    const resume = this.token === "" ? {} : { resume: { session: this.session, token: this.token } };
    this.socket = rig.connect(this.player, resume);
  }

  hear(world: FuzzWorld): void {
    const { socket } = this;
    if (socket === null) return;
    for (const message of socket.take()) this.#take(message, world);
    if (socket.isOpen) return;
    assert.ok(
      socket.closed === null || socket.closed.code === closeCodes.overloaded.code,
      `closed with ${socket.closed?.code} ${socket.closed?.reason}`,
    );
    this.socket = null;
  }

  #take(message: Uint8Array, world: FuzzWorld): void {
    if (message[0] === messageTypes.welcome) {
      const welcome = decodeWelcome(message);
      const isSame = this.token !== "";
      assert.equal(welcome.recovered, isSame, "whoever comes back has missed nothing");
      if (!isSame) this.last = welcome.eventsAcked;
      assert.ok(welcome.eventsAcked <= this.last, "nothing is taken for received that was not");
      this.acked = welcome.eventsAcked;
      this.session = welcome.session;
      this.token = welcome.resumeToken;
      assert.ok(welcome.intentsApplied >= this.durable, "what was durable is not forgotten");
      for (const seq of this.intents) {
        // Those that the server has stay with the client until they are durable.
        if (seq > welcome.intentsApplied) this.socket!.send(encodeFieldIntent(rigIntents.bare, seq));
      }
    } else if (message[0] === messageTypes.event) this.#onEvent(message, world);
    else if (message[0] === messageTypes.intentAck) {
      const { applied, durable } = decodeIntentAck(message);
      assert.ok(durable <= applied);
      for (let seq = this.durable + 1; seq <= durable; seq++) {
        assert.ok(world.isIntentSafe(this.session, seq), `intent ${seq} is said to be durable`);
      }
      this.durable = Math.max(this.durable, durable);
      this.intents = this.intents.filter((seq) => seq > durable);
    }
  }

  #onEvent(message: Uint8Array, world: FuzzWorld): void {
    const { seq, scope, kind, body } = decodeEvent(message);
    if (seq <= this.last) {
      // Only the question after a restart may have a number that was another's.
      if (scope === eventScopes.engine && kind === engineEvents.notice) return;
      if (this.contents.has(seq)) {
        assert.equal(
          Buffer.from(message).toString("hex"),
          this.contents.get(seq),
          `number ${seq} of ${this.session}`,
        );
      }
      return;
    }
    assert.equal(seq, this.last + 1, `a gap before event ${seq} of session ${this.session}`);
    this.last = seq;
    this.contents.set(seq, Buffer.from(message).toString("hex"));
    if (scope === eventScopes.engine) {
      if (kind === engineEvents.refused) {
        const { intentSeq, reason } = decodeRefusedBody(body);
        assert.fail(`intent ${intentSeq} of session ${this.session} is refused: ${reason}`);
      }
      return;
    }
    const id = new ByteReader(body).u32();
    assert.equal(world.said.get(id)?.session, this.session);
    assert.ok(!this.ids.includes(id), `event ${id} is told twice`);
    if (kind === DURABLE_KIND) assert.ok(world.isEventSafe(id), `event ${id} left before it was safe`);
    this.ids.push(id);
  }
}

class FuzzWorld {
  readonly prng: Prng;
  readonly clients = PLAYERS.map((player) => new FuzzClient(player));
  readonly said = new Map<number, Said>();
  /** Events of the durable room in the order of its numbers, those a crash cannot take first. */
  roomEvents: { readonly id: number; readonly session: number; readonly roomSeq: number }[] = [];
  rig: GatewayRig;
  life = 0;
  #lastId = 0;
  #roomSeq = 0;
  /** By event, the group it was journaled in, of this life; 0: of a life before. */
  readonly #groupOf = new Map<number, number>();
  #groupsRead = 0;
  /** Intents applied, by session: by number, the tick; 0 once it is safe whatever happens. */
  readonly applied = new Map<number, Map<number, number>>();
  /** Intents on their way. */
  #atShard: { readonly session: number; readonly seq: number }[] = [];

  constructor(seed: number) {
    this.prng = new Prng(seed);
    this.rig = this.#start(null);
  }

  #start(survivors: Survivors | null): GatewayRig {
    const rig = new GatewayRig({ session: { graceMs: 600_000, eventsKeptMax: 65_536 } }, survivors);
    if (survivors !== null) rig.journal.restore();
    return rig;
  }

  isEventSafe(id: number): boolean {
    this.read();
    const group = this.#groupOf.get(id);
    return group !== undefined && group <= this.rig.journal.durable;
  }

  isIntentSafe(session: number, seq: number): boolean {
    const tick = this.applied.get(session)?.get(seq);
    return tick !== undefined && tick <= Math.max(0, this.rig.control.durable(0));
  }

  /** Reads the journal: which event is in which group. */
  read(): void {
    const { journal } = this.rig;
    journal.take();
    for (; this.#groupsRead < journal.groups.length; this.#groupsRead++) {
      const { group, items } = journal.groups[this.#groupsRead]!;
      for (const { type, payload } of items) {
        if (type !== 22) continue;
        const from = new ByteReader(payload.subarray(16));
        const { scope, body } = decodeEvent(from.rest());
        if (scope === eventScopes.room) this.#groupOf.set(new ByteReader(body).u32(), group);
      }
    }
  }

  step(): void {
    const { prng, rig } = this;
    switch (prng.below(12)) {
      case 0:
      case 1:
      case 2:
        this.#say(prng.below(3));
        break;
      case 3:
      case 4:
        rig.endTick();
        break;
      case 5:
        this.#connect(prng.below(this.clients.length));
        break;
      case 6:
        if (prng.below(3) === 0) this.#any().socket?.hangUp();
        break;
      case 7:
        this.#ack(this.#any());
        break;
      case 8:
        this.#journal();
        break;
      case 9:
        this.#intend(this.#any());
        break;
      case 10:
        this.#apply();
        break;
      default:
        rig.clock.advance(prng.below(600));
        rig.duty();
    }
    this.#tend();
    for (const client of this.clients) client.hear(this);
  }

  #any(): FuzzClient {
    return this.clients[this.prng.below(this.clients.length)]!;
  }

  /** What the other threads do by themselves. */
  #tend(): void {
    const { rig } = this;
    rig.loadAll(15, 15);
    for (const { type, payload, shard } of rig.hear()) {
      if (type === toShard.join) {
        const from = new ByteReader(payload);
        from.u32();
        const member = { session: from.u32(), joinEpoch: from.u32(), entityId: 1, cell: 9 };
        rig.shards[shard]!.member(2, member);
        rig.shards[shard]!.endTick();
      } else if (type === toShard.intent) {
        const session = new ByteReader(payload.subarray(4)).u32();
        const seq = new ByteReader(payload.subarray(INTENT_MESSAGE + 4)).u32();
        this.#atShard.push({ session, seq });
      }
    }
    rig.duty();
  }

  #say(how: number): void {
    const members = this.clients.filter(({ session }) => session > 0);
    const client = members[this.prng.below(Math.max(1, members.length))];
    if (client === undefined) return;
    const id = ++this.#lastId;
    const { session } = client;
    const roomSeq = how === 2 ? ++this.#roomSeq : 0;
    this.said.set(id, { session, isDurable: how > 0, roomSeq });
    if (roomSeq > 0) this.roomEvents.push({ id, session, roomSeq });
    this.#write(id);
  }

  #write(id: number): void {
    const { session, isDurable, roomSeq } = this.said.get(id)!;
    const body = new Uint8Array(4);
    new DataView(body.buffer).setUint32(0, id, true);
    this.rig.shards[0]!.say({
      sessions: [session],
      scope: eventScopes.room,
      kind: isDurable ? DURABLE_KIND : VOLATILE_KIND,
      roomId: roomSeq > 0 ? ROOM : 0,
      roomSeq,
      isDurable,
      body,
    });
  }

  #connect(index: number): void {
    const client = this.clients[index]!;
    if (!client.isOpen || this.prng.below(4) === 0) client.connect(this.rig);
  }

  #ack(client: FuzzClient): void {
    if (!client.isOpen || client.last <= client.acked) return;
    client.socket!.send(encodeEventAck(client.last));
    client.acked = client.last;
  }

  #journal(): void {
    const { prng, rig } = this;
    this.read();
    const { durable, last } = rig.journal;
    if (last > durable) rig.journal.makeDurable(durable + 1 + prng.below(last - durable));
    const safe = Math.max(0, rig.control.durable(0));
    if (rig.shards[0]!.tick > safe) rig.control.setDurable(0, safe + prng.below(rig.shards[0]!.tick - safe));
    rig.duty();
  }

  #intend(client: FuzzClient): void {
    if (!client.isOpen || client.session === 0 || client.intents.length > 40) return;
    const seq = ++client.lastIntent;
    client.intents.push(seq);
    client.socket!.send(encodeFieldIntent(rigIntents.bare, seq));
  }

  /** The shard settles some of what it has got, in this tick, and says so. */
  #apply(): void {
    const shard = this.rig.shards[0]!;
    const newest = new Map<number, number>();
    for (const { session, seq } of this.#atShard.splice(0, 1 + this.prng.below(8))) {
      const done = this.applied.get(session) ?? new Map<number, number>();
      assert.ok(!done.has(seq), `intent ${seq} of session ${session} is applied twice`);
      this.applied.set(session, done.set(seq, shard.tick));
      newest.set(session, seq);
    }
    for (const [session, seq] of newest) shard.applied(session, seq);
    this.rig.endTick();
  }

  /** The process dies. What was written may be safe although nobody was told. */
  crash(): void {
    const { prng } = this;
    this.read();
    const old = this.rig;
    const { durable, last } = old.journal;
    const kept = durable + (last > durable ? prng.below(last - durable + 1) : 0);
    const safeTick = Math.max(0, old.control.durable(0));
    for (const client of this.clients) {
      client.hear(this);
      client.socket = null;
    }
    for (const [session, done] of this.applied) {
      for (const [seq, tick] of done) {
        // What a shard did in ticks that are not safe never happened.
        if (tick > safeTick) done.delete(seq);
        else {
          if (tick > 0) old.journal.settle(session, seq);
          done.set(seq, 0);
        }
      }
    }
    const survivors = old.journal.survivors(kept);
    for (const [id, group] of this.#groupOf) {
      // The room says it again. What else was not kept never happened.
      if (group > kept) this.#groupOf.delete(id);
      else this.#groupOf.set(id, 0);
    }
    this.#atShard = [];
    this.#groupsRead = 0;
    this.life++;
    this.rig = this.#start(survivors);
    // Of whose Welcome the journal does not know, nothing that was promised can be lost; he begins anew.
    const welcomed = survivors.sessions.filter(({ attachEpoch }) => attachEpoch > 0);
    const known = new Set(welcomed.map(({ session }) => session));
    for (const client of this.clients)
      if (client.session > 0 && !known.has(client.session)) this.#forget(client);
    this.rig.duty();
    // Out of its checkpoint the room tells everything again, with the numbers it had.
    for (const { id } of this.roomEvents) this.#write(id);
    this.rig.open();
  }

  #forget(client: FuzzClient): void {
    assert.ok(
      client.ids.every(
        (id) => this.said.get(id)!.session !== client.session || !this.said.get(id)!.isDurable,
      ),
    );
    this.roomEvents = this.roomEvents.filter(({ session }) => session !== client.session);
    this.clients[this.clients.indexOf(client)] = new FuzzClient(client.player);
  }

  /** Everybody comes back, acknowledges, and the journal is done. */
  finish(): void {
    for (let round = 0; round < 6; round++) {
      for (let index = 0; index < this.clients.length; index++) {
        if (!this.clients[index]!.isOpen) this.#connect(index);
      }
      this.#tend();
      this.rig.endTick();
      this.read();
      this.rig.journal.makeDurable();
      this.rig.control.setDurable(0, this.rig.shards[0]!.tick);
      while (this.#atShard.length > 0) this.#apply();
      this.rig.endTick();
      for (const client of this.clients) {
        client.hear(this);
        this.#ack(client);
      }
    }
    for (const client of this.clients) this.#check(client);
  }

  #check(client: FuzzClient): void {
    const { session, ids } = client;
    const room = ids.filter((id) => this.said.get(id)!.roomSeq > 0);
    const wanted = this.roomEvents.filter((event) => event.session === session).map(({ id }) => id);
    assert.deepEqual(room, wanted, `the room's events of session ${session}`);
    for (const [id, { session: whose, isDurable }] of this.said) {
      if (whose !== session || !isDurable || !this.#groupOf.has(id)) continue;
      assert.ok(ids.includes(id), `durable event ${id} of session ${session} was never told`);
    }
    const done = this.applied.get(session) ?? new Map<number, number>();
    for (let seq = 1; seq <= client.lastIntent; seq++) assert.ok(done.has(seq), `intent ${seq} got lost`);
  }
}

test("[DS21] whatever crashes: durable events once and in order, numbers for one content each, no promise too early", () => {
  const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());
  const runs = process.env.GRIDSHARD_SEED === undefined ? 40 : 1;
  for (let run = 0; run < runs; run++) {
    const one = seed + run;
    try {
      const world = new FuzzWorld(one);
      for (let life = 0; life < LIVES; life++) {
        for (let step = 0; step < STEPS_PER_LIFE; step++) world.step();
        world.crash();
      }
      world.finish();
    } catch (error) {
      process.stderr.write(`GRIDSHARD_SEED=${one}\n`);
      throw error;
    }
  }
});
