/**
 * Clients that live in the network thread: they come in by the gateway's own door, ask for a ticket, shake hands, walk
 * about, and count what they are sent; some read it. Sends are due at fixed times, whatever else the thread has to do.
 */
import { Prng } from "../../engine/prng.js";
import { systemClock as clock } from "../../engine/time.js";
import { writeMoveIntent } from "../../engine/wire/codec.js";
import { ErrorLog } from "../bots/protocol-errors.js";
import { Tally } from "../bots/tally.js";
import { CrowdReader, FrameLateness, type Reading } from "./crowd-reader.js";
import type { CrowdReport } from "./crowd-words.js";

/** A client's end of its connection. */
export interface CrowdSocket {
  readonly isOpen: boolean;
  say(bytes: Uint8Array): void;
}

/** Where the crowd knocks. */
export interface CrowdDoor {
  /** A guest's ticket. */
  ticket(name: string): string;
  /** Undefined when the server would not have it. */
  connect(protocols: string, ears: CrowdEars): CrowdSocket | undefined;
}

export interface CrowdEars {
  hear(bytes: Uint8Array): void;
  closed(reason: string): void;
}

const MOVES_PER_SECOND = 10;
const MOVE_BYTES = 8;
/** How often the crowd looks what is due: a machine's clients are heard in bunches, too. */
const STEP_MS = 5;
const READERS = 25;
/** Chance of going another way, of each move. */
const TURN_CHANCE = 0.03;
const WAYS = 16;
const FULL_SPEED = 127;

class Client implements CrowdEars {
  readonly index: number;
  readonly reader: CrowdReader | undefined;
  socket: CrowdSocket | undefined;
  moveSeq = 0;
  dx = 0;
  dy = 0;
  isWelcome = false;
  readonly #crowd: Crowd;

  constructor(index: number, crowd: Crowd, reader: CrowdReader | undefined) {
    this.index = index;
    this.#crowd = crowd;
    this.reader = reader;
  }

  hear(bytes: Uint8Array): void {
    this.isWelcome = true;
    this.#crowd.heard(this, bytes);
  }

  closed(reason: string): void {
    this.#crowd.lost(this, reason);
  }
}

export class Crowd implements Reading {
  readonly errors = new ErrorLog();
  readonly lateness: FrameLateness;
  nowMs = 0;
  readonly #door: CrowdDoor;
  readonly #clients: Client[] = [];
  readonly #readers: Client[] = [];
  readonly #move = new Uint8Array(MOVE_BYTES);
  readonly #sendLateness = new Tally();
  #prng = new Prng(1);
  #timer: NodeJS.Timeout | undefined;
  #enteredMs = 0;
  #wanted = 0;
  #perSecond = 0;
  #hasBegun = false;
  #messages = 0;
  #bytes = 0;
  #movesSent = 0;
  #sendingMs = 0;
  #readingMs = 0;
  /** When the next move is due, and whose it is. */
  #dueMs = Number.NaN;
  #due = 0;

  constructor(door: CrowdDoor, tickPeriodMs: number) {
    this.#door = door;
    this.lateness = new FrameLateness(tickPeriodMs);
  }

  /** Begins to come in. */
  enter(options: { readonly clients: number; readonly perSecond: number; readonly seed: number }): void {
    this.#wanted = options.clients;
    this.#perSecond = options.perSecond;
    this.#prng = new Prng(options.seed);
    this.#enteredMs = clock.nowMs();
    this.#timer = setInterval(() => this.#step(), STEP_MS);
  }

  /** All are in, and those who read see all there is to see. */
  get isIn(): boolean {
    if (this.#clients.length < this.#wanted || !this.#clients.every(({ isWelcome }) => isWelcome))
      return false;
    return this.#readers.every(({ reader }) => reader!.isWhole);
  }

  begin(): void {
    this.#hasBegun = true;
    this.#messages = 0;
    this.#bytes = 0;
    this.#movesSent = 0;
    this.#sendingMs = 0;
    this.#readingMs = 0;
    this.#sendLateness.clear();
    this.lateness.clear();
    for (const { reader } of this.#readers) reader!.clear();
  }

  report(): CrowdReport {
    const readers = this.#readers.map(({ reader }) => reader!);
    const meanOf = (of: (reader: CrowdReader) => number) =>
      readers.reduce((sum, reader) => sum + of(reader), 0) / readers.length;
    return {
      clients: this.#clients.length,
      messages: this.#messages,
      bytes: this.#bytes,
      movesSent: this.#movesSent,
      sendingMs: this.#sendingMs,
      readingMs: this.#readingMs,
      sendLateness: this.#sendLateness.snapshot(),
      lateness: this.lateness.snapshot(),
      ticksTold: meanOf(({ ticksTold }) => ticksTold),
      inSight: meanOf(({ inSight }) => inSight),
      unplaced: readers.filter((reader) => reader.isMissing(clock.nowMs())).length,
      errors: this.errors.total,
      errorSamples: this.errors.samples,
    };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  heard(client: Client, bytes: Uint8Array): void {
    this.#messages++;
    this.#bytes += bytes.length;
    if (client.reader === undefined) return;
    this.nowMs = clock.nowMs();
    client.reader.hear(bytes);
    this.#readingMs += clock.nowMs() - this.nowMs;
  }

  lost(client: Client, reason: string): void {
    this.errors.add("closed", `client ${client.index}: ${reason}`);
  }

  #step(): void {
    const nowMs = clock.nowMs();
    if (this.#clients.length < this.#wanted) this.#comeIn(nowMs);
    this.#sendDue(nowMs);
    this.#sendingMs += clock.nowMs() - nowMs;
    // What takes its time while thousands come in at once is not wrong yet.
    if (this.#hasBegun) for (const { reader } of this.#readers) reader!.sweep(nowMs);
  }

  #comeIn(nowMs: number): void {
    const due = Math.min(this.#wanted, Math.ceil(((nowMs - this.#enteredMs) / 1000) * this.#perSecond));
    const every = Math.max(1, Math.floor(this.#wanted / READERS));
    while (this.#clients.length < due) {
      const index = this.#clients.length;
      const reader = index % every === 0 ? new CrowdReader(this) : undefined;
      const client = new Client(index, this, reader);
      const ticket = this.#door.ticket(`crowd${index}`);
      client.socket = this.#door.connect(`gridshard.1, ticket.${ticket}, client.crowd-1.0.0`, client);
      if (client.socket === undefined) this.errors.add("refusedConnection", `client ${index}`);
      this.#clients.push(client);
      if (reader !== undefined) this.#readers.push(client);
    }
    if (this.#clients.length === this.#wanted) this.#dueMs = nowMs;
  }

  /** Everybody in turn, so that moves are spread evenly over time. */
  #sendDue(nowMs: number): void {
    if (Number.isNaN(this.#dueMs)) return;
    const apartMs = 1000 / (MOVES_PER_SECOND * this.#wanted);
    if (this.#dueMs <= nowMs) this.#sendLateness.record(nowMs - this.#dueMs);
    for (; this.#dueMs <= nowMs; this.#dueMs += apartMs) {
      this.#walk(this.#clients[this.#due]!);
      this.#due = (this.#due + 1) % this.#wanted;
    }
  }

  #walk(client: Client): void {
    if (client.moveSeq === 0 || this.#prng.unit() < TURN_CHANCE) this.#turn(client);
    writeMoveIntent(this.#move, 0, client.dx, client.dy, ++client.moveSeq);
    client.socket?.say(this.#move);
    this.#movesSent++;
  }

  #turn(client: Client): void {
    const angle = (this.#prng.below(WAYS) / WAYS) * 2 * Math.PI;
    client.dx = Math.round(Math.cos(angle) * FULL_SPEED);
    client.dy = Math.round(Math.sin(angle) * FULL_SPEED);
  }
}
