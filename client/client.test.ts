import assert from "node:assert/strict";
import test from "node:test";
import {
  encodeEvent,
  encodeIntentAck,
  encodeNoticeBody,
  encodePong,
  encodeRefusedBody,
  eventAckEvents,
  intentSeq,
  moveIntentDx,
  moveIntentDy,
  pingSentMs,
} from "../engine/wire/codec.js";
import { closeCodes, refusals } from "../engine/wire/codes.js";
import { engineEvents, eventScopes, messageTypes } from "../engine/wire/message-types.js";
import { type ClientState, GridshardClient } from "./client.js";
import { INTENTS_KEPT_MAX } from "./intent-queue.js";
import { ScriptedServer, ScriptedSocket } from "./scripted-server.js";

function connected(fields: Parameters<ScriptedServer["welcome"]>[0] = {}) {
  const server = new ScriptedServer();
  const client = new GridshardClient();
  const states: ClientState[] = [];
  client.on("state", (state) => states.push(state));
  client.connect(server.options());
  server.welcome(fields);
  return { server, client, states };
}

/** The session goes on over a new connection. */
function resumed(server: ScriptedServer, fields: Parameters<ScriptedServer["welcome"]>[0] = {}): void {
  server.socket.end(1006);
  server.advance(10_000);
  server.welcome({ recovered: true, resumeToken: "token-2", ...fields });
}

function fieldEvent(seq: number): Uint8Array {
  return encodeEvent({ scope: eventScopes.field, kind: 5, seq, room: 0 }, Uint8Array.of(seq));
}

test("[CL1] the subprotocols carry protocol, ticket and client, and the newest resume token on a resume", () => {
  const { server, states } = connected();
  assert.deepEqual(server.socket.protocols, ["gridshard.1", "ticket.a.b", "client.test-0.1.0"]);
  resumed(server);
  assert.equal(server.socket.protocols[3], "resume.7.token-1");
  resumed(server);
  assert.equal(server.socket.protocols[3], "resume.7.token-2");
  assert.deepEqual(
    states.map((state) => state.kind),
    ["connecting", "live", "reconnecting", "connecting", "live", "reconnecting", "connecting", "live"],
  );
});

test("[CL2] events that come again after a resume are not delivered again", () => {
  const { server, client } = connected();
  const seen: number[] = [];
  client.on("event", (event) => seen.push(event.seq));
  for (const seq of [1, 2, 3]) server.socket.deliver(fieldEvent(seq));
  resumed(server, { eventsAcked: 1 });
  for (const seq of [2, 3, 4]) server.socket.deliver(fieldEvent(seq));
  assert.deepEqual(seen, [1, 2, 3, 4]);
  assert.equal(client.stats().eventsRepeated, 2);
});

test("[CL2] the engine's own events are told by name, decoded, and counted like the others", () => {
  const { server, client } = connected();
  const notices: string[] = [];
  client.on("notice", (notice) => notices.push(notice.text));
  const header = { scope: eventScopes.engine, kind: engineEvents.notice, seq: 1, room: 0 };
  const body = encodeNoticeBody({ code: 4201, text: "closing", seconds: 9 });
  server.socket.deliver(encodeEvent(header, body));
  server.socket.deliver(encodeEvent(header, body));
  assert.deepEqual(notices, ["closing"]);
});

test("[CL2] a new session numbers its events afresh", () => {
  const { server, client } = connected();
  const seen: number[] = [];
  client.on("event", (event) => seen.push(event.seq));
  server.socket.deliver(fieldEvent(1));
  resumed(server, { recovered: false, session: 8, entity: 8, eventsAcked: 0 });
  server.socket.deliver(fieldEvent(1));
  assert.deepEqual(seen, [1, 1]);
});

test("[CL3] an event that skips a number ends the connection and is not delivered", () => {
  const { server, client } = connected();
  const seen: number[] = [];
  client.on("event", (event) => seen.push(event.seq));
  const first = server.socket;
  first.deliver(fieldEvent(1));
  first.deliver(fieldEvent(3));
  assert.deepEqual(seen, [1]);
  assert.equal(client.state.kind, "reconnecting");
  assert.ok(first.isClosed);
});

test("[CL4] events are acknowledged after 250 ms, or at once when 32 have come", () => {
  const { server } = connected();
  server.socket.deliver(fieldEvent(1));
  server.socket.deliver(fieldEvent(2));
  server.advance(249);
  assert.equal(server.socket.sentOfType(messageTypes.eventAck).length, 0);
  server.advance(1);
  assert.deepEqual(
    server.socket.sentOfType(messageTypes.eventAck).map((ack) => eventAckEvents(ack)),
    [2],
  );
  for (let seq = 3; seq <= 34; seq++) server.socket.deliver(fieldEvent(seq));
  assert.deepEqual(
    server.socket.sentOfType(messageTypes.eventAck).map((ack) => eventAckEvents(ack)),
    [2, 34],
  );
});

test("[CL5] intents are numbered from the Welcome on and sent again after a resume until applied", () => {
  const { server, client } = connected({ intentsApplied: 4 });
  assert.equal(client.sendFieldIntent(1), 5);
  assert.equal(client.sendRoomIntent(3, 1, Uint8Array.of(9)), 6);
  server.socket.deliver(encodeIntentAck({ applied: 5, durable: 0 }));
  server.socket.end(1006);
  assert.equal(client.sendFieldIntent(2), 7, "while away intents are kept");
  server.advance(10_000);
  server.welcome({ recovered: true, intentsApplied: 5 });
  const again = server.socket.sent.filter(
    ([type]) => type === messageTypes.fieldIntent || type === messageTypes.roomIntent,
  );
  assert.deepEqual(
    again.map((message) => intentSeq(message)),
    [6, 7],
  );
  assert.equal(client.stats().intentsWaiting, 2);
});

test("[CL6] intents of a lost session are told, not sent again", () => {
  const { server, client } = connected();
  const lost: (readonly number[])[] = [];
  client.on("intentsLost", (seqs) => lost.push(seqs));
  client.sendFieldIntent(1);
  client.sendFieldIntent(1);
  resumed(server, { recovered: false, session: 9, entity: 9, intentsApplied: 0 });
  assert.deepEqual(lost, [[1, 2]]);
  assert.equal(server.socket.sentOfType(messageTypes.fieldIntent).length, 0);
  assert.equal(client.sendFieldIntent(1), 1);
});

test("[CL6] a restarted server's session of the same number is another session", () => {
  const { server, client } = connected();
  const lost: (readonly number[])[] = [];
  client.on("intentsLost", (seqs) => lost.push(seqs));
  client.sendFieldIntent(1);
  server.socket.end(1006);
  server.advance(10_000);
  server.socket.end(closeCodes.resumeInvalid.code);
  server.advance(10_000);
  server.welcome();
  assert.deepEqual(lost, [[1]]);
  assert.equal(server.socket.sentOfType(messageTypes.fieldIntent).length, 0);
  assert.equal(client.sendFieldIntent(1), 1);
});

test("[CL7] too many unanswered intents, or none to number them from, are refused with 0", () => {
  const server = new ScriptedServer();
  const client = new GridshardClient();
  assert.equal(client.sendFieldIntent(1), 0);
  client.connect(server.options());
  assert.equal(client.sendFieldIntent(1), 0);
  server.welcome();
  for (let seq = 1; seq <= INTENTS_KEPT_MAX; seq++) assert.equal(client.sendFieldIntent(1), seq);
  assert.equal(client.sendFieldIntent(1), 0);
  server.socket.deliver(encodeIntentAck({ applied: 1, durable: 0 }));
  assert.equal(client.sendFieldIntent(1), INTENTS_KEPT_MAX + 1);
});

test("[CL26] while a session waits for the client, it is tried for three times within the grace time", () => {
  const { server, client } = connected({ sessionGraceMs: 6000 });
  const waits: number[] = [];
  client.on("state", (state) => {
    if (state.kind === "reconnecting") waits.push(state.retryAtMs - server.nowMs);
  });
  for (let attempt = 0; attempt < 8; attempt++) {
    server.socket.end(1006);
    server.advance(10_000);
  }
  assert.ok(waits.every((wait) => wait <= 2000 * 0.5 + 1));
  assert.ok(waits.length >= 8, "it goes on trying for as long as it takes");
  server.socket.end(closeCodes.resumeInvalid.code);
  assert.ok(waits.at(-1)! > 2000, "without a session there is no such hurry");
});

test("[CL27] an intent is kept until it is safe, and sent again when the server has lost it", () => {
  const { server, client } = connected();
  for (let seq = 1; seq <= 5; seq++) client.sendFieldIntent(1);
  server.socket.deliver(encodeIntentAck({ applied: 4, durable: 1 }));
  const { intentsApplied, intentsDurable, intentsWaiting, intentsKept } = client.stats();
  assert.deepEqual([intentsApplied, intentsDurable, intentsWaiting, intentsKept], [4, 1, 1, 4]);
  resumed(server, { intentsApplied: 5 });
  const again = () => server.socket.sentOfType(messageTypes.fieldIntent).map((message) => intentSeq(message));
  assert.deepEqual(again(), [], "the server has them all");
  resumed(server, { intentsApplied: 2 });
  assert.deepEqual(again(), [3, 4, 5], "a server that was started again has not");
  assert.equal(client.stats().intentsWaiting, 3);
  server.socket.deliver(encodeIntentAck({ applied: 5, durable: 5 }));
  assert.equal(client.stats().intentsKept, 0);
  assert.equal(client.sendFieldIntent(1), 6);
});

test("[CL28] with all places taken an intent that took effect gives way, and is told if the server loses it", () => {
  const { server, client } = connected();
  const lost: (readonly number[])[] = [];
  client.on("intentsLost", (seqs) => lost.push(seqs));
  for (let seq = 1; seq <= INTENTS_KEPT_MAX; seq++) client.sendFieldIntent(1);
  server.socket.deliver(encodeIntentAck({ applied: 2, durable: 0 }));
  assert.equal(client.sendFieldIntent(1), INTENTS_KEPT_MAX + 1);
  assert.equal(client.sendFieldIntent(1), INTENTS_KEPT_MAX + 2);
  assert.equal(client.sendFieldIntent(1), 0);
  assert.equal(client.stats().intentsGaveWay, 2);
  resumed(server, { intentsApplied: INTENTS_KEPT_MAX + 2 });
  assert.deepEqual(lost, [], "the server has them");
  resumed(server, { intentsApplied: 1 });
  assert.deepEqual(lost, [[2]]);
  const again = server.socket.sentOfType(messageTypes.fieldIntent).map((message) => intentSeq(message));
  assert.deepEqual(again.slice(0, 2), [3, 4]);
  assert.equal(again.length, INTENTS_KEPT_MAX);
});

test("[CL29] whoever asks is told what became of an intent, and whether that is safe", async () => {
  const { server, client } = connected();
  const told: string[] = [];
  const ask = (seq: number) => {
    void client.whenApplied(seq).then((fate) => told.push(`${seq} applied: ${fate.kind}`));
    void client.whenDurable(seq).then((fate) => told.push(`${seq} durable: ${fate.kind}`));
  };
  const heard = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return told.splice(0);
  };
  ask(client.sendFieldIntent(1));
  ask(client.sendFieldIntent(1));
  ask(client.sendFieldIntent(1));
  const refused = encodeRefusedBody({ intentSeq: 2, code: refusals.notDurable.code, reason: "" });
  const header = { scope: eventScopes.engine, kind: engineEvents.refused, seq: 1, room: 0 };
  server.socket.deliver(encodeEvent(header, refused));
  server.socket.deliver(encodeIntentAck({ applied: 2, durable: 1 }));
  assert.deepEqual(await heard(), ["1 applied: settled", "2 applied: refused", "1 durable: settled"]);
  const fate = await client.whenApplied(2);
  assert.ok(fate.kind === "refused" && fate.name === "notDurable" && fate.reason !== "");
  server.socket.deliver(encodeIntentAck({ applied: 2, durable: 2 }));
  assert.deepEqual(await heard(), ["2 durable: refused"]);
  server.socket.deliver(
    encodeEvent({ ...header, seq: 2 }, encodeRefusedBody({ intentSeq: 3, code: 5, reason: "" })),
  );
  server.socket.deliver(encodeIntentAck({ applied: 3, durable: 2 }));
  resumed(server, { intentsApplied: 2 });
  server.socket.deliver(encodeIntentAck({ applied: 3, durable: 3 }));
  assert.deepEqual(await heard(), ["3 applied: refused", "3 durable: refused"]);
  ask(client.sendFieldIntent(1));
  resumed(server, { recovered: false, session: 9, intentsApplied: 0 });
  assert.deepEqual(await heard(), ["4 applied: unknown", "4 durable: unknown"]);
  ask(client.sendFieldIntent(1));
  client.close();
  assert.deepEqual(await heard(), ["1 applied: unknown", "1 durable: unknown"]);
  ask(0);
  assert.deepEqual(await heard(), ["0 applied: unknown", "0 durable: unknown"], "0 was never sent");
});

test("[CL8] of directions the latest wins, one is sent every 50 ms, and the last again after a resume", () => {
  const { server, client } = connected();
  const moves = () =>
    server.socket
      .sentOfType(messageTypes.moveIntent)
      .map((message) => [moveIntentDx(message), moveIntentDy(message), intentSeq(message)]);
  client.move(1, 0);
  client.move(0, 1);
  client.move(0, -1);
  client.move(-2, 0.5);
  assert.deepEqual(moves(), [[127, 0, 1]]);
  server.advance(50);
  assert.deepEqual(moves(), [
    [127, 0, 1],
    [-127, 64, 2],
  ]);
  client.move(-2, 0.5);
  server.advance(100);
  assert.equal(moves().length, 2, "the same direction is not sent again");
  resumed(server);
  assert.deepEqual(moves(), [[-127, 64, 3]]);
});

test("[CL8] a direction given while the Welcome is told is sent", () => {
  const server = new ScriptedServer();
  const client = new GridshardClient();
  client.on("welcome", () => client.move(1, 0));
  client.connect(server.options());
  server.welcome();
  assert.equal(server.socket.sentOfType(messageTypes.moveIntent).length, 1);
});

test("[CL9] waits double from 500 ms to 10 s and are drawn evenly below that", () => {
  const server = new ScriptedServer();
  const client = new GridshardClient();
  const waits: number[] = [];
  client.on("state", (state) => {
    if (state.kind === "reconnecting") waits.push(state.retryAtMs - server.nowMs);
  });
  client.connect(server.options(() => 0.999));
  for (let attempt = 0; attempt < 8; attempt++) {
    server.socket.end(1006);
    server.advance(10_000);
  }
  assert.deepEqual(
    waits.map((wait) => Math.round(wait / 0.999)),
    [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000],
  );
  server.welcome();
  server.advance(4999);
  server.socket.deliver(encodePong({ sentMs: 0, tick: 1, shard: 0 }));
  server.advance(1);
  server.socket.end(1006);
  assert.equal(Math.round(waits.at(-1)! / 0.999), 500, "a connection that lasted starts over");
  client.retryNow();
  assert.equal(client.state.kind, "connecting");
});

test("[CL10] a code that forbids retrying closes the client with reason and remedy", () => {
  for (const [code, reason] of [
    [closeCodes.takenOver.code, ""],
    [closeCodes.clientVersion.code, "needs 2.0.0"],
    [closeCodes.malformed.code, ""],
  ] as const) {
    const { server, client } = connected();
    server.socket.end(code, reason);
    const { state } = client;
    assert.equal(state.kind, "closed");
    assert.ok(state.kind === "closed");
    assert.equal(state.code, code);
    if (reason !== "") assert.equal(state.reason, reason);
    assert.notEqual(state.remedy, "");
    server.advance(60_000);
    assert.equal(server.sockets.length, 1, "no further socket");
    assert.equal(server.timersWaiting, 0);
  }
});

test("[CL11] when the resume token is refused the next connection uses the ticket alone", () => {
  const { server } = connected();
  server.socket.end(1006);
  server.advance(10_000);
  server.socket.accept();
  server.socket.end(closeCodes.resumeInvalid.code);
  server.advance(10_000);
  assert.equal(server.sockets.length, 3);
  assert.deepEqual(server.socket.protocols, ["gridshard.1", "ticket.a.b", "client.test-0.1.0"]);
});

test("[CL12] silence after a ping is a lost connection; an answer is not", () => {
  const { server, client } = connected();
  const first = server.socket;
  for (let round = 0; round < 5; round++) {
    server.advance(2000);
    const ping = first.sentOfType(messageTypes.ping).at(-1)!;
    first.deliver(encodePong({ sentMs: pingSentMs(ping), tick: 140, shard: 1 }));
  }
  assert.equal(client.state.kind, "live");
  assert.equal(client.stats().pingMs, 0);
  assert.equal(client.stats().shard, 1);
  // The next ping goes out after two seconds; the one after it that finds five seconds of silence gives up.
  server.advance(7999);
  assert.equal(client.state.kind as string, "live");
  server.advance(1);
  assert.equal(client.state.kind as string, "reconnecting");
  assert.ok(first.isClosed);
});

test("[CL12] a server that accepts and then says nothing is given up after ten seconds", () => {
  const server = new ScriptedServer();
  const client = new GridshardClient();
  client.connect(server.options());
  server.socket.accept();
  server.advance(9999);
  assert.equal(client.state.kind, "connecting");
  server.advance(1);
  assert.equal(client.state.kind, "reconnecting");
});

test("[CL13] malformed, early and textual messages end the connection and nothing else", () => {
  for (const data of [
    Uint8Array.of(messageTypes.welcome, 1, 2, 3).buffer,
    Uint8Array.of(messageTypes.cellFrames, 0, 0, 0, 0, 0, 0, 9).buffer,
    Uint8Array.of(messageTypes.event, 9).buffer,
    new ArrayBuffer(0),
    "text",
  ] as const) {
    const { server, client } = connected();
    const first = server.socket;
    first.onmessage?.({ data });
    assert.equal(client.state.kind, "reconnecting");
    assert.equal(client.world.framesApplied, 0);
  }
  const server = new ScriptedServer();
  const client = new GridshardClient();
  client.connect(server.options());
  server.socket.accept();
  server.socket.deliver(fieldEvent(1));
  assert.equal(client.state.kind, "reconnecting", "an event before the Welcome");
});

test("[CL14] a socket that was replaced is not heard any more", () => {
  const { server, client } = connected();
  const first = server.socket;
  const seen: number[] = [];
  client.on("event", (event) => seen.push(event.seq));
  resumed(server);
  first.deliver(fieldEvent(1));
  first.end(closeCodes.takenOver.code);
  assert.deepEqual(seen, []);
  assert.equal(client.state.kind, "live");
});

test("[CL15] closing says goodbye and leaves no timer behind", () => {
  const { server, client } = connected();
  client.move(1, 0);
  client.move(0, 1);
  server.socket.deliver(fieldEvent(1));
  client.close();
  assert.equal(server.socket.sentOfType(messageTypes.goodbye).length, 1);
  assert.ok(server.socket.isClosed);
  assert.equal(server.timersWaiting, 0);
  assert.equal(client.state.kind, "closed");
  client.connect(server.options());
  server.welcome({ session: 12, entity: 12 });
  assert.equal(client.state.kind, "live");
  assert.equal(client.entityId, 12);
  assert.equal(server.socket.sentOfType(messageTypes.moveIntent).length, 0, "nothing of the old session");
});

test("[CL23] a class is constructed, a function is called, and the global is the default", () => {
  const made: string[] = [];
  class SocketClass extends ScriptedSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      made.push("class");
    }
  }
  const options = new ScriptedServer().options();
  new GridshardClient().connect({ ...options, webSocket: SocketClass });
  new GridshardClient().connect({
    ...options,
    webSocket: (url: string, protocols: string[]) => {
      made.push("function");
      return new ScriptedSocket(url, protocols);
    },
  });
  const { webSocket: _, ...withoutSocket } = options;
  const before = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  Object.defineProperty(globalThis, "WebSocket", { value: SocketClass, configurable: true });
  try {
    new GridshardClient().connect(withoutSocket);
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, "WebSocket");
    else Object.defineProperty(globalThis, "WebSocket", before);
  }
  assert.deepEqual(made, ["class", "function", "class"]);
});
