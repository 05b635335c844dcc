/**
 * Rooms that are all work: each is a hall with many battles of the reference game at once, some steps of each a
 * tick, at a rate that no shard keeps up with. What is put off is work for the next tick, so shards never rest.
 */
import type {
  Field,
  FieldContext,
  FieldType,
  Game,
  Room,
  RoomContext,
  RoomType,
} from "../engine/room/game.js";
import { battle } from "../games/battle/battle.js";
import { shareOf } from "./cell-share.js";
import { optionsOf, RepeatedBattle } from "./games-auto-battle.js";

/** A multiple of three: one person fights one, two or three creatures in turn, so that a battle has three fighters on average. */
export const BATTLES_PER_HALL = 33;
/** Steps that every battle makes at a tick of its hall. */
export const STEPS_PER_TICK = 20;
export const FIGHTERS_PER_BATTLE = 3;
export const HALL_TYPES = { stored: "battle-hall", unstored: "battle-hall-unstored" } as const;

/** Enough to keep two shards of a machine several times as fast at it. */
const HALLS = 512;
export const HALL_HZ = 100;
const NO_OPTIONS = new Uint8Array(0);

/** Made once: what is measured is battles, not how they are described. */
const options = Array.from({ length: BATTLES_PER_HALL }, (_, index) => optionsOf(index));
const knownOptions = (index: number) => options[index]!;

class BattleHall implements Room {
  readonly #battles: readonly RepeatedBattle[];

  constructor(context: RoomContext, isStored: boolean) {
    const lifeTicks = Number.POSITIVE_INFINITY;
    this.#battles = Array.from(
      { length: BATTLES_PER_HALL },
      (_, index) => new RepeatedBattle(context, { lifeTicks, index, optionsOf: knownOptions, isStored }),
    );
  }

  onCreate(): void {
    for (const [index, each] of this.#battles.entries()) each.onCreate(knownOptions(index));
  }

  onTick(): void {
    for (const each of this.#battles) {
      for (let step = 0; step < STEPS_PER_TICK; step++) each.onTick();
    }
  }
}

const hallType = (name: string, isStored: boolean): RoomType => ({
  ...battle,
  isDurable: false,
  name,
  tickHz: HALL_HZ,
  create: (context) => new BattleHall(context, isStored),
});

class HallField implements Field {
  readonly #context: FieldContext;
  readonly #type: string;

  constructor(context: FieldContext, type: string) {
    this.#context = context;
    this.#type = type;
  }

  /** Every cell opens its share. */
  onCellOpen(cell: number): void {
    const { first, end } = shareOf(cell, this.#context.grid.cellCount, HALLS);
    for (let hall = first; hall < end; hall++) this.#context.openRoom(this.#type, cell, NO_OPTIONS);
  }

  onTick(): void {}
}

const hallField = (type: string): FieldType => ({
  name: `bench-${type}`,
  intents: [],
  columns: {},
  spawn: (grid) => ({ x: grid.widthMeters / 2, y: grid.heightMeters / 2 }),
  create: (context) => new HallField(context, type),
});

const game: Game = {
  fields: [hallField(HALL_TYPES.stored), hallField(HALL_TYPES.unstored)],
  rooms: [hallType(HALL_TYPES.stored, true), hallType(HALL_TYPES.unstored, false)],
};
export default game;
