/**
 * The client of a gridshard server, for browsers and Node: one session that outlives its sockets, reliable events and
 * intents exactly once and in order, and the world in sight. docs/CLIENT.md shows how to use it.
 */
import {
  decodeEvent,
  decodeIntentAck,
  decodePong,
  decodeProfiles,
  decodeRoomFrame,
  decodeWelcome,
  encodeEventAck,
  encodeFieldIntent,
  encodeGoodbye,
  encodeMoveIntent,
  encodePing,
  encodeRoomIntent,
  type WelcomeFields,
  WireError,
} from "../engine/wire/codec.js";
import { closeCodes } from "../engine/wire/codes.js";
import { messageTypes, PROTOCOL_VERSION } from "../engine/wire/message-types.js";
import type { ClientEvents, ClientState, ClientStats, ConnectOptions } from "./client-api.js";
import { endingOf, mayRetryAfter, reconnectDelayMs, refusalOf } from "./endings.js";
import { refusedBy, tellEngineEvent } from "./engine-events.js";
import { type Environment, environmentOf, type SocketLike } from "./environment.js";
import { EventSequence } from "./event-sequence.js";
import { type IntentFate, IntentQueue } from "./intent-queue.js";
import { LinkGauge } from "./link-gauge.js";
import { Listeners } from "./listeners.js";
import { World } from "./world.js";

export { closeCodes, refusals } from "../engine/wire/codes.js";
export type { ClientEvents, ClientState, ClientStats, ConnectOptions, ReliableEvent } from "./client-api.js";
export type { Ending } from "./endings.js";
export type { Schedule, SocketLike, SocketSource } from "./environment.js";
export type { IntentFate } from "./intent-queue.js";
export { OwnPath, TickClock, Track } from "./interpolation.js";
export { fetchGuestTicket, type GuestTicket, TicketRefused } from "./tickets.js";
export { type Entity, World, type WorldShape } from "./world.js";
export type { WelcomeFields };

const MOVE_PERIOD_MS = 50;
const ACK_DELAY_MS = 250;
const ACK_EVENTS = 32;
const PING_PERIOD_MS = 2000;
/** From opening a socket to its Welcome. */
const WELCOME_WAIT_MS_MAX = 10_000;
/** A connection that lived this long was a good one: the next back-off starts small again. */
const GOOD_CONNECTION_MS = 5000;

interface Connection {
  readonly socket: SocketLike;
  readonly openedAtMs: number;
  isOpen: boolean;
  isLive: boolean;
}

export class GridshardClient {
  readonly world = new World();
  readonly #listeners = new Listeners<ClientEvents>();
  readonly #intents = new IntentQueue();
  readonly #events = new EventSequence();
  readonly #link = new LinkGauge();
  #environment: Environment | undefined;
  #options: ConnectOptions | undefined;
  #state: ClientState = { kind: "idle" };
  #connection: Connection | undefined;
  #welcome: WelcomeFields | undefined;
  #resume: { readonly session: number; readonly token: string } | undefined;
  #attempt = 0;
  #cancelRetry: (() => void) | undefined;
  #cancelWelcomeWait: (() => void) | undefined;
  #cancelPing: (() => void) | undefined;
  #cancelAck: (() => void) | undefined;
  #moveX = 0;
  #moveY = 0;
  #moveSeq = 0;
  #movedAtMs = Number.NEGATIVE_INFINITY;
  #cancelMove: (() => void) | undefined;
  #shard = 0;
  #reconnects = 0;

  get state(): ClientState {
    return this.#state;
  }

  /** The last Welcome; undefined before the first. */
  get welcome(): WelcomeFields | undefined {
    return this.#welcome;
  }

  /** Id of the player's own entity; 0 before the first Welcome. */
  get entityId(): number {
    return this.#welcome?.entity ?? 0;
  }

  /** Calls `listener` whenever `name` happens; the function returned ends that. */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (payload: ClientEvents[Name]) => void,
  ): () => void {
    return this.#listeners.on(name, listener);
  }

  /** Begins a session, ending any that is under way. What happens is told through `state` and `welcome`. */
  connect(options: ConnectOptions): void {
    this.#abandon();
    this.#environment = environmentOf(options);
    this.#options = options;
    this.#resume = undefined;
    this.#welcome = undefined;
    this.#intents.restart(0);
    this.#events.restart(0, false);
    this.#attempt = 0;
    this.#moveX = 0;
    this.#moveY = 0;
    this.#moveSeq = 0;
    this.#open();
  }

  /** Leaves for good: the server keeps no place. */
  close(): void {
    if (this.#connection?.isOpen === true) this.#send(encodeGoodbye());
    this.#abandon();
    this.#resume = undefined;
    this.#intents.restart(0);
    if (this.#state.kind !== "idle")
      this.#setState({ kind: "closed", ...endingOf(closeCodes.goodbye.code, "") });
  }

  /** While waiting to reconnect: do not wait. */
  retryNow(): void {
    if (this.#state.kind !== "reconnecting") return;
    this.#cancelRetry?.();
    this.#open();
  }

  /** Walk in a direction, −1..1 per axis, until told otherwise; 0,0 stops. The latest wins; at most 20 a second are sent. */
  move(x: number, y: number): void {
    const moveX = toByte(x);
    const moveY = toByte(y);
    if (moveX === this.#moveX && moveY === this.#moveY) return;
    this.#moveX = moveX;
    this.#moveY = moveY;
    if (this.#cancelMove !== undefined || this.#state.kind !== "live") return;
    const { now, schedule } = this.#env();
    const waitMs = this.#movedAtMs + MOVE_PERIOD_MS - now();
    if (waitMs <= 0) this.#sendMove();
    else this.#cancelMove = schedule(waitMs, () => this.#sendMove());
  }

  /**
   * Sends a reliable intent to the field; `body` is the FlatBuffers table of the kind, if it has one. Returns its
   * number, which a refusal names, or 0 when it cannot be kept: no session yet, or too many unanswered already. It is
   * sent again until it is safe, whatever happens to connections and to the server, and takes effect once.
   */
  sendFieldIntent(kind: number, body?: Uint8Array): number {
    return this.#offer((seq) => encodeFieldIntent(kind, seq, body));
  }

  /** As {@link sendFieldIntent}, for a room the player is in. */
  sendRoomIntent(room: number, kind: number, body?: Uint8Array): number {
    return this.#offer((seq) =>
      encodeRoomIntent(body === undefined ? { room, kind, seq } : { room, kind, seq, body }),
    );
  }

  /** Settles when the intent of this number took effect or was refused, or when that will never be known. */
  whenApplied(seq: number): Promise<IntentFate> {
    return this.#intents.whenApplied(seq);
  }

  /**
   * Settles when what became of the intent of this number survives whatever happens to the server, or when that will
   * never be known. With a server that keeps nothing on disk it is never.
   */
  whenDurable(seq: number): Promise<IntentFate> {
    return this.#intents.whenDurable(seq);
  }

  /** The numbers of the moment. */
  stats(): ClientStats {
    return {
      pingMs: this.#link.pingMs,
      receivedKilobytesPerSecond: this.#link.receivedKilobytesPerSecond,
      bytesReceived: this.#link.bytesReceived,
      bytesSent: this.#link.bytesSent,
      tick: this.world.tick,
      shard: this.#shard,
      framesApplied: this.world.framesApplied,
      framesStray: this.world.framesStray,
      eventsDelivered: this.#events.delivered,
      eventsRepeated: this.#events.repeated,
      reconnects: this.#reconnects,
      intentsApplied: this.#intents.applied,
      intentsDurable: this.#intents.durable,
      intentsWaiting: this.#intents.waitingCount,
      intentsKept: this.#intents.kept.length,
      intentsGaveWay: this.#intents.gaveWayCount,
    };
  }

  #env(): Environment {
    if (this.#environment === undefined) throw new Error("connect first");
    return this.#environment;
  }

  #setState(state: ClientState): void {
    this.#state = state;
    this.#listeners.tell("state", state);
  }

  // ---- connections ------------------------------------------------------------------------------------------

  #open(): void {
    const { openSocket, now, schedule } = this.#env();
    const { url, ticket, clientName } = this.#options!;
    const protocols = [`gridshard.${PROTOCOL_VERSION}`, `ticket.${ticket}`, `client.${clientName}`];
    if (this.#resume !== undefined) protocols.push(`resume.${this.#resume.session}.${this.#resume.token}`);
    const socket = openSocket(url, protocols);
    socket.binaryType = "arraybuffer";
    const connection: Connection = { socket, openedAtMs: now(), isOpen: false, isLive: false };
    this.#connection = connection;
    // A socket that was let go may still speak: only the present one is heard.
    socket.onopen = () => {
      connection.isOpen = true;
    };
    socket.onmessage = ({ data }) => {
      if (this.#connection === connection) this.#receive(connection, data);
    };
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => {
      if (this.#connection === connection) this.#lost(code, reason);
    };
    this.#cancelWelcomeWait = schedule(WELCOME_WAIT_MS_MAX, () => this.#break("no welcome came"));
    this.#setState({ kind: "connecting", attempt: this.#attempt });
  }

  /** Lets go of the socket and of everything scheduled. */
  #abandon(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    for (const cancel of [
      this.#cancelRetry,
      this.#cancelWelcomeWait,
      this.#cancelPing,
      this.#cancelAck,
      this.#cancelMove,
    ]) {
      cancel?.();
    }
    this.#cancelRetry = undefined;
    this.#cancelWelcomeWait = undefined;
    this.#cancelPing = undefined;
    this.#cancelAck = undefined;
    this.#cancelMove = undefined;
    connection?.socket.close();
  }

  /** The connection is of no use though the socket may think otherwise. */
  #break(reason: string): void {
    this.#lost(1006, reason);
  }

  #lost(code: number, reason: string): void {
    const { now, random, schedule } = this.#env();
    const connection = this.#connection;
    const ending = endingOf(code, reason);
    this.#abandon();
    if (code === closeCodes.resumeInvalid.code) this.#resume = undefined;
    if (!mayRetryAfter(code)) {
      this.#intents.restart(0);
      this.#setState({ kind: "closed", ...ending });
      return;
    }
    const wasGood = connection?.isLive === true && now() - connection.openedAtMs >= GOOD_CONNECTION_MS;
    this.#attempt = wasGood ? 1 : this.#attempt + 1;
    // A session waits for its client, but not for ever: not even when the server has to be started again meanwhile.
    const graceMs = this.#resume === undefined ? Number.POSITIVE_INFINITY : this.#welcome!.sessionGraceMs;
    const delayMs = reconnectDelayMs({ attempt: this.#attempt, graceMs }, random);
    this.#cancelRetry = schedule(delayMs, () => this.#open());
    this.#setState({ kind: "reconnecting", attempt: this.#attempt, retryAtMs: now() + delayMs, ...ending });
  }

  // ---- what arrives -----------------------------------------------------------------------------------------

  #receive(connection: Connection, data: unknown): void {
    if (!(data instanceof ArrayBuffer)) {
      this.#break("the server sent text");
      return;
    }
    const message = new Uint8Array(data);
    this.#link.onReceived(message.length, this.#env().now());
    try {
      this.#handle(connection, message);
    } catch (error) {
      // Only what is not the protocol is caught: a listener that throws is its author's to see.
      if (!(error instanceof WireError)) throw error;
      this.#break(error.message);
    }
  }

  #handle(connection: Connection, message: Uint8Array<ArrayBuffer>): void {
    const type = message[0] ?? -1;
    if (type < 0) throw new WireError(type, "empty");
    if (type !== messageTypes.welcome && !connection.isLive) {
      throw new WireError(type, "came before the Welcome");
    }
    switch (type) {
      case messageTypes.cellFrames:
        this.world.applyFrames(message, this.#link.heardAtMs);
        return;
      case messageTypes.welcome:
        this.#onWelcome(connection, decodeWelcome(message));
        return;
      case messageTypes.profiles:
        for (const { id, name } of decodeProfiles(message).profiles) this.world.learnName(id, name);
        return;
      case messageTypes.roomFrame:
        this.#listeners.tell("roomFrame", decodeRoomFrame(message));
        return;
      case messageTypes.event:
        this.#onEvent(message);
        return;
      case messageTypes.pong:
        this.#onPong(message);
        return;
      case messageTypes.intentAck: {
        const ack = decodeIntentAck(message);
        this.#intents.settle(ack);
        this.#listeners.tell("intentAck", ack);
        return;
      }
      case messageTypes.sight:
        this.world.applySight(message);
        this.#shard = this.world.shard;
        return;
      default:
        // A newer server may send more than this client knows; the protocol's version says that it may be ignored.
        return;
    }
  }

  #onWelcome(connection: Connection, welcome: WelcomeFields): void {
    this.#cancelWelcomeWait?.();
    this.#cancelWelcomeWait = undefined;
    // Not by the number alone: a server that has started again counts sessions from 1.
    const isSameSession = this.#resume?.session === welcome.session;
    this.#events.restart(welcome.eventsAcked, isSameSession);
    if (this.#welcome !== undefined) this.#reconnects++;
    this.#welcome = welcome;
    this.#resume = { session: welcome.session, token: welcome.resumeToken };
    connection.isLive = true;
    this.world.reset({
      widthCells: welcome.worldWidthCells,
      heightCells: welcome.worldHeightCells,
      cellSizeMeters: welcome.cellSizeMeters,
      tickPeriodMs: welcome.tickPeriodMs,
      tick: welcome.tick,
    });
    const lost = isSameSession
      ? this.#intents.resume(welcome.intentsApplied, (intent) => this.#send(intent.message))
      : this.#intents.restart(welcome.intentsApplied);
    if (this.#moveSeq > 0 || this.#moveX !== 0 || this.#moveY !== 0) this.#sendMove();
    this.#link.restart();
    this.#ping();
    this.#setState({ kind: "live" });
    this.#listeners.tell("welcome", welcome);
    // A listener may have closed the client, or begun another session.
    if (this.#connection !== connection) return;
    if (lost.length > 0) this.#listeners.tell("intentsLost", lost);
    if (this.#events.unacked > 0) this.#ackSoon();
  }

  #onEvent(message: Uint8Array<ArrayBuffer>): void {
    const event = decodeEvent(message);
    const isNew = this.#events.accept(event.seq);
    this.#ackSoon();
    if (!isNew) return;
    const refused = refusedBy(event);
    if (refused !== undefined) this.#intents.refuse(refused.intentSeq, refusalOf(refused));
    if (!tellEngineEvent(this.#listeners, event)) this.#listeners.tell("event", event);
  }

  #ackSoon(): void {
    if (this.#events.unacked >= ACK_EVENTS) this.#ackNow();
    else this.#cancelAck ??= this.#env().schedule(ACK_DELAY_MS, () => this.#ackNow());
  }

  #ackNow(): void {
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    this.#send(encodeEventAck(this.#events.ack()));
  }

  #onPong(message: Uint8Array<ArrayBuffer>): void {
    const pong = decodePong(message);
    this.#link.onPong(pong.sentMs);
    this.#shard = pong.shard;
    this.#listeners.tell("stats", this.stats());
  }

  // ---- what leaves ------------------------------------------------------------------------------------------

  #send(message: Uint8Array<ArrayBuffer>): void {
    this.#connection?.socket.send(message);
    this.#link.bytesSent += message.length;
  }

  #offer(encode: (seq: number) => Uint8Array<ArrayBuffer>): number {
    // Before the first Welcome nobody knows where the numbers begin.
    if (this.#welcome === undefined || this.#state.kind === "closed") return 0;
    const intent = this.#intents.offer(encode);
    if (intent === undefined) return 0;
    if (this.#state.kind === "live") this.#send(intent.message);
    return intent.seq;
  }

  #sendMove(): void {
    this.#cancelMove = undefined;
    this.#movedAtMs = this.#env().now();
    this.#moveSeq++;
    this.#send(encodeMoveIntent({ dx: this.#moveX, dy: this.#moveY, seq: this.#moveSeq }));
  }

  #ping(): void {
    const { now, schedule } = this.#env();
    const nowMs = now();
    if (!this.#link.mayPing(nowMs)) {
      this.#break("nothing was heard from the server");
      return;
    }
    this.#send(encodePing(Math.floor(nowMs) >>> 0));
    this.#cancelPing = schedule(PING_PERIOD_MS, () => this.#ping());
  }
}

/** −1..1 to −127..127. */
function toByte(share: number): number {
  return Math.round(Math.max(-1, Math.min(1, share)) * 127);
}
