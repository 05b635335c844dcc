import assert from "node:assert/strict";
import test from "node:test";
import { freshSeed, Prng } from "../engine/prng.js";
import { encodeEvent, encodeIntentAck, eventAckEvents, intentSeq } from "../engine/wire/codec.js";
import { eventScopes, messageTypes } from "../engine/wire/message-types.js";
import { GridshardClient } from "./client.js";
import { ScriptedServer } from "./scripted-server.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());

/** A server that keeps its promises over a network that does not. */
class Session {
  readonly #server: ScriptedServer;
  readonly #dice: Prng;
  #lastEvent = 0;
  #acked = 0;
  /** Numbers of the intents that took effect, in that order. */
  readonly applied: number[] = [];
  /** Messages of the present socket that have been looked at. */
  #read = 0;

  constructor(server: ScriptedServer, dice: Prng) {
    this.#server = server;
    this.#dice = dice;
  }

  get eventCount(): number {
    return this.#lastEvent;
  }

  welcome(isFirst: boolean): void {
    this.#read = 0;
    this.#server.welcome({
      recovered: !isFirst,
      eventsAcked: this.#acked,
      intentsApplied: this.applied.length,
    });
    for (let seq = this.#acked + 1; seq <= this.#lastEvent; seq++) this.#send(seq);
  }

  event(): void {
    this.#send(++this.#lastEvent);
  }

  #send(seq: number): void {
    if (this.#server.socket.isClosed) return;
    const header = { scope: eventScopes.field, kind: 1 + (seq % 7), seq, room: 0 };
    this.#server.socket.deliver(encodeEvent(header, Uint8Array.of(seq & 255, seq >> 8)));
  }

  /** Reads some of what the client sent; the rest may be lost with the socket. */
  read(): void {
    const { sent } = this.#server.socket;
    let count = this.#dice.below(sent.length - this.#read + 1);
    for (; count > 0; count--) {
      const message = sent[this.#read++]!;
      if (message[0] === messageTypes.eventAck) {
        const acked = eventAckEvents(message);
        assert.ok(acked <= this.#lastEvent, "only what was sent is acknowledged");
        this.#acked = Math.max(this.#acked, acked);
      } else if (message[0] === messageTypes.fieldIntent) {
        const seq = intentSeq(message);
        assert.ok(seq <= this.applied.length + 1, `intent ${seq} after ${this.applied.length}: a gap`);
        if (seq === this.applied.length + 1) this.applied.push(seq);
      }
    }
    if (!this.#server.socket.isClosed && this.#dice.below(2) === 0) {
      this.#server.socket.deliver(encodeIntentAck({ applied: this.applied.length, durable: 0 }));
    }
  }
}

/** Lets time pass until the client tries again, and no longer: it does not wait for its Welcome for ever. */
function untilNextSocket(server: ScriptedServer): void {
  const before = server.sockets.length;
  for (let waited = 0; waited <= 10_100 && server.sockets.length === before; waited += 100)
    server.advance(100);
  assert.equal(server.sockets.length, before + 1);
}

test(`[CL2] [CL5] lossy reconnects never deliver an event or apply an intent twice or out of order (seed ${seed})`, () => {
  for (let run = 0; run < 150; run++) {
    const dice = new Prng(seed + run);
    const server = new ScriptedServer();
    const client = new GridshardClient();
    const session = new Session(server, dice);
    const delivered: number[] = [];
    let sentIntents = 0;
    client.on("event", ({ seq, body }) => {
      assert.equal(body[0]! | (body[1]! << 8), seq);
      delivered.push(seq);
    });
    client.connect(server.options(() => dice.unit()));
    session.welcome(true);
    for (let step = 0; step < 120; step++) {
      const chance = dice.below(100);
      if (chance < 45) session.event();
      else if (chance < 70) sentIntents += client.sendFieldIntent(1) > 0 ? 1 : 0;
      else if (chance < 85) session.read();
      else if (chance < 93) server.advance(dice.below(400));
      else {
        server.socket.end(1006);
        session.event();
        untilNextSocket(server);
        if (dice.below(4) === 0) {
          server.socket.end(1006);
          untilNextSocket(server);
        }
        session.welcome(false);
      }
    }
    server.socket.end(1006);
    untilNextSocket(server);
    session.welcome(false);
    server.advance(300);
    for (let round = 0; round < 2000 && session.applied.length < sentIntents; round++) session.read();
    assert.deepEqual(
      delivered,
      Array.from({ length: session.eventCount }, (_, index) => index + 1),
      `run ${run}`,
    );
    assert.equal(session.applied.length, sentIntents, `run ${run}`);
    client.close();
  }
});
