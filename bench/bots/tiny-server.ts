/**
 * The least server that speaks the protocol, for the bots' own tests: one thread, people only, everything encoded per
 * client. It can be told to do one thing wrong, so that the bots are seen to notice.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { cellAt, cellsAround, columnOf, createGrid, rowOf } from "../../engine/space/grid.js";
import { systemClock } from "../../engine/time.js";
import {
  encodeEvent,
  encodeIntentAck,
  encodeRefusedBody,
  encodeSight,
  encodeWelcome,
  FRAMES_HEAD_BYTES,
  frameLength,
  intentSeq,
  moveIntentDx,
  moveIntentDy,
  writeAppear,
  writeFrameHead,
  writeFramesHead,
  writeLeave,
  writeMove,
} from "../../engine/wire/codec.js";
import { closeCodes, refusals } from "../../engine/wire/codes.js";
import {
  CELL_NONE,
  engineEvents,
  eventScopes,
  messageTypes,
  POSITION_OFFSET,
  POSITION_UNITS,
} from "../../engine/wire/message-types.js";

const grid = createGrid(6, 6, 16);
const TICK_MS = 20;
const SPEED_METERS_PER_TICK = 0.12;
/** Left and right half of the world, as if two shards owned them. */
const owners = Uint8Array.from({ length: grid.cellCount }, (_, cell) => (columnOf(grid, cell) < 3 ? 0 : 1));

/** What the server does wrong. */
export type Fault =
  | "none"
  | "swallowsIntents"
  | "skipsKeyframes"
  | "closesEarly"
  | "refusesTickets"
  | "stalls";

interface Person {
  readonly id: number;
  readonly socket: Socket;
  x: number;
  y: number;
  sentX: number;
  sentY: number;
  dx: number;
  dy: number;
  cell: number;
  /** Its slot in its cell is its id: slots are 16 bits and the test has few people. */
  known: Set<number>;
  rest: Buffer;
  applied: number;
  events: number;
}

export class TinyServer {
  readonly #server: Server;
  readonly #fault: Fault;
  readonly #people = new Map<number, Person>();
  #nextId = 1;
  #tick = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #startMs = systemClock.nowMs();
  /** Names asked for. */
  readonly names = new Set<string>();
  ticketsLimited = 0;
  intents = 0;

  constructor(fault: Fault = "none") {
    this.#fault = fault;
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        if (this.#fault === "refusesTickets") {
          response.writeHead(403).end("no guests here");
          return;
        }
        const { name } = JSON.parse(Buffer.concat(parts).toString()) as { name: string };
        // Every tenth is told to come again, as a rate limit does.
        if (this.names.size % 10 === 5 && !this.names.has(name) && this.ticketsLimited < 2) {
          this.ticketsLimited++;
          response.writeHead(429, { "retry-after": "0" }).end("slow down");
          return;
        }
        this.names.add(name);
        response.end(JSON.stringify({ ticket: `t${this.names.size}.x`, playerId: "0".repeat(32), name }));
      });
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Socket) =>
      this.#onUpgrade(request, socket),
    );
  }

  async listen(): Promise<{ readonly port: number }> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.#timer = setInterval(() => this.#catchUp(), TICK_MS / 2);
    return { port: (this.#server.address() as AddressInfo).port };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const person of this.#people.values()) person.socket.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #onUpgrade(request: IncomingMessage, socket: Socket): void {
    const key = request.headers["sec-websocket-key"];
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write(
      [...lines, `Sec-WebSocket-Accept: ${accept}`, "Sec-WebSocket-Protocol: gridshard.1", "", ""].join(
        "\r\n",
      ),
    );
    const id = this.#nextId++;
    const [x, y] = [8 + ((id * 37) % 80), 8 + ((id * 53) % 80)];
    const person: Person = {
      id,
      socket,
      x,
      y,
      sentX: 0,
      sentY: 0,
      dx: 0,
      dy: 0,
      cell: cellAt(grid, x, y),
      known: new Set(),
      rest: Buffer.alloc(0),
      applied: 0,
      events: 0,
    };
    socket.on("data", (data) => this.#onData(person, data));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#people.delete(id);
      this.#frames(person.cell, { leaver: id, toCell: CELL_NONE });
    });
    this.#welcome(person, request.headers["sec-websocket-protocol"] ?? "");
    [person.sentX, person.sentY] = unitsOf(person);
    this.#people.set(id, person);
    for (const other of this.#people.values()) {
      if (other.known.has(person.cell))
        this.#send(other, appearFrame(person.cell, this.#tick, [person], false));
    }
    this.#look(person);
    // Pings are to be answered, or a real server would take the bot for gone.
    socket.write(Buffer.from([0x89, 2, 1, 2]));
  }

  #welcome(person: Person, protocols: string): void {
    this.#send(
      person,
      encodeWelcome({
        protocol: 1,
        session: person.id,
        entity: person.id,
        playerId: "0".repeat(32),
        name: protocols.includes("ticket.") ? "bot" : "nobody",
        resumeToken: "r",
        recovered: false,
        eventsAcked: 0,
        intentsApplied: 0,
        tick: this.#tick,
        tickPeriodMs: TICK_MS,
        worldWidthCells: grid.widthCells,
        worldHeightCells: grid.heightCells,
        cellSizeMeters: grid.cellSizeMeters,
        sessionGraceMs: 0,
        shardCount: 2,
        owners,
        fieldType: "open-world",
        serverVersion: "0.0.0",
      }),
    );
  }

  /** Tells of the cells in sight, and of each that is new a keyframe. */
  #look(person: Person): void {
    const around = new Int32Array(9);
    const cells = around.subarray(0, cellsAround(grid, person.cell, 1, around));
    this.#send(person, encodeSight({ center: person.cell, shard: owners[person.cell]!, cells }));
    const before = person.known;
    person.known = new Set(cells);
    for (const cell of cells) {
      if (before.has(cell) || (this.#fault === "skipsKeyframes" && cell !== person.cell)) continue;
      const people = [...this.#people.values()].filter((other) => other.cell === cell);
      this.#send(person, appearFrame(cell, this.#tick, people, true));
    }
  }

  #onData(person: Person, data: Buffer): void {
    person.rest = Buffer.concat([person.rest, data]);
    for (;;) {
      const { rest } = person;
      if (rest.length < 2) return;
      const length = rest[1]! & 0x7f;
      if (rest.length < 6 + length) return;
      const key = rest.subarray(2, 6);
      const payload = Buffer.from(rest.subarray(6, 6 + length).map((byte, at) => byte ^ key[at & 3]!));
      person.rest = rest.subarray(6 + length);
      const opcode = rest[0]! & 0xf;
      if (opcode === 8) {
        person.socket.end(Buffer.from([0x88, 2, payload[0] ?? 3, payload[1] ?? 232]));
        return;
      }
      if (opcode === 2) this.#onMessage(person, payload);
    }
  }

  #onMessage(person: Person, message: Buffer): void {
    switch (message[0]) {
      case messageTypes.moveIntent:
        this.intents++;
        person.dx = moveIntentDx(message) / 127;
        person.dy = moveIntentDy(message) / 127;
        if (this.#fault === "closesEarly" && this.intents > 40)
          this.#close(person, closeCodes.tooFrequent.code);
        return;
      case messageTypes.fieldIntent: {
        if (this.#fault === "swallowsIntents") return;
        person.applied = intentSeq(message);
        const body = encodeRefusedBody({
          intentSeq: person.applied,
          code: refusals.notAlive.code,
          reason: "",
        });
        const event = {
          scope: eventScopes.engine,
          kind: engineEvents.refused,
          seq: ++person.events,
          room: 0,
        };
        this.#send(person, encodeEvent(event, body));
        this.#send(person, encodeIntentAck({ applied: person.applied, durable: 0 }));
        return;
      }
    }
  }

  #close(person: Person, code: number): void {
    person.socket.end(Buffer.from([0x88, 2, code >> 8, code & 0xff]));
  }

  #catchUp(): void {
    while (systemClock.nowMs() >= this.#startMs + (this.#tick + 1) * TICK_MS) this.#step();
  }

  #step(): void {
    this.#tick++;
    if (this.#fault === "stalls" && this.#tick % 25 === 0) {
      const untilMs = systemClock.nowMs() + 120;
      while (systemClock.nowMs() < untilMs);
    }
    const crossers: { person: Person; from: number }[] = [];
    for (const person of this.#people.values()) {
      person.x = Math.min(95.9, Math.max(0.1, person.x + person.dx * SPEED_METERS_PER_TICK));
      person.y = Math.min(95.9, Math.max(0.1, person.y + person.dy * SPEED_METERS_PER_TICK));
      const cell = cellAt(grid, person.x, person.y);
      if (cell !== person.cell) crossers.push({ person, from: person.cell });
    }
    for (const { person, from } of crossers) {
      person.cell = cellAt(grid, person.x, person.y);
      [person.sentX, person.sentY] = unitsOf(person);
      this.#frames(from, { leaver: person.id, toCell: person.cell });
      const appears = appearFrame(person.cell, this.#tick, [person], false);
      for (const other of this.#people.values()) if (other.known.has(person.cell)) this.#send(other, appears);
      this.#look(person);
    }
    for (let cell = 0; cell < grid.cellCount; cell++) this.#frames(cell, {});
  }

  /** A delta of one cell to all who see it. */
  #frames(cell: number, { leaver, toCell }: { leaver?: number; toCell?: number }): void {
    const moves: [number, number, number][] = [];
    if (leaver === undefined) {
      for (const person of this.#people.values()) {
        if (person.cell !== cell) continue;
        const [x, y] = unitsOf(person);
        if (x !== person.sentX || y !== person.sentY)
          moves.push([person.id, x - person.sentX, y - person.sentY]);
        [person.sentX, person.sentY] = [x, y];
      }
      if (moves.length === 0) return;
    }
    const counts = { appears: 0, leaves: leaver === undefined ? 0 : 1, changes: 0, moves: moves.length };
    const bytes = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(counts));
    let at = writeFrameHead(bytes, writeFramesHead(bytes, 0, this.#tick), {
      ...counts,
      cell,
      isKeyframe: false,
    });
    if (leaver !== undefined) at = writeLeave(bytes, at, leaver, toCell!);
    for (const [slot, dx, dy] of moves) at = writeMove(bytes, at, slot, dx, dy);
    for (const other of this.#people.values()) if (other.known.has(cell)) this.#send(other, bytes);
  }

  #send(person: Person, message: Uint8Array): void {
    if (!person.socket.writable) return;
    const { length } = message;
    const head =
      length < 126 ? Buffer.from([0x82, length]) : Buffer.from([0x82, 126, length >> 8, length & 0xff]);
    person.socket.write(Buffer.concat([head, message]));
  }
}

function unitsOf(person: {
  readonly x: number;
  readonly y: number;
  readonly cell: number;
}): [number, number] {
  const units = (meters: number, index: number) =>
    Math.round((meters / grid.cellSizeMeters - index) * POSITION_UNITS) + POSITION_OFFSET;
  return [units(person.x, columnOf(grid, person.cell)), units(person.y, rowOf(grid, person.cell))];
}

function appearFrame(cell: number, tick: number, people: readonly Person[], isKeyframe: boolean): Uint8Array {
  const counts = { appears: people.length, leaves: 0, changes: 0, moves: 0 };
  const bytes = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(counts));
  let at = writeFrameHead(bytes, writeFramesHead(bytes, 0, tick), { ...counts, cell, isKeyframe });
  for (const person of people) {
    const rest = { kind: 0, level: 1, look: 0, state: 0, health: 255, heading: 0 };
    at = writeAppear(bytes, at, {
      id: person.id,
      x: person.sentX,
      y: person.sentY,
      slot: person.id,
      ...rest,
    });
  }
  return bytes;
}
