/** Creatures: where they live, how they wander, whom they go for. */
import {
  columnOf,
  type FieldContext,
  hashUnit,
  isCreatureId,
  NO_ROW,
  rowOf,
} from "../../engine/room/game.js";
import { levelTable, PERSON, type Species, speciesOf, speciesTable } from "../battle/tables.js";
import { isCommons, remoteness } from "./commons.js";
import { inhabitantAt, inhabitantTable } from "./inhabitants.js";
import { CHASING, FREE, type Rows, setState, ticksOf } from "./rows.js";
import { directions, setWalk, speedMax, step } from "./walking.js";

const NOTICE_METERS = 8;
/** Within this they fight. */
export const CONTACT_METERS = 1.2;
/** How far from home a creature wanders, and how far it chases. */
const ROAM_METERS = 6;
const LEASH_METERS = 20;
/** A chase is given up when the prey gets this far ahead. */
const LOST_METERS = 14;
/** Highest level out at the edge of the world. */
const FRONTIER_LEVEL = 24;
/** Rows looked at when looking around. */
const NEAR_MAX = 64;

/** What dice are rolled for, so that two questions in one tick get two answers. */
const salts = { walks: 1, direction: 2 } as const;
/** The same for the seed's own, tickless dice. */
const seedSalts = { count: 1, species: 2, x: 3, y: 4, look: 5, level: 6 } as const;

export class Creatures {
  readonly #context: FieldContext;
  readonly #rows: Rows;
  readonly #around = new Int32Array(NEAR_MAX);
  readonly #noticeTicks: number;
  readonly #wanderTicks: number;
  readonly #speedMax: number;

  constructor(context: FieldContext, rows: Rows) {
    this.#context = context;
    this.#rows = rows;
    this.#noticeTicks = Math.max(1, ticksOf(context, 0.4));
    this.#wanderTicks = Math.max(1, ticksOf(context, 2));
    this.#speedMax = speedMax(context);
  }

  /** Puts into a cell who lives there: the same whichever shard does it, and whenever. */
  populate(cell: number): void {
    const { grid, seed, entities } = this.#context;
    const roll = hashUnit(seed, cell, seedSalts.count);
    const x = (columnOf(grid, cell) + 0.5) * grid.cellSizeMeters;
    const y = (rowOf(grid, cell) + 0.5) * grid.cellSizeMeters;
    // About one a cell: none, one or two. Beginners have a choice.
    const count = (roll < 0.16 ? 2 : roll < 0.84 ? 1 : 0) + (isCommons(grid, x, y) ? 1 : 0);
    // A world too large for its shards is emptier, but still has room for people.
    if (entities.count + count > entities.capacity / 2) return;
    for (let index = 0; index < count; index++) this.put(cell, index);
  }

  /** Puts one creature where it lives. */
  put(cell: number, index: number): void {
    const { grid, seed, entities } = this.#context;
    const roll = (salt: number) => hashUnit(seed, cell, index * 16 + salt);
    const x = (columnOf(grid, cell) + 0.1 + 0.8 * roll(seedSalts.x)) * grid.cellSizeMeters;
    const y = (rowOf(grid, cell) + 0.1 + 0.8 * roll(seedSalts.y)) * grid.cellSizeMeters;
    const row = this.#context.addCreature(cell, index, x, y);
    if (row === NO_ROW) return;
    const remote = remoteness(grid, x, y);
    const kind = inhabitantAt(this.#context.table(inhabitantTable), remote, roll(seedSalts.species));
    entities.kind[row] = kind;
    entities.look[row] = Math.floor(roll(seedSalts.look) * this.#species(kind).looks);
    const levelMax = this.#context.table(levelTable).length;
    entities.level[row] = Math.min(levelMax, levelAt(remote, roll(seedSalts.level)));
    entities.health[row] = 255;
    this.#rows.homeX[row] = x;
    this.#rows.homeY[row] = y;
  }

  /** One tick of a free creature. Returns the row of a person it has caught, or NO_ROW. */
  think(row: number): number {
    const { entities } = this.#rows;
    const phase = this.#context.tick + (entities.id[row]! & 0xff);
    if (entities.state[row] === CHASING) {
      const prey = this.#chase(row);
      if (prey !== NO_ROW) return prey;
    } else {
      if (phase % this.#noticeTicks === 0 && this.#species(entities.kind[row]!).isAggressive)
        this.#notice(row);
      if (phase % this.#wanderTicks === 0) this.#wander(row);
    }
    step(this.#context, this.#rows, row);
    return NO_ROW;
  }

  #chase(row: number): number {
    const rows = this.#rows;
    const { entities } = rows;
    const prey = entities.rowOf(rows.partner[row]!);
    if (prey === NO_ROW || !this.#isPrey(prey) || this.#homeDistance(row) > LEASH_METERS) {
      this.#giveUp(row);
      return NO_ROW;
    }
    const dx = entities.x[prey]! - entities.x[row]!;
    const dy = entities.y[prey]! - entities.y[row]!;
    const distance2 = dx * dx + dy * dy;
    if (distance2 <= CONTACT_METERS * CONTACT_METERS) {
      setWalk(rows, row, 0, 0, 0);
      return prey;
    }
    if (distance2 > LOST_METERS * LOST_METERS) this.#giveUp(row);
    else setWalk(rows, row, dx, dy, this.#speed(row, 1));
    return NO_ROW;
  }

  #giveUp(row: number): void {
    setState(this.#context, this.#rows, row, FREE);
    this.#rows.partner[row] = 0;
    this.#goHome(row);
  }

  #notice(row: number): void {
    const { entities } = this.#rows;
    const x = entities.x[row]!;
    const y = entities.y[row]!;
    if (this.#homeDistance(row) > LEASH_METERS / 2) return;
    const count = this.#context.near(x, y, NOTICE_METERS, this.#around);
    let nearest = NO_ROW;
    let least = Number.POSITIVE_INFINITY;
    for (let index = 0; index < count; index++) {
      const other = this.#around[index]!;
      if (!this.#isPrey(other)) continue;
      const dx = entities.x[other]! - x;
      const dy = entities.y[other]! - y;
      if (dx * dx + dy * dy >= least) continue;
      least = dx * dx + dy * dy;
      nearest = other;
    }
    if (nearest === NO_ROW) return;
    setState(this.#context, this.#rows, row, CHASING);
    this.#rows.partner[row] = entities.id[nearest]!;
  }

  #isPrey(row: number): boolean {
    const { entities } = this.#rows;
    return entities.kind[row] === PERSON && entities.state[row] === FREE && !isCreatureId(entities.id[row]!);
  }

  #wander(row: number): void {
    const id = this.#rows.entities.id[row]!;
    if (this.#homeDistance(row) > ROAM_METERS) {
      this.#goHome(row);
      return;
    }
    if (this.#context.chance(id, salts.walks) < 0.4) {
      setWalk(this.#rows, row, 0, 0, 0);
      return;
    }
    const [dx, dy] = directions[Math.floor(this.#context.chance(id, salts.direction) * directions.length)]!;
    setWalk(this.#rows, row, dx, dy, this.#speed(row, 0.5));
  }

  #goHome(row: number): void {
    const { entities, homeX, homeY } = this.#rows;
    const dx = homeX[row]! - entities.x[row]!;
    const dy = homeY[row]! - entities.y[row]!;
    setWalk(this.#rows, row, dx, dy, this.#speed(row, 0.7));
  }

  #homeDistance(row: number): number {
    const { entities, homeX, homeY } = this.#rows;
    const dx = homeX[row]! - entities.x[row]!;
    const dy = homeY[row]! - entities.y[row]!;
    return Math.sqrt(dx * dx + dy * dy);
  }

  #speed(row: number, share: number): number {
    return Math.min(this.#speedMax, this.#species(this.#rows.entities.kind[row]!).speed * share);
  }

  #species(kind: number): Species {
    return speciesOf({ species: this.#context.table(speciesTable) }, kind);
  }
}

/** 1 in the commons, {@link FRONTIER_LEVEL} at the edge of the world, one up or down by chance in between. */
function levelAt(remote: number, roll: number): number {
  const level = 1 + remote * (FRONTIER_LEVEL - 1) + (roll - 0.5) * 2 * Math.min(1, remote * 8);
  return Math.max(1, Math.round(level));
}
