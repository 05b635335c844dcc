/**
 * What a bot knows that reads no more than it must: how its messages are built, their ticks, and where its own entity is. The
 * generator shares the machine with what it measures, so most of many bots are such; the others read everything
 * ({@link BotSight}).
 */
import { readU16, readU32 } from "../../engine/wire/bytes-le.js";
import { decodeSight, FRAMES_HEAD_BYTES, type FrameSink, WireError } from "../../engine/wire/codec.js";
import { endOfFrame, readFrame } from "../../engine/wire/frame-codec.js";
import {
  CellFramesHeaderLayout,
  EntityAppearLayout,
  FrameExtensionLayout,
  FrameHeaderLayout,
} from "../../engine/wire/generated/frames-layout.js";
import {
  FRAME_EXTENDED,
  messageTypes,
  POSITION_OFFSET,
  POSITION_UNITS,
} from "../../engine/wire/message-types.js";
import type { ErrorLog } from "./protocol-errors.js";

/** How long a wrong state may last before it is an error: shards tell of a border crossing one after the other. */
export const WRONG_MS_MAX = 1000;
const NOWHERE = -1;

export interface SightWorld {
  readonly widthCells: number;
  readonly cellSizeMeters: number;
}

/** Told of the tick of every message, and of every step of the bot's own entity, in meters. */
export interface SightListener {
  onFrameTick(tick: number): void;
  onOwnStep(dx: number, dy: number): void;
  /** The own entity is in sight again, so long after it left its last cell. */
  onOwnCrossed(ms: number): void;
}

export interface OwnTrailOptions {
  readonly ownId: number;
  readonly world: SightWorld;
  readonly errors: ErrorLog;
  readonly listener: SightListener;
}

export class OwnTrail implements FrameSink {
  readonly ownId: number;
  protected readonly errors: ErrorLog;
  readonly #listener: SightListener;
  readonly #world: SightWorld;
  readonly #metersPerUnit: number;
  /** Cell of the frame being read. */
  #cell = NOWHERE;
  #ownCell = NOWHERE;
  #ownSlot = 0;
  /** Since when the own entity is nowhere; NaN while it is somewhere, or before the first sight. */
  #ownLostMs = Number.NaN;
  #isOwnLossTold = false;
  #seesAnything = false;
  /** Own place in the world, meters; NaN until it is known. */
  ownX = Number.NaN;
  ownY = Number.NaN;
  /** Shard that simulates the bot, as the last sight said. */
  shard = -1;
  /** Times the bot's shard changed. */
  shardChanges = 0;
  /** Time of the read that the messages being read came with. */
  nowMs = 0;

  constructor(options: OwnTrailOptions) {
    this.ownId = options.ownId;
    this.errors = options.errors;
    this.#listener = options.listener;
    this.#world = options.world;
    this.#metersPerUnit = options.world.cellSizeMeters / POSITION_UNITS;
  }

  get isPlaced(): boolean {
    return this.#ownCell !== NOWHERE;
  }

  /** Nowhere, and not just between two cells. */
  isMissing(nowMs: number): boolean {
    return !this.isPlaced && !(nowMs - this.#ownLostMs <= WRONG_MS_MAX);
  }

  /** A message of cell frames. */
  frame(bytes: Uint8Array): void {
    try {
      this.decode(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.errors.add("malformed", error.message);
      return;
    }
    this.#listener.onFrameTick(readU16(bytes, CellFramesHeaderLayout.tick));
  }

  /** Reads of the message what is wanted. @throws WireError */
  protected decode(bytes: Uint8Array): void {
    const { length } = bytes;
    const tick = length < FRAMES_HEAD_BYTES ? 0 : readU16(bytes, CellFramesHeaderLayout.tick);
    let at: number = FRAMES_HEAD_BYTES;
    do {
      const start = at;
      at = endOfFrame(bytes, start);
      if (at > length) break;
      const cell = readU16(bytes, start + FrameHeaderLayout.cell);
      if (cell === this.#ownCell || this.#appearsIn(bytes, start)) readFrame(bytes, start, tick, this);
    } while (at < length);
    if (at !== length) throw new WireError(messageTypes.cellFrames, `${length} bytes, want ${at}`);
  }

  /** Whether the own entity appears in the frame at `at`, which is known to be whole. */
  #appearsIn(bytes: Uint8Array, at: number): boolean {
    // Only frames with the extension tell who appears.
    if ((bytes[at + FrameHeaderLayout.kind]! & FRAME_EXTENDED) === 0) return false;
    const extension = at + FrameHeaderLayout.size;
    const first = extension + FrameExtensionLayout.size;
    const end = first + readU16(bytes, extension + FrameExtensionLayout.appears) * EntityAppearLayout.size;
    for (let appear = first; appear < end; appear += EntityAppearLayout.size) {
      if (readU32(bytes, appear + EntityAppearLayout.id) === this.ownId) return true;
    }
    return false;
  }

  /** The list of cells in sight. */
  sight(bytes: Uint8Array, nowMs: number): void {
    const { cells, shard } = decodeSight(bytes);
    if (shard !== this.shard) {
      if (this.shard >= 0) this.shardChanges++;
      this.shard = shard;
    }
    this.#seesAnything = cells.length > 0;
    this.seeCells(cells);
    if (!this.isPlaced && Number.isNaN(this.#ownLostMs)) this.#ownLostMs = nowMs;
  }

  protected seeCells(cells: readonly number[]): void {
    if (this.isPlaced && !cells.includes(this.#ownCell)) this.#loseOwn();
  }

  /** Looks for what has been wrong for too long; call a few times a second. */
  sweep(nowMs: number): void {
    if (this.isPlaced) {
      this.#ownLostMs = Number.NaN;
      this.#isOwnLossTold = false;
    } else if (Number.isNaN(this.#ownLostMs)) {
      if (this.#seesAnything) this.#ownLostMs = nowMs;
    } else if (this.isMissing(nowMs) && !this.#isOwnLossTold) {
      this.#isOwnLossTold = true;
      this.errors.add("ownEntityVanished", `entity ${this.ownId}`);
    }
  }

  // ---- FrameSink -------------------------------------------------------------------------------------------

  onFrame(cell: number, _tick: number, isKeyframe: boolean): void {
    this.#cell = cell;
    if (isKeyframe && cell === this.#ownCell) this.#loseOwn();
  }

  onAppear(id: number, x: number, y: number, slot: number): void {
    if (id === this.ownId) this.#ownAppeared(slot, this.worldX(this.#cell, x), this.worldY(this.#cell, y));
  }

  onLeave(slot: number, _toCell: number): void {
    if (this.#cell === this.#ownCell && slot === this.#ownSlot) this.#loseOwn();
  }

  onChange(_slot: number): void {}

  onMove(slot: number, dx: number, dy: number): void {
    if (slot !== this.#ownSlot || this.#cell !== this.#ownCell) return;
    this.ownX += dx * this.#metersPerUnit;
    this.ownY += dy * this.#metersPerUnit;
    this.#listener.onOwnStep(dx, dy);
  }

  // ---- inside ----------------------------------------------------------------------------------------------

  #ownAppeared(slot: number, x: number, y: number): void {
    const dx = x - this.ownX;
    const dy = y - this.ownY;
    if (!this.isPlaced && !Number.isNaN(this.#ownLostMs)) {
      this.#listener.onOwnCrossed(this.nowMs - this.#ownLostMs);
      this.#ownLostMs = Number.NaN;
    }
    this.#ownCell = this.#cell;
    this.#ownSlot = slot;
    this.ownX = x;
    this.ownY = y;
    if (dx !== 0 || dy !== 0) this.#listener.onOwnStep(dx, dy);
  }

  #loseOwn(): void {
    this.#ownCell = NOWHERE;
    this.#ownLostMs = this.nowMs;
  }

  protected worldX(cell: number, units: number): number {
    const column = cell % this.#world.widthCells;
    return column * this.#world.cellSizeMeters + (units - POSITION_OFFSET) * this.#metersPerUnit;
  }

  protected worldY(cell: number, units: number): number {
    const row = Math.floor(cell / this.#world.widthCells);
    return row * this.#world.cellSizeMeters + (units - POSITION_OFFSET) * this.#metersPerUnit;
  }
}
