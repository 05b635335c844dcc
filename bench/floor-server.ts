/**
 * The floor that server suites are measured against: a bare uWebSockets.js server that sends given bytes to every
 * client at every tick and reads what clients send. It simulates nothing, checks nothing and encodes one message per
 * group of clients and tick, which it publishes to the group, or sends to each client as bytes of its own. It speaks just enough of the protocol for the same bots to play against it: every client
 * of a group sees the same cell (or cells), whose frames are all moves.
 */

import type * as Uws from "uWebSockets.js";
import { createRequire } from "node:module";
import { systemClock } from "../engine/time.js";
import {
  encodeSight,
  encodeWelcome,
  FRAMES_HEAD_BYTES,
  frameLength,
  writeAppear,
  writeFrameHead,
  writeFramesHead,
  writeNarrowMove,
} from "../engine/wire/codec.js";
import { messageTypes, POSITION_OFFSET, POSITION_UNITS } from "../engine/wire/message-types.js";

export interface FloorOptions {
  readonly clients: number;
  readonly tickHz: number;
  /** On the wire, WebSocket headers included. */
  readonly bytesPerTick: number;
  /** How many messages these bytes are. */
  readonly messagesPerTick: number;
  /** Clients that share every message. */
  readonly groupSize: number;
  /** "send": each client's messages are its own bytes, sent to it alone; "publish": a group shares them. */
  readonly way: "send" | "publish";
}

interface Peer {
  id: number;
  dx: number;
  dy: number;
}

/** Of a message with one frame of moves, and of one of them. */
const HEAD_BYTES = 8;
const MOVE_BYTES = 3;
const SPOT = POSITION_OFFSET + POSITION_UNITS / 2;

const options = JSON.parse(process.argv[2]!) as FloorOptions;
const uws = createRequire(import.meta.url)("uWebSockets.js") as typeof Uws;
const groups = Math.ceil(options.clients / options.groupSize);
const { messagesPerTick, groupSize } = options;
/** Clients by their number; what has gone is undefined. */
const sockets: (Uws.WebSocket<Peer> | undefined)[] = [];
let nextId = 0;
let tick = 0;

const cellOf = (group: number, message: number) => group * messagesPerTick + message;

/** One message of a tick: moves of the group's entities, as many as the bytes allow, to and fro. */
function frameOf(cell: number, index: number): Uint8Array<ArrayBuffer> {
  // Remainders go to the first message.
  const share = Math.round(options.bytesPerTick / messagesPerTick);
  const bytes = index === 0 ? options.bytesPerTick - share * (messagesPerTick - 1) : share;
  const header = bytes - 2 < 126 ? 2 : 4;
  const moves = Math.max(0, Math.round((bytes - header - HEAD_BYTES) / MOVE_BYTES));
  const counts = { appears: 0, leaves: 0, changes: 0, moves, isNarrow: true };
  const frame = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(counts));
  let at = writeFrameHead(frame, writeFramesHead(frame, 0, tick), { ...counts, cell, isKeyframe: false });
  const step = (tick & 1) === 0 ? 1 : -1;
  for (let move = 0; move < moves; move++) at = writeNarrowMove(frame, at, move % groupSize, step, 0);
  return frame;
}

function keyframeOf(cell: number, group: number): Uint8Array<ArrayBuffer> {
  const counts = { appears: groupSize, leaves: 0, changes: 0, moves: 0 };
  const frame = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(counts));
  let at = writeFrameHead(frame, writeFramesHead(frame, 0, tick), { ...counts, cell, isKeyframe: true });
  const looks = { kind: 0, level: 1, look: 0, state: 0, health: 255, heading: 0 };
  for (let slot = 0; slot < groupSize; slot++) {
    // Ids differ from cell to cell: nobody is in two places. People are in the group's first cell.
    const id =
      cell === cellOf(group, 0) ? group * groupSize + slot + 1 : 0x8000_0000 + cell * groupSize + slot;
    at = writeAppear(frame, at, { id, x: SPOT, y: SPOT, slot, ...looks });
  }
  return frame;
}

function greet(ws: Uws.WebSocket<Peer>): void {
  const { id } = ws.getUserData();
  const group = Math.floor(id / groupSize);
  const cells = Array.from({ length: messagesPerTick }, (_, message) => cellOf(group, message));
  const say = (message: Uint8Array) => ws.send(message, true);
  say(
    encodeWelcome({
      protocol: 1,
      session: id + 1,
      entity: id + 1,
      playerId: "0".repeat(32),
      name: "bot",
      resumeToken: "none",
      recovered: false,
      eventsAcked: 0,
      intentsApplied: 0,
      tick,
      tickPeriodMs: 1000 / options.tickHz,
      worldWidthCells: groups * messagesPerTick,
      worldHeightCells: 1,
      cellSizeMeters: 24,
      sessionGraceMs: 0,
      shardCount: 0,
      owners: new Uint8Array(0),
      fieldType: "floor",
      serverVersion: "0.0.0",
    }),
  );
  say(encodeSight({ center: cells[0]!, shard: 0, cells }));
  for (const cell of cells) {
    say(keyframeOf(cell, group));
    if (options.way === "publish") ws.subscribe(String(cell));
  }
}

const app = uws.App();
app.post("/guest", (response) => {
  response.onAborted(() => {});
  response.onData((_part, isLast) => {
    if (isLast) response.end(JSON.stringify({ ticket: "floor", playerId: "0".repeat(32), name: "bot" }));
  });
});
app.ws<Peer>("/ws", {
  compression: uws.DISABLED,
  maxPayloadLength: 4096,
  maxBackpressure: 65_536,
  idleTimeout: 60,
  upgrade: (response, request, context) => {
    response.upgrade<Peer>(
      { id: nextId++, dx: 0, dy: 0 },
      request.getHeader("sec-websocket-key"),
      "gridshard.1",
      request.getHeader("sec-websocket-extensions"),
      context,
    );
  },
  open: (ws) => {
    sockets[ws.getUserData().id] = ws;
    ws.cork(() => greet(ws));
  },
  close: (ws) => {
    sockets[ws.getUserData().id] = undefined;
  },
  message: (ws, data) => {
    const bytes = new Uint8Array(data);
    if (bytes[0] !== messageTypes.moveIntent) return;
    const peer = ws.getUserData();
    peer.dx = bytes[2]!;
    peer.dy = bytes[3]!;
  },
});

/** One publish for each group and message; all of a client's messages of a tick leave in one write. */
function publishTick(): void {
  for (let group = 0; group * groupSize < nextId; group++) {
    for (let message = 0; message < messagesPerTick; message++) {
      const cell = cellOf(group, message);
      app.publish(String(cell), frameOf(cell, message), true);
    }
  }
}

/** What each client is sent is its own: it is copied, which is the least that making it can cost. */
const own: (Uint8Array<ArrayBuffer> | undefined)[] = [];

/** One send for each client, of one message. */
function sendTick(): void {
  for (let group = 0; group * groupSize < nextId; group++) {
    const frame = frameOf(cellOf(group, 0), 0);
    const end = Math.min((group + 1) * groupSize, nextId);
    for (let id = group * groupSize; id < end; id++) {
      const socket = sockets[id];
      if (socket === undefined) continue;
      const bytes = own[id] ?? new Uint8Array(frame.length);
      own[id] = bytes;
      bytes.set(frame);
      socket.send(bytes, true);
    }
  }
}

const periodMs = 1000 / options.tickHz;
/** So many ticks may be made up for after a stall; what is more is given up, as in the engine. */
const BEHIND_MAX = 5;
const startMs = systemClock.nowMs();

/** One tick a turn of the loop, however late: a server that only makes up for ticks answers nobody. */
function onTimer(): void {
  const dueTick = Math.floor((systemClock.nowMs() - startMs) / periodMs);
  if (tick < dueTick) {
    tick = Math.max(tick + 1, dueTick - BEHIND_MAX);
    if (options.way === "send") sendTick();
    else publishTick();
  }
  const waitMs = startMs + (tick + 1) * periodMs - systemClock.nowMs();
  if (waitMs > 0) setTimeout(onTimer, Math.max(1, waitMs));
  else setImmediate(onTimer);
}

app.listen("127.0.0.1", 0, (socket) => {
  if (socket === false) process.exit(1);
  process.stdout.write(`http://127.0.0.1:${uws.us_socket_local_port(socket)}/\n`);
  onTimer();
});
process.on("SIGTERM", () => process.exit(0));
