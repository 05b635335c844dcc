/** One client: its connection, what it sees, what it does, and what it finds wrong. */

import { hash32 } from "../../engine/prng.js";
import { isCreatureId } from "../../engine/room/game.js";
import {
  decodeEvent,
  decodeIntentAck,
  decodeRoomJoinedBody,
  decodeRoomLeftBody,
  decodeWelcome,
  encodeEventAck,
  encodeFieldIntent,
  encodeGoodbye,
  encodePing,
  encodeRoomIntent,
  WireError,
  writeMoveIntent,
} from "../../engine/wire/codec.js";
import { engineEvents, eventScopes, messageTypes } from "../../engine/wire/message-types.js";
import { Walk } from "./behaviour.js";
import { battleIntents, challengeBody, openWorldIntents, useSkillBody } from "./intents.js";
import type { Measures } from "./measures.js";
import type { BotOptions } from "./options.js";
import { OwnTrail, type SightListener } from "./own-trail.js";
import { BotSight } from "./sight.js";
import { BotSocket, CLIENT_FRAME_HEAD_BYTES, clientFrame, type SocketEvents } from "./websocket.js";

const MOVE_BYTES = 8;
const MOVE_FRAME_BYTES = CLIENT_FRAME_HEAD_BYTES + MOVE_BYTES;
/** After so long without an effect it will not come: the world's edge, a battle, a lost session. */
const EFFECT_MS_MAX = 3000;
/** A silent client would be taken for gone. */
const PING_EVERY_MS = 5000;
const CHALLENGE_METERS = 2.5;
const CLIENT_VERSION = "1.0.0";
const STRIKE = 1;

export type BotState = "new" | "connecting" | "live" | "closed";

/** It hears its socket and its own trail itself, and not through closures: of thousands each would be looked up in memory. */
export class Bot implements SocketEvents, SightListener {
  readonly index: number;
  readonly #options: BotOptions;
  readonly #measures: Measures;
  readonly #onSettled: (bot: Bot) => void;
  readonly #onClock: ((nowMs: number) => void) | undefined;
  state: BotState = "new";
  #socket: BotSocket | undefined;
  #trail: OwnTrail | undefined;
  /** The trail as well; undefined where the bot reads no more than that. */
  #sight: BotSight | undefined;
  #walk: Walk | undefined;
  /** Name of the field, which says what intents there are. */
  #field = "";
  #moveSeq = 0;
  #reliableSeq = 0;
  #reliableApplied = 0;
  #reliableDebt = 0;
  #isLeaving = false;
  #hasPaused = false;
  #lastEvent = 0;
  #ackedEvent = 0;
  #battle = 0;
  #sentAtMs = 0;
  /** The turn whose effect is awaited: when it was due, along which axis, which way. */
  #turnedAtMs = Number.NaN;
  #turnedX = true;
  #turnedSign = 1;

  constructor(options: {
    readonly index: number;
    readonly options: BotOptions;
    readonly measures: Measures;
    /** Called once, when the bot has entered the world or never will. */
    readonly onSettled: (bot: Bot) => void;
    /** Called whenever the clock has been read, before a message is. */
    readonly onClock?: (nowMs: number) => void;
  }) {
    this.index = options.index;
    this.#options = options.options;
    this.#measures = options.measures;
    this.#onSettled = options.onSettled;
    this.#onClock = options.onClock;
  }

  connect(ticket: string): void {
    this.state = "connecting";
    const target = {
      host: this.#options.host,
      port: this.#options.port,
      path: "/ws",
      protocols: ["gridshard.1", `ticket.${ticket}`, `client.bots-${CLIENT_VERSION}`],
    };
    this.#socket = new BotSocket(target, this);
  }

  onOpen(): void {}

  onBytes(count: number): void {
    const measures = this.#measures;
    measures.totals.bytes += count;
    measures.nowMs = measures.now();
    this.#onClock?.(measures.nowMs);
  }

  get isLive(): boolean {
    return this.state === "live";
  }

  /** Where it is; undefined before its welcome. */
  get trail(): OwnTrail | undefined {
    return this.#trail;
  }

  /** What it sees; undefined before its welcome, and always where it does not read everything. */
  get sight(): BotSight | undefined {
    return this.#sight;
  }

  get isPlaced(): boolean {
    return this.#trail?.isPlaced ?? false;
  }

  /** It sees all there is to see: {@link BotSight.isWhole}. */
  isWhole(since?: number): boolean {
    return this.#sight?.isWhole(since) ?? false;
  }

  /** Reads nothing until {@link resume}; goes on sending. */
  pause(): void {
    this.#hasPaused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** The move due at `dueMs`, and whatever reliable intent is due with it. */
  act(dueMs: number): void {
    const trail = this.#trail;
    const walk = this.#walk;
    if (this.state !== "live" || trail === undefined || walk === undefined || Number.isNaN(trail.ownX))
      return;
    const place = { x: trail.ownX, y: trail.ownY };
    const target = this.#options.behaviour === "fight" ? this.#sight?.nearest(isCreatureId) : undefined;
    const { dx, dy } = walk;
    walk.step(dueMs, place, target);
    if (walk.dx !== dx || walk.dy !== dy) this.#turned(dueMs, dx, dy);
    const frame = clientFrame(MOVE_BYTES);
    writeMoveIntent(frame, MOVE_FRAME_BYTES - MOVE_BYTES, walk.dx, walk.dy, ++this.#moveSeq);
    this.#sentAtMs = dueMs;
    if (this.#socket!.sendFrame(frame)) this.#measures.totals.intentsSent++;
    else this.#measures.totals.intentsUnsent++;
    this.#reliableDebt += this.#options.reliablePerSecond / this.#options.intentsPerSecond;
    if (this.#reliableDebt < 1) return;
    this.#reliableDebt -= 1;
    const isNear =
      target !== undefined && (target.x - place.x) ** 2 + (target.y - place.y) ** 2 < CHALLENGE_METERS ** 2;
    this.#actReliably(isNear ? target.id : 0);
  }

  /** Stands still from now on. */
  halt(): void {
    if (this.state !== "live") return;
    const frame = clientFrame(MOVE_BYTES);
    writeMoveIntent(frame, MOVE_FRAME_BYTES - MOVE_BYTES, 0, 0, ++this.#moveSeq);
    this.#socket!.sendFrame(frame);
  }

  #actReliably(foe: number): void {
    // Both know an intent of this kind without a body; what others would take for an intent is theirs to say.
    if (this.#field !== "open-world" && this.#field !== "bench-walk") return;
    const seq = this.#reliableSeq + 1;
    let message: Uint8Array;
    if (this.#battle !== 0) {
      const body = useSkillBody(STRIKE, seq & 3);
      message = encodeRoomIntent({ room: this.#battle, kind: battleIntents.useSkill, seq, body });
    } else if (foe !== 0) {
      message = encodeFieldIntent(openWorldIntents.challenge, seq, challengeBody(foe));
    } else {
      message = encodeFieldIntent(openWorldIntents.drinkPotion, seq);
    }
    if (!this.#socket!.send(message)) {
      this.#measures.totals.intentsUnsent++;
      return;
    }
    this.#reliableSeq = seq;
    this.#measures.totals.reliableSent++;
  }

  /** Notes a turn whose effect can be told apart from what went before: the new way along its main axis is new. */
  #turned(dueMs: number, oldDx: number, oldDy: number): void {
    if (!Number.isNaN(this.#turnedAtMs)) this.#measures.totals.effectsUnseen++;
    this.#turnedAtMs = Number.NaN;
    const { dx, dy } = this.#walk!;
    const isX = Math.abs(dx) >= Math.abs(dy);
    const now = isX ? dx : dy;
    const before = isX ? oldDx : oldDy;
    if (now === 0 || now * before > 0) return;
    this.#turnedAtMs = dueMs;
    this.#turnedX = isX;
    this.#turnedSign = Math.sign(now);
  }

  /** Called a few times a second: looks for what has been wrong for too long, acknowledges, stays alive. */
  sweep(nowMs: number): void {
    const trail = this.#trail;
    if (this.state !== "live" || trail === undefined) return;
    trail.sweep(nowMs);
    if (this.#sight !== undefined) this.#measures.entitiesInSight(this.#sight.alive);
    if (nowMs - this.#turnedAtMs > EFFECT_MS_MAX) {
      this.#measures.totals.effectsUnseen++;
      this.#turnedAtMs = Number.NaN;
    }
    if (this.#ackedEvent !== this.#lastEvent && this.#socket!.send(encodeEventAck(this.#lastEvent))) {
      this.#ackedEvent = this.#lastEvent;
      this.#sentAtMs = nowMs;
    }
    if (nowMs - this.#sentAtMs > PING_EVERY_MS) {
      this.#sentAtMs = nowMs;
      this.#socket!.send(encodePing(Math.floor(nowMs) >>> 0));
    }
  }

  /** Every reliable intent sent is known to have taken effect or to have been refused. */
  get isSettled(): boolean {
    return this.state !== "live" || this.#reliableApplied >= this.#reliableSeq;
  }

  leave(): void {
    this.#isLeaving = true;
    this.#socket?.send(encodeGoodbye());
    this.#socket?.close();
  }

  /** For a server that does not answer the goodbye. */
  destroy(): void {
    this.#isLeaving = true;
    this.#socket?.destroy();
  }

  onMessage(bytes: Uint8Array): void {
    const { totals, errors } = this.#measures;
    totals.messages++;
    const type = bytes[0];
    if (type === messageTypes.cellFrames && this.#trail !== undefined) {
      totals.frames++;
      this.#trail.nowMs = this.#measures.nowMs;
      this.#trail.frame(bytes);
      return;
    }
    try {
      this.#onColdMessage(type ?? 0, bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      errors.add("malformed", error.message);
    }
  }

  #onColdMessage(type: number, bytes: Uint8Array): void {
    if (type !== messageTypes.welcome && this.#trail === undefined) {
      throw new WireError(type, "something before the welcome");
    }
    switch (type) {
      case messageTypes.welcome:
        this.#onWelcome(bytes);
        return;
      case messageTypes.sight: {
        const before = this.#trail!.shardChanges;
        this.#trail!.sight(bytes, this.#measures.nowMs);
        this.#measures.totals.shardChanges += this.#trail!.shardChanges - before;
        return;
      }
      case messageTypes.event:
        this.#onEvent(bytes);
        return;
      case messageTypes.intentAck:
        this.#onIntentAck(decodeIntentAck(bytes).applied);
        return;
      case messageTypes.profiles:
      case messageTypes.roomFrame:
      case messageTypes.pong:
        return;
      default:
        throw new WireError(type, "no such message");
    }
  }

  #onWelcome(bytes: Uint8Array): void {
    if (this.#trail !== undefined) throw new WireError(messageTypes.welcome, "a second welcome");
    const welcome = decodeWelcome(bytes);
    this.#measures.welcome(welcome);
    const world = {
      widthCells: welcome.worldWidthCells,
      heightCells: welcome.worldHeightCells,
      cellSizeMeters: welcome.cellSizeMeters,
      owners: welcome.owners,
    };
    const trail = {
      ownId: welcome.entity,
      world,
      errors: this.#measures.errors,
      listener: this,
    };
    if (this.index % this.#options.decodeEvery === 0) this.#sight = new BotSight(trail);
    this.#trail = this.#sight ?? new OwnTrail(trail);
    const seed = hash32(this.#options.seed, this.index);
    this.#walk = new Walk({ behaviour: this.#options.behaviour, world, seed });
    this.#field = welcome.fieldType;
    this.#lastEvent = welcome.eventsAcked;
    this.#ackedEvent = welcome.eventsAcked;
    this.#reliableSeq = welcome.intentsApplied;
    this.#reliableApplied = welcome.intentsApplied;
    this.#sentAtMs = this.#measures.nowMs;
    this.state = "live";
    this.#onSettled(this);
  }

  onFrameTick(tick: number): void {
    this.#measures.frameOfTick(tick);
  }

  onOwnCrossed(ms: number): void {
    if (this.#measures.isMeasuring) this.#measures.crossing.record(ms);
  }

  onOwnStep(dx: number, dy: number): void {
    if (Number.isNaN(this.#turnedAtMs)) return;
    if (Math.sign(this.#turnedX ? dx : dy) !== this.#turnedSign) return;
    if (this.#measures.isMeasuring) this.#measures.effect.record(this.#measures.nowMs - this.#turnedAtMs);
    this.#turnedAtMs = Number.NaN;
  }

  #onEvent(bytes: Uint8Array): void {
    const { totals, errors } = this.#measures;
    const { scope, kind, seq, body } = decodeEvent(bytes);
    // What was dropped because it did not read comes again, and some that it had with it.
    if (this.#hasPaused && seq <= this.#lastEvent) return;
    totals.events++;
    if (seq !== this.#lastEvent + 1) errors.add("eventOrder", `event ${seq} after ${this.#lastEvent}`);
    this.#lastEvent = Math.max(seq, this.#lastEvent);
    if (scope === eventScopes.field) totals.fieldEvents++;
    if (scope !== eventScopes.engine) return;
    if (kind === engineEvents.refused) {
      totals.refusals++;
    } else if (kind === engineEvents.roomJoined) {
      const joined = decodeRoomJoinedBody(body);
      if (joined.roomType === "battle") this.#battle = joined.room;
    } else if (kind === engineEvents.roomLeft) {
      if (decodeRoomLeftBody(body).room === this.#battle) this.#battle = 0;
    }
  }

  #onIntentAck(applied: number): void {
    if (applied > this.#reliableSeq) {
      this.#measures.errors.add("intentAckAhead", `${applied} of ${this.#reliableSeq} sent`);
      return;
    }
    if (applied <= this.#reliableApplied) return;
    this.#measures.totals.reliableApplied += applied - this.#reliableApplied;
    this.#reliableApplied = applied;
  }

  onClose(code: number, reason: string, problem: string | null): void {
    const wasLive = this.state === "live";
    this.state = "closed";
    this.#measures.closed(code);
    if (!this.#isLeaving) {
      const said = problem ?? `close code ${code} ${reason}`;
      this.#measures.errors.add(wasLive ? "closed" : "refusedConnection", `bot ${this.index}: ${said}`);
    }
    if (!wasLive) this.#onSettled(this);
  }
}
