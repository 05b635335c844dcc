/**
 * A client of any of the servers that are compared. All of them walk by the same rules from the same seeds and know their
 * own place from what the server tells them; only those that are sampled decode everything they are sent, because the
 * generator shares the machine with what it measures.
 */
import { hash32 } from "../../engine/prng.js";
import { Walk } from "../bots/behaviour.js";
import { Measures, nearestTick } from "../bots/measures.js";
import { BotSocket } from "../bots/websocket.js";
import { FrameTimes } from "../frame-times.js";
import type { PersonKey, PersonPlace } from "../sight-check.js";

/** What every server does, and every generator asks for. */
export interface PeerWorld {
  readonly widthCells: number;
  readonly heightCells: number;
  readonly cellSizeMeters: number;
  readonly tickHz: number;
}

export const protocols = ["gridshard", "colyseus", "socket.io", "ws"] as const;
export type Protocol = (typeof protocols)[number];

export interface PeerLoad {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  readonly world: PeerWorld;
  readonly clients: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly seed: number;
  readonly intentsPerSecond: number;
  readonly connectsPerSecond: number;
  /** Every so many-th client decodes all it is sent, and is asked what it sees; 0: nobody. */
  readonly sampleEvery: number;
}

export interface PeerClient {
  /** The server's name for its person, once it is known. */
  readonly key: PersonKey | undefined;
  readonly isLive: boolean;
  /** Where its own person is, as the server told it last. */
  readonly place: PersonPlace | undefined;
  connect(): Promise<void>;
  /** Sends the direction due at `dueMs`. */
  act(dueMs: number): void;
  /** Whom it sees and where; undefined when it is not one of the sample. */
  seen(): ReadonlyMap<PersonKey, PersonPlace> | undefined;
  leave(): void;
}

export interface PeerClientOptions {
  readonly index: number;
  readonly load: PeerLoad;
  readonly measures: PeerMeasures;
}

/** The measures of bots, with the arrival of every frame in the window. */
export class PeerMeasures extends Measures {
  readonly frames = new FrameTimes();
  #tick = 0;

  override frameOfTick(tick16: number): number {
    this.#tick = nearestTick(this.#tick, tick16);
    if (this.isMeasuring) this.frames.record(this.#tick, this.nowMs);
    return this.#tick;
  }
}

/** Nobody is a 0th one: that remainder is NaN. */
export const isSampled = ({ index, load }: Omit<PeerClientOptions, "measures">) =>
  index % load.sampleEvery === 0;

/** A client of one of the peers: the socket, the walk and the counting. What is on the wire is its heirs'. */
export abstract class WalkingClient implements PeerClient {
  key: PersonKey | undefined;
  protected x = Number.NaN;
  protected y = Number.NaN;
  protected readonly options: PeerClientOptions;
  protected socket: BotSocket | undefined;
  readonly #walk: Walk;
  #isLeaving = false;
  #isClosed = false;

  constructor(options: PeerClientOptions) {
    this.options = options;
    const { load, index } = options;
    const world = { ...load.world, owners: new Uint8Array(0) };
    this.#walk = new Walk({ behaviour: "wander", world, seed: hash32(load.seed, index) });
  }

  abstract connect(): Promise<void>;
  abstract seen(): ReadonlyMap<PersonKey, PersonPlace> | undefined;
  protected abstract onMessage(bytes: Uint8Array): void;
  /** A masked frame that says the direction. */
  protected abstract directionFrame(dx: number, dy: number): Buffer;

  protected onOpen(): void {}
  protected onText(_bytes: Uint8Array): void {}

  get isLive(): boolean {
    return !this.#isClosed && this.key !== undefined;
  }

  get place(): PersonPlace | undefined {
    return Number.isNaN(this.x) ? undefined : { x: this.x, y: this.y };
  }

  act(dueMs: number): void {
    const { place, socket } = this;
    if (place === undefined || socket === undefined) return;
    this.#walk.step(dueMs, place);
    const { totals } = this.options.measures;
    if (socket.sendFrame(this.directionFrame(this.#walk.dx, this.#walk.dy))) totals.intentsSent++;
    else totals.intentsUnsent++;
  }

  leave(): void {
    this.#isLeaving = true;
    this.socket?.close();
  }

  protected open(path: string): void {
    const { load, measures, index } = this.options;
    const target = { host: load.host, port: load.port, path, protocols: ["bench"] };
    this.socket = new BotSocket(target, {
      onOpen: () => this.onOpen(),
      onBytes: (count) => {
        measures.totals.bytes += count;
        measures.nowMs = measures.now();
      },
      onText: (bytes) => this.onText(bytes),
      onMessage: (bytes) => {
        measures.totals.messages++;
        this.onMessage(bytes);
      },
      onClose: (code, reason, problem) => {
        this.#isClosed = true;
        if (this.#isLeaving) return;
        measures.errors.add("closed", `client ${index}: ${problem ?? `close code ${code} ${reason}`}`);
      },
    });
  }

  protected frameOfTick(tick16: number): void {
    this.options.measures.totals.frames++;
    this.options.measures.frameOfTick(tick16);
  }
}
