/**
 * One person with the real client library: walks, speaks, opens rooms, loses the network, reads slowly, logs in a
 * second time, leaves. What reaches the client passes its {@link Witness} first.
 */
import { type ClientState, GridshardClient } from "../../client/client.js";
import type { Prng } from "../../engine/prng.js";
import { closeCodes } from "../../engine/wire/codes.js";
import type { Peer } from "../../net/session.js";
import type { EventQueue } from "./event-queue.js";
import { type Faults, hasCrashes } from "./faults.js";
import type { Fail, GameRecord } from "./game-record.js";
import { fieldIntents, lastingIntents, roomIntents } from "./sim-intents.js";
import type { SimSocket } from "./sim-socket.js";
import type { SimTransport } from "./sim-transport.js";
import { Witness } from "./witness.js";

export interface SimPlayerParts {
  readonly name: string;
  readonly queue: EventQueue;
  readonly prng: Prng;
  readonly transport: SimTransport<Peer>;
  readonly faults: Faults;
  readonly record: GameRecord;
  readonly fail: Fail;
}

/** One client of a player: the one it plays with, or one it has left behind. */
interface Seat {
  readonly client: GridshardClient;
  readonly witness: Witness;
  /** Rooms it is in, and what they are. */
  readonly rooms: Map<number, string>;
  socket: SimSocket | null;
  /** Of the last Welcome. */
  session: number;
}

/** Ends that a client that keeps to the protocol may meet. */
const allowedEnds = new Set<number>([
  closeCodes.goodbye.code,
  closeCodes.takenOver.code,
  closeCodes.idle.code,
  closeCodes.resumeInvalid.code,
  closeCodes.tooSlow.code,
  closeCodes.storeUnavailable.code,
  closeCodes.overloaded.code,
]);
/** What the client itself may find wrong with a connection. */
const allowedBreaks = /^(the connection was lost|no welcome came|nothing was heard from the server)$/;

const ACT_MS_MIN = 40;
const ACT_MS_MAX = 500;
const PAUSE_MS_MAX = 3000;

export class SimPlayer {
  readonly name: string;
  readonly playerId: string;
  readonly #parts: SimPlayerParts;
  readonly #ticket: string;
  #seat: Seat;
  readonly #abandoned: Seat[] = [];
  /** Plays most where it lasts, because that is what is put to the test. */
  readonly #isLasting: boolean;
  #goal = { x: 0, y: 0 };
  #isCalm = false;
  #isGone = false;
  /** How connections ended, by close code. */
  readonly ends = new Map<number, number>();

  constructor(parts: SimPlayerParts) {
    this.#parts = parts;
    this.name = parts.name;
    const { ticket, playerId } = this.#askTicket();
    this.#ticket = ticket;
    this.#isLasting = hasCrashes(parts.faults);
    this.playerId = playerId;
    this.#seat = this.#sit();
    this.#planAct();
    const { faults } = parts;
    this.#every(faults.cuts, () => this.#seat.socket?.cut(parts.prng.unit()));
    this.#every(faults.halfOpens, () => this.#seat.socket?.goHalfOpen());
    this.#every(faults.pauses, () => this.#pause());
    this.#every(faults.secondLogins, () => this.#logInAgain());
    this.#every(faults.goodbyes, () => this.#leaveAndReturn());
  }

  get client(): GridshardClient {
    return this.#seat.client;
  }

  get witness(): Witness {
    return this.#seat.witness;
  }

  get isLive(): boolean {
    return this.#seat.client.state.kind === "live";
  }

  /** Nothing goes wrong any more, nothing new is begun; whoever is not connected connects. */
  calmDown(): void {
    this.#isCalm = true;
    for (const { client } of this.#abandoned) client.close();
    this.#seat.socket?.resumeReading();
    this.#seat.client.move(0, 0);
  }

  /** Leaves, and comes back in a moment. */
  logInAnew(): void {
    this.#leaveAndReturn();
  }

  /** Leaves for good: politely, or by never being heard of again. */
  depart(): void {
    this.#isGone = true;
    const { prng } = this.#parts;
    if (prng.below(2) === 0) this.#seat.client.close();
    else {
      // The client is not told, so it cannot come back.
      this.#seat.socket?.cut(prng.unit());
      this.#seat.client.close();
    }
  }

  #askTicket(): { ticket: string; playerId: string } {
    const { transport, name } = this.#parts;
    const { status, body } = transport.http({
      method: "POST",
      path: "/guest",
      host: "sim",
      origin: "",
      ifNoneMatch: "",
      address: name,
      body: new TextEncoder().encode(JSON.stringify({ name })),
    });
    if (status !== 200) this.#parts.fail(`${name} gets no ticket: ${status}`);
    return JSON.parse(body as string) as { ticket: string; playerId: string };
  }

  // ---- clients ---------------------------------------------------------------------------------------------

  #sit(): Seat {
    const { queue, prng, transport, faults, name, record, fail } = this.#parts;
    const client = new GridshardClient();
    const witness = new Witness({ name, record, fail });
    const seat: Seat = { client, witness, rooms: new Map(), socket: null, session: 0 };
    client.on("state", (state) => this.#onState(seat, state));
    client.on("roomJoined", ({ room, roomType }) => seat.rooms.set(room, roomType));
    client.on("roomLeft", ({ room }) => seat.rooms.delete(room));
    client.on("welcome", ({ session, recovered }) => {
      if (session === seat.session && recovered) return;
      seat.session = session;
      seat.rooms.clear();
    });
    client.connect({
      url: "sim://",
      ticket: this.#ticket,
      clientName: "simulated-1.0.0",
      webSocket: (_url: string, protocols: string[]) => {
        const socket = transport.dial(protocols, faults.link, name);
        witness.begin(socket);
        socket.onWire = (bytes) => witness.hear(bytes);
        seat.socket = socket;
        return socket;
      },
      schedule: (delayMs, callback) => queue.after(delayMs, callback),
      now: () => queue.nowMs,
      random: () => prng.unit(),
    });
    return seat;
  }

  #onState(seat: Seat, state: ClientState): void {
    if (state.kind !== "closed" && state.kind !== "reconnecting") return;
    this.ends.set(state.code, (this.ends.get(state.code) ?? 0) + 1);
    const isAllowed = state.code === 1006 ? allowedBreaks.test(state.reason) : allowedEnds.has(state.code);
    if (!isAllowed) this.#parts.fail(`${this.name} was closed with ${state.code}: ${state.reason}`);
    if (state.kind === "closed" && seat === this.#seat && !this.#isGone) {
      this.#parts.queue.after(this.#parts.prng.unit() * 1000, () => this.#comeBack(seat));
    }
  }

  #comeBack(seat: Seat): void {
    if (this.#isGone || seat !== this.#seat || seat.client.state.kind !== "closed") return;
    this.#seat = this.#sit();
  }

  /** The same person at another device: the newest wins. */
  #logInAgain(): void {
    this.#abandoned.push(this.#seat);
    this.#seat = this.#sit();
  }

  #leaveAndReturn(): void {
    // Told as closed: it comes back in a moment.
    this.#seat.client.close();
  }

  #pause(): void {
    const { queue, prng } = this.#parts;
    const { socket } = this.#seat;
    socket?.pauseReading();
    queue.after(prng.unit() * PAUSE_MS_MAX, () => socket?.resumeReading());
  }

  // ---- what it does ----------------------------------------------------------------------------------------

  /** Calls `act` about so often a second, until the player calms down. */
  #every(perSecond: number, act: () => void): void {
    if (perSecond === 0 || this.#isCalm) return;
    const { queue, prng } = this.#parts;
    queue.after((prng.unit() * 2000) / perSecond, () => {
      if (this.#isCalm) return;
      act();
      this.#every(perSecond, act);
    });
  }

  #planAct(): void {
    const { queue, prng } = this.#parts;
    queue.after(ACT_MS_MIN + prng.unit() * (ACT_MS_MAX - ACT_MS_MIN), () => {
      if (this.#isCalm) return;
      this.#act();
      this.#planAct();
    });
  }

  #act(): void {
    const { prng } = this.#parts;
    const { rooms } = this.#seat;
    if (this.#isLasting && prng.below(3) === 0) {
      this.#actForLong();
      return;
    }
    const send = (kind: number, most: number) => {
      for (let left = 1 + prng.below(most); left > 0; left--) this.#send(0, kind);
    };
    const roll = prng.below(100);
    if (roll < 30) this.#walk();
    else if (roll < 54) send(fieldIntents.count, 10);
    else if (roll < 56) send(fieldIntents.count, 100);
    else if (roll < 66) send(fieldIntents.tell, 4);
    else if (roll < 67) send(fieldIntents.tell, 50);
    else if (roll < 76) send(fieldIntents.earn, 1);
    else if (roll < 80) send(fieldIntents.greet, 1);
    else if (roll < 81) send(fieldIntents.fail, 1);
    else if (roll < 84) send(fieldIntents.openRoom, 1);
    else if (roll < 86) send(fieldIntents.openBriefRoom, 1);
    else if (roll < 89) send(fieldIntents.joinRoom, 1);
    else if (roll < 91) send(fieldIntents.openLastingRoom, 1);
    else if (roll < 94) send(fieldIntents.joinLastingRoom, 1);
    else
      for (const [room, type] of rooms) {
        if (type === "lasting") this.#actInLastingRoom(room);
        else this.#actInRoom(room);
      }
  }

  /** Into durable rooms, and about in them. */
  #actForLong(): void {
    const { prng } = this.#parts;
    const lasting = [...this.#seat.rooms].filter(([, type]) => type === "lasting");
    if (lasting.length < 2)
      this.#send(0, prng.below(3) === 0 ? fieldIntents.openLastingRoom : fieldIntents.joinLastingRoom);
    for (const [room] of lasting) this.#actInLastingRoom(room);
  }

  /** Sends an intent to a room, or, where that is 0, to the field. */
  #send(room: number, kind: number): void {
    const { client, session } = this.#seat;
    const seq = room === 0 ? client.sendFieldIntent(kind) : client.sendRoomIntent(room, kind);
    if (seq > 0) this.#parts.record.durable.sent(session, seq, { room, kind, playerId: this.playerId });
  }

  /** Towards a point of the world, across whatever borders there are; now and then another, or a rest. */
  #walk(): void {
    const { prng } = this.#parts;
    const { client } = this.#seat;
    const { widthCells, heightCells, cellSizeMeters } = client.world.shape;
    if (prng.below(4) === 0) {
      this.#goal = {
        x: prng.unit() * widthCells * cellSizeMeters,
        y: prng.unit() * heightCells * cellSizeMeters,
      };
    }
    const own = client.world.entities.get(client.entityId);
    if (own === undefined || prng.below(10) === 0) client.move(0, 0);
    else client.move(towards(this.#goal.x - own.x), towards(this.#goal.y - own.y));
  }

  #actInRoom(room: number): void {
    const { prng } = this.#parts;
    const roll = prng.below(100);
    const kind =
      roll < 50
        ? roomIntents.count
        : roll < 75
          ? roomIntents.tellAll
          : roll < 92
            ? roomIntents.leave
            : roll < 96
              ? roomIntents.close
              : roomIntents.fail;
    this.#send(room, kind);
  }

  #actInLastingRoom(room: number): void {
    const { prng } = this.#parts;
    const { note, noteToAll, wake, timer, grant, refuse, leave, close, fail } = lastingIntents;
    const often = [note, note, noteToAll, noteToAll, wake, timer, grant, grant, refuse];
    const seldom = [leave, leave, leave, close, fail];
    for (let left = 1 + prng.below(4); left > 0; left--) {
      const kinds = prng.below(20) === 0 ? seldom : often;
      this.#send(room, kinds[prng.below(kinds.length)]!);
    }
  }
}

/** At full speed, unless the goal is near. */
function towards(meters: number): number {
  return Math.max(-1, Math.min(1, meters / 2));
}
