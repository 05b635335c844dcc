/**
 * Where a bot walks: decided from a seed, its number and where it is, so that the same seed sends the same bots the
 * same ways as far as the server lets them.
 */
import { Prng } from "../../engine/prng.js";
import type { Behaviour } from "./options.js";

const FULL_SPEED = 127;
/** Keeps bots from pressing against the edge, where a step in a new direction would not show. */
const EDGE_CELLS = 0.75;
/** How far from the middle of the world those who gather turn back; they walk a little further before they do. */
const GATHER_CELLS = 0.3;
/** How far behind the border a zigzagging bot turns: past the server's hysteresis, not out of the cell. */
const ZIGZAG_METERS = 5;

export interface BotWorld {
  readonly widthCells: number;
  readonly heightCells: number;
  readonly cellSizeMeters: number;
  /** Shard of every cell when the bot came; empty when the server does not say. */
  readonly owners: Uint8Array;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** A direction in −127..127 per axis, and whether it is a new one. */
export class Walk {
  dx = 0;
  dy = 0;
  readonly #behaviour: Behaviour;
  readonly #world: BotWorld;
  readonly #prng: Prng;
  #turnAtMs = 0;
  #side = 1;

  constructor(options: {
    readonly behaviour: Behaviour;
    readonly world: BotWorld;
    readonly seed: number;
  }) {
    this.#behaviour = options.behaviour;
    this.#world = options.world;
    this.#prng = new Prng(options.seed);
  }

  /** Decides the direction of the intent due now. `target`: who a fighter goes after. */
  step(nowMs: number, place: Place, target?: Place): void {
    if (this.#behaviour === "zigzag") this.#zigzag(place);
    else if (this.#behaviour === "gather") this.#gather(nowMs, place);
    else if (this.#behaviour === "fight" && target !== undefined)
      this.#towards(target.x - place.x, target.y - place.y);
    else this.#wander(nowMs, place);
  }

  #wander(nowMs: number, place: Place): void {
    if (nowMs < this.#turnAtMs && !this.#isLeaving(place)) return;
    this.#turnAtMs = nowMs + 600 + this.#prng.below(1000);
    const angle = this.#prng.unit() * 2 * Math.PI;
    let dx = Math.cos(angle);
    let dy = Math.sin(angle);
    const { cellSizeMeters, widthCells, heightCells } = this.#world;
    const margin = Math.min(EDGE_CELLS, widthCells / 4, heightCells / 4) * cellSizeMeters;
    if (place.x < margin) dx = Math.abs(dx);
    else if (place.x > widthCells * cellSizeMeters - margin) dx = -Math.abs(dx);
    if (place.y < margin) dy = Math.abs(dy);
    else if (place.y > heightCells * cellSizeMeters - margin) dy = -Math.abs(dy);
    this.#towards(dx, dy);
  }

  /** Wanders about the middle of the world, never out of the cell that holds it. */
  #gather(nowMs: number, place: Place): void {
    const { cellSizeMeters: size, widthCells, heightCells } = this.#world;
    const outX = (Math.floor(widthCells / 2) + 0.5) * size - place.x;
    const outY = (Math.floor(heightCells / 2) + 0.5) * size - place.y;
    const reach = size * GATHER_CELLS;
    if (outX * outX + outY * outY > reach * reach) this.#towards(outX, outY);
    else this.#wander(nowMs, place);
  }

  #isLeaving(place: Place): boolean {
    const { cellSizeMeters, widthCells, heightCells } = this.#world;
    const margin = cellSizeMeters / 8;
    return (
      (place.x < margin && this.dx < 0) ||
      (place.x > widthCells * cellSizeMeters - margin && this.dx > 0) ||
      (place.y < margin && this.dy < 0) ||
      (place.y > heightCells * cellSizeMeters - margin && this.dy > 0)
    );
  }

  /** To and fro across the nearest border between two shards, or between two cells where there is but one shard. */
  #zigzag(place: Place): void {
    const border = this.#nearestBorder(place);
    if (border === undefined) return;
    const distance = border.isVertical ? place.x - border.at : place.y - border.at;
    const reach = Math.min(ZIGZAG_METERS, this.#world.cellSizeMeters / 3);
    if (distance > reach) this.#side = -1;
    else if (distance < -reach) this.#side = 1;
    const along = this.#side * FULL_SPEED;
    this.dx = border.isVertical ? along : 0;
    this.dy = border.isVertical ? 0 : along;
  }

  #nearestBorder(place: Place): { readonly isVertical: boolean; readonly at: number } | undefined {
    const { widthCells, heightCells, cellSizeMeters: size, owners } = this.#world;
    const column = clamp(Math.floor(place.x / size), widthCells);
    const row = clamp(Math.floor(place.y / size), heightCells);
    const ownerAt = (c: number, r: number) => owners[r * widthCells + c];
    let best: { isVertical: boolean; at: number } | undefined;
    let bestDistance = Number.POSITIVE_INFINITY;
    const consider = (isVertical: boolean, index: number, differs: boolean) => {
      if (!differs) return;
      const at = index * size;
      const distance = Math.abs((isVertical ? place.x : place.y) - at);
      if (distance >= bestDistance) return;
      bestDistance = distance;
      best = { isVertical, at };
    };
    for (let c = 1; c < widthCells; c++) consider(true, c, ownerAt(c - 1, row) !== ownerAt(c, row));
    for (let r = 1; r < heightCells; r++) consider(false, r, ownerAt(column, r - 1) !== ownerAt(column, r));
    if (best !== undefined) return best;
    for (let c = 1; c < widthCells; c++) consider(true, c, true);
    return best;
  }

  #towards(dx: number, dy: number): void {
    const length = Math.sqrt(dx * dx + dy * dy);
    if (length < 1e-6) return;
    this.dx = Math.round((dx / length) * FULL_SPEED);
    this.dy = Math.round((dy / length) * FULL_SPEED);
  }
}

function clamp(value: number, count: number): number {
  return Math.max(0, Math.min(count - 1, value));
}
