/**
 * Reads every message that reaches one client, before the client does, and knows what may come next. What it holds is
 * checked at every message; what must hold in the end, {@link Witness.cells} and the numbers of events, is compared
 * with the shards by invariants.ts.
 */
import {
  decodeEvent,
  decodeFrames,
  decodeIntentAck,
  decodeRefusedBody,
  decodeSight,
  decodeWelcome,
  type FrameSink,
} from "../../engine/wire/codec.js";
import { refusals } from "../../engine/wire/codes.js";
import { engineEvents, eventScopes, messageTypes } from "../../engine/wire/message-types.js";
import type { Fail, GameRecord } from "./game-record.js";
import { LASTING_TOLD } from "./lasting-room.js";
import { TOLD } from "./sim-game.js";

export interface SeenCell {
  hasKeyframe: boolean;
  readonly slots: Map<number, number>;
}

const HASHES_KEPT = 2048;

/** What is known of a connection that a client could not know. */
export interface WitnessedSocket {
  /** Messages that the server's side dropped. */
  readonly drops: number;
  /** The process at its other end is gone. */
  readonly isOrphaned: boolean;
}

export class Witness {
  /** The cells in sight on the present connection, and who is in them by slot. */
  readonly cells = new Map<number, SeenCell>();
  /** Session of the last Welcome. */
  session = 0;
  /** Newest event heard that promises to last. */
  durableEvent = 0;
  /** Events that were given up and said to be: what was told before is not expected. */
  lossy = 0;
  /** Numbers of the last events told, per stream. */
  readonly told = new Map<number, number>();
  /** Streams heard since events were last given up: their numbers go on one by one. Others may jump once. */
  readonly #steady = new Set<number>();
  events = 0;
  frames = 0;
  keyframes = 0;
  readonly #name: string;
  readonly #fail: Fail;
  readonly #record: GameRecord;
  #socket: WitnessedSocket | undefined;
  #isWelcomed = false;
  #nextEvent = 0;
  #lastEvent = 0;
  #applied = 0;
  #durable = 0;
  /** Whether intents of the session may have been refused without a word of their own. */
  #wasLimited = false;
  /** Numbers of the last events told by durable rooms, and whether they must go on one by one. */
  readonly lasting = new Map<number, { number: number; isSteady: boolean }>();
  readonly #hashes = new Map<number, number>();
  #cell: SeenCell | undefined;
  #cellNumber = -1;

  constructor(parts: {
    readonly name: string;
    readonly record: GameRecord;
    readonly fail: Fail;
  }) {
    this.#name = parts.name;
    this.#record = parts.record;
    this.#fail = parts.fail;
  }

  /** A new connection begins. */
  begin(socket: WitnessedSocket): void {
    this.#socket = socket;
    this.#isWelcomed = false;
    this.cells.clear();
  }

  /** The client is alone: what it hears yet was on the way before. */
  get isOrphaned(): boolean {
    return this.#socket?.isOrphaned ?? true;
  }

  hear(message: Uint8Array<ArrayBuffer>): void {
    const type = message[0]!;
    if (!this.#isWelcomed && type !== messageTypes.welcome) this.#blame(`type ${type} before the Welcome`);
    switch (type) {
      case messageTypes.welcome:
        this.#onWelcome(message);
        return;
      case messageTypes.sight:
        this.#onSight(message);
        return;
      case messageTypes.cellFrames:
        decodeFrames(message, this.#sink);
        this.#endFrame();
        this.#cell = undefined;
        return;
      case messageTypes.event:
        this.#onEvent(message);
        return;
      case messageTypes.intentAck: {
        const { applied, durable } = decodeIntentAck(message);
        if (applied < this.#applied)
          this.#blame(`intents acknowledged up to ${applied} after ${this.#applied}`);
        if (durable < this.#durable) this.#blame(`intents durable up to ${durable} after ${this.#durable}`);
        if (durable > applied) this.#blame(`intents durable up to ${durable}, of ${applied} applied`);
        this.#applied = applied;
        this.#durable = durable;
        this.#record.durable.acknowledged(this.session, durable);
        return;
      }
      default:
        return;
    }
  }

  #blame(what: string): never {
    return this.#fail(`${this.#name}: ${what}`);
  }

  #onWelcome(message: Uint8Array<ArrayBuffer>): void {
    if (this.#isWelcomed) this.#blame("a second Welcome on one connection");
    this.#isWelcomed = true;
    const welcome = decodeWelcome(message);
    const { eventsAcked, recovered } = welcome;
    const isNew = !recovered && eventsAcked === 0 && welcome.intentsApplied === 0;
    const isSame = welcome.session === this.session && !isNew;
    if (isNew) this.#record.began(welcome.session);
    this.#record.durable.welcomed(welcome.session, welcome.playerId);
    if (isSame && recovered) {
      if (eventsAcked > this.#lastEvent) {
        this.#blame(`recovered, and yet events ${this.#lastEvent + 1}..${eventsAcked} are missing`);
      }
    } else {
      if (recovered) this.#blame("a session it does not know was recovered");
      if (isSame && this.#record.mustRecover.has(this.session))
        this.#blame(`session ${this.session} was kept, and yet not recovered`);
      this.#lastEvent = eventsAcked;
      this.#hashes.clear();
      if (eventsAcked > 0) {
        this.#record.durable.gaveUp(welcome.session);
        this.lossy++;
        this.#steady.clear();
      }
    }
    if (!isSame) {
      // Of a session that another client began, the Welcome counts what has arrived: not all of it has taken effect.
      this.#applied = 0;
      this.#durable = 0;
      this.#wasLimited = false;
      this.durableEvent = 0;
      this.told.clear();
      this.lasting.clear();
      this.lossy = eventsAcked > 0 ? 1 : 0;
    } else if (!recovered) for (const stream of this.lasting.values()) stream.isSteady = false;
    // A process that was started again may not know of intents that were settled, and not safe. Nor of those that were not
    // answered one by one, because they were too many: until the next intent tells it how far it was.
    this.#applied = Math.min(this.#applied, welcome.intentsApplied);
    if (recovered && !this.#wasLimited && welcome.intentsApplied < this.#durable)
      this.#blame(`intents received up to ${welcome.intentsApplied}, of ${this.#durable} durable`);
    this.#durable = Math.min(this.#durable, welcome.intentsApplied);
    this.session = welcome.session;
    this.#nextEvent = eventsAcked + 1;
  }

  #onSight(message: Uint8Array<ArrayBuffer>): void {
    const sight = decodeSight(message);
    const seen = new Set(sight.cells);
    if (!seen.has(sight.center)) this.#blame("the center is not in sight");
    for (const cell of this.cells.keys()) if (!seen.has(cell)) this.cells.delete(cell);
    for (const cell of seen) {
      if (!this.cells.has(cell)) this.cells.set(cell, { hasKeyframe: false, slots: new Map() });
    }
  }

  // ---- frames ----------------------------------------------------------------------------------------------

  readonly #sink: FrameSink = {
    onFrame: (cell, _tick, isKeyframe) => {
      this.#endFrame();
      const seen = this.cells.get(cell);
      if (seen === undefined) return this.#blame(`a frame of cell ${cell}, which is not in sight`);
      if (!isKeyframe && !seen.hasKeyframe) this.#blame(`a delta of cell ${cell} before its keyframe`);
      if (isKeyframe) {
        seen.slots.clear();
        seen.hasKeyframe = true;
        this.keyframes++;
      }
      this.frames++;
      this.#cell = seen;
      this.#cellNumber = cell;
    },
    onAppear: (id, _x, _y, slot) => {
      const there = this.#cell!.slots.get(slot);
      if (there !== undefined && there !== id) {
        this.#blame(`entity ${id} appears in slot ${slot} of cell ${this.#cellNumber}, which ${there} has`);
      }
      this.#cell!.slots.set(slot, id);
    },
    onLeave: (slot) => {
      if (!this.#cell!.slots.delete(slot)) this.#blame(`slot ${slot} of cell ${this.#cellNumber} left empty`);
    },
    onChange: (slot) => this.#known(slot),
    onMove: (slot) => this.#known(slot),
  };

  #known(slot: number): void {
    if (!this.#cell!.slots.has(slot))
      this.#blame(`slot ${slot} of cell ${this.#cellNumber} is empty and moves`);
  }

  #endFrame(): void {
    if (this.#cell === undefined) return;
    const { slots } = this.#cell;
    if (slots.size < 2) return;
    const ids = new Set(slots.values());
    if (ids.size !== slots.size) this.#blame(`an entity is twice in cell ${this.#cellNumber}`);
  }

  // ---- events ----------------------------------------------------------------------------------------------

  #onEvent(message: Uint8Array<ArrayBuffer>): void {
    const event = decodeEvent(message);
    // What has arrived before may be acknowledged on this connection, and is not sent again then. After a drop all
    // that is not acknowledged comes again.
    const isSkipped = event.seq > this.#nextEvent && event.seq <= this.#lastEvent + 1;
    const isRepeated = event.seq < this.#nextEvent && this.#socket!.drops > 0;
    if (event.seq !== this.#nextEvent && !isSkipped && !isRepeated) {
      this.#blame(`event ${event.seq} where ${this.#nextEvent} comes next`);
    }
    this.#nextEvent = event.seq + 1;
    const hash = hashOf(message);
    if (event.seq <= this.#lastEvent) {
      const known = this.#hashes.get(event.seq);
      const isOther = known !== undefined && known !== hash;
      // The notice by which a server that has started again finds out what its client has: one that has more ignores it.
      const isQuestion = event.scope === eventScopes.engine && event.kind === engineEvents.notice;
      if (isOther && !isQuestion) this.#blame(`event ${event.seq} came again and was another`);
      return;
    }
    this.#lastEvent = event.seq;
    this.#hashes.set(event.seq, hash);
    this.#hashes.delete(event.seq - HASHES_KEPT);
    this.events++;
    if (event.scope === eventScopes.engine) {
      if (event.kind === engineEvents.refused) this.#noteRefused(decodeRefusedBody(event.body));
    } else if (event.kind === TOLD) this.#onTold(event.body);
    else if (event.kind === LASTING_TOLD) {
      this.durableEvent = event.seq;
      this.#onLastingTold(event.body);
    }
  }

  #noteRefused({ intentSeq, code }: { readonly intentSeq: number; readonly code: number }): void {
    const { refused, durable } = this.#record;
    if (code === refusals.tooFrequent.code) {
      durable.limited(this.session);
      this.#wasLimited = true;
    }
    let seqs = refused.get(this.session);
    if (seqs === undefined) {
      seqs = new Set();
      refused.set(this.session, seqs);
    }
    seqs.add(intentSeq);
  }

  #onTold(body: Uint8Array): void {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const stream = view.getUint32(0, true);
    const number = view.getUint32(4, true);
    const last = this.told.get(stream) ?? 0;
    const mayJump = this.lossy > 0 && !this.#steady.has(stream);
    this.#steady.add(stream);
    if (number <= last) this.#blame(`event ${number} of stream ${stream} after ${last}`);
    if (number !== last + 1 && !mayJump)
      this.#blame(`event ${number} of stream ${stream} after ${last}: a gap`);
    this.told.set(stream, number);
  }

  /** A durable room counts on for ever, whatever becomes of its process. */
  #onLastingTold(body: Uint8Array): void {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const room = view.getUint32(0, true);
    const number = view.getUint32(4, true);
    const known = this.lasting.get(room) ?? { number: 0, isSteady: this.lossy === 0 };
    this.lasting.set(room, known);
    if (number <= known.number) this.#blame(`event ${number} of room ${room} after ${known.number}`);
    if (number !== known.number + 1 && known.isSteady)
      this.#blame(`event ${number} of room ${room} after ${known.number}: a gap`);
    known.number = number;
    known.isSteady = true;
    this.#record.durable.heard(this.session, room, number, view.getUint32(8, true));
  }
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash;
}
