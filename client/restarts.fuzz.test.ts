import assert from "node:assert/strict";
import test from "node:test";
import { freshSeed, Prng } from "../engine/prng.js";
import { encodeEvent, encodeIntentAck, eventAckEvents, intentSeq } from "../engine/wire/codec.js";
import { eventScopes, messageTypes } from "../engine/wire/message-types.js";
import { GridshardClient } from "./client.js";
import { ScriptedServer } from "./scripted-server.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());

interface Told {
  /** Raised by one with every event that is thought of, never given twice. */
  readonly content: number;
  /** It leaves only when it is safe, and a server that is started again tells it again if it was not. */
  readonly isDurable: boolean;
}

/** A server that dies, and comes back knowing what its journal had: some of what it did, and never less than it promised. */
class MortalSession {
  readonly #server: ScriptedServer;
  readonly #dice: Prng;
  /** Event number n is at n − 1. */
  #log: (Told | null)[] = [];
  #sent = 0;
  #safeEvents = 0;
  #acked = 0;
  /** The event that finds out what the client has: nothing behind it leaves before it is acknowledged. */
  #awaited = 0;
  #contents = 0;
  /** Numbers of the intents that took effect, in that order. */
  applied: number[] = [];
  /** So many of these are in the journal … */
  #safeIntents = 0;
  /** … and so many the client has been told to be. */
  toldDurable = 0;
  /** Messages of the present socket that have been looked at. */
  #read = 0;
  deaths = 0;
  /** Contents that must arrive, in that order. */
  readonly promised: number[] = [];

  constructor(server: ScriptedServer, dice: Prng) {
    this.#server = server;
    this.#dice = dice;
  }

  welcome(isFirst: boolean): void {
    this.#read = 0;
    this.#sent = this.#acked;
    this.#server.welcome({
      recovered: !isFirst,
      eventsAcked: this.#acked,
      intentsApplied: this.applied.length,
    });
    this.send();
  }

  event(): void {
    const told = { content: ++this.#contents, isDurable: this.#dice.below(2) === 0 };
    if (told.isDurable) this.promised.push(told.content);
    this.#log.push(told);
    this.send();
  }

  /** The journal gets on. */
  commit(): void {
    this.#safeEvents += this.#dice.below(this.#log.length - this.#safeEvents + 1);
    this.#safeIntents += this.#dice.below(this.applied.length - this.#safeIntents + 1);
    this.send();
  }

  /** Sends what may leave. */
  send(): void {
    const { socket } = this.#server;
    while (!socket.isClosed && this.#sent < this.#log.length) {
      if (this.#awaited > 0 && this.#sent >= this.#awaited) break;
      const told = this.#log[this.#sent]!;
      const mayLeave = told === null || !told.isDurable || this.#sent < this.#safeEvents;
      if (!mayLeave) break;
      const seq = ++this.#sent;
      const content = told?.content ?? 0;
      socket.deliver(
        encodeEvent(
          { scope: eventScopes.field, kind: 1, seq, room: 0 },
          Uint8Array.of(content & 255, content >> 8),
        ),
      );
    }
  }

  /** Reads some of what the client sent; the rest may be lost with the socket. */
  read(): void {
    const { sent } = this.#server.socket;
    for (let count = this.#dice.below(sent.length - this.#read + 1); count > 0; count--) {
      const message = sent[this.#read++]!;
      if (message[0] === messageTypes.eventAck) this.#acknowledge(eventAckEvents(message));
      else if (message[0] === messageTypes.fieldIntent) this.#apply(intentSeq(message));
    }
    if (this.#server.socket.isClosed || this.#dice.below(2) === 0) return;
    this.toldDurable = this.#safeIntents;
    this.#server.socket.deliver(
      encodeIntentAck({ applied: this.applied.length, durable: this.#safeIntents }),
    );
  }

  #apply(seq: number): void {
    assert.ok(seq <= this.applied.length + 1, `intent ${seq} after ${this.applied.length}: a gap`);
    if (seq === this.applied.length + 1) this.applied.push(seq);
  }

  #acknowledge(upTo: number): void {
    if (this.#awaited > 0 && upTo >= this.#awaited) {
      // Of what left without being safe, the client has more than the journal: numbers go on from there.
      const waiting = this.#log.slice(this.#awaited);
      const before = this.#log.slice(0, this.#awaited);
      while (before.length < upTo) before.push(null);
      this.#log = [...before, ...waiting];
      this.#safeEvents = Math.max(this.#safeEvents, upTo);
      this.#sent = upTo;
      this.#acked = upTo;
      this.#awaited = 0;
      this.send();
      return;
    }
    assert.ok(upTo <= this.#log.length, "only what was sent is acknowledged");
    this.#acked = Math.max(this.#acked, upTo);
    this.#sent = Math.max(this.#sent, this.#acked);
  }

  /** Dies, and is there again: what was not safe is undone, and durable rooms tell again what nobody has heard. */
  die(): void {
    this.deaths++;
    const again = this.#log.slice(this.#safeEvents).filter((told) => told?.isDurable === true);
    this.#log = this.#log.slice(0, this.#safeEvents);
    this.#acked = Math.min(this.#acked, this.#safeEvents);
    // Having died before the client came back, it still does not know what the client had the first time.
    if (this.#awaited === 0) {
      this.#log.push(null);
      this.#safeEvents = this.#log.length;
      this.#awaited = this.#log.length;
    }
    this.#log.push(...again);
    this.applied = this.applied.slice(0, this.#safeIntents);
  }
}

/** Lets time pass until the client tries again, and no longer: it does not wait for its Welcome for ever. */
function untilNextSocket(server: ScriptedServer): void {
  const before = server.sockets.length;
  for (let waited = 0; waited <= 10_100 && server.sockets.length === before; waited += 100)
    server.advance(100);
  assert.equal(server.sockets.length, before + 1);
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

test(`[CL2] [CL27] a server that dies and forgets makes no intent apply twice, nor a durable event come twice or never (seed ${seed})`, async () => {
  let deaths = 0;
  for (let run = 0; run < 150; run++) {
    const dice = new Prng(seed + run);
    const server = new ScriptedServer();
    const client = new GridshardClient();
    const session = new MortalSession(server, dice);
    const delivered: number[] = [];
    const wereSafe: number[] = [];
    let sentIntents = 0;
    client.on("event", ({ body }) => {
      const content = body[0]! | (body[1]! << 8);
      if (content > 0) delivered.push(content);
    });
    client.connect(server.options(() => dice.unit()));
    session.welcome(true);
    for (let step = 0; step < 160; step++) {
      const chance = dice.below(100);
      if (chance < 35) session.event();
      else if (chance < 55) {
        const seq = client.sendFieldIntent(1);
        if (seq === 0) continue;
        sentIntents++;
        void client.whenDurable(seq).then((fate) => {
          if (fate.kind === "settled") wereSafe.push(seq);
        });
      } else if (chance < 70) session.read();
      else if (chance < 82) session.commit();
      else if (chance < 92) server.advance(dice.below(400));
      else {
        const isDeath = dice.below(2) === 0;
        server.socket.end(1006);
        if (isDeath) session.die();
        session.event();
        untilNextSocket(server);
        if (dice.below(4) === 0) {
          server.socket.end(1006);
          if (isDeath && dice.below(2) === 0) session.die();
          untilNextSocket(server);
        }
        session.welcome(false);
      }
    }
    for (let round = 0; round < 4000; round++) {
      if (session.toldDurable === sentIntents && delivered.at(-1)! >= session.promised.at(-1)!) break;
      session.read();
      session.commit();
      server.advance(50);
      if (client.state.kind !== "live") {
        untilNextSocket(server);
        session.welcome(false);
      }
    }
    assert.deepEqual(session.applied, upTo(sentIntents), `run ${run}: intents`);
    const promised = new Set(session.promised);
    assert.deepEqual(
      delivered.filter((content) => promised.has(content)),
      session.promised,
      `run ${run}: durable events`,
    );
    assert.equal(new Set(delivered).size, delivered.length, `run ${run}: nothing twice`);
    await Promise.resolve();
    assert.deepEqual(wereSafe, upTo(sentIntents), `run ${run}: every intent was told to be safe, in order`);
    assert.equal(client.stats().intentsKept, 0);
    deaths += session.deaths;
    client.close();
  }
  assert.ok(deaths > 300, `${deaths} deaths`);
});
