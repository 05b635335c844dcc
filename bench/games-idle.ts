/** Fields that open many rooms which sleep: the price of a room nobody is in. */
import type {
  Field,
  FieldContext,
  FieldType,
  Game,
  Room,
  RoomContext,
  RoomType,
} from "../engine/room/game.js";
import { shareOf } from "./cell-share.js";
import { reportHeapSoon } from "./shard-heap.js";

class SleepingRoom implements Room {
  readonly #context: RoomContext;

  constructor(context: RoomContext) {
    this.#context = context;
  }

  onCreate(): void {
    this.#context.setActive(false);
  }

  onTick(): void {}
}

/** A room that would tick ten times a second if it did not sleep. */
const sleeping: RoomType = {
  name: "sleeping",
  tickHz: 10,
  membersMax: 16,
  intents: [],
  onSocketLost: "leave",
  create: (context) => new SleepingRoom(context),
};

class IdleField implements Field {
  readonly #context: FieldContext;
  readonly #rooms: number;

  constructor(context: FieldContext, rooms: number) {
    this.#context = context;
    this.#rooms = rooms;
  }

  /** Every cell opens its share. */
  onCellOpen(cell: number): void {
    const { first, end } = shareOf(cell, this.#context.grid.cellCount, this.#rooms);
    for (let room = first; room < end; room++) {
      this.#context.openRoom(sleeping.name, cell, new Uint8Array(0));
    }
  }

  onTick(): void {}
}

const idleField = (rooms: number): FieldType => ({
  name: `bench-idle-${rooms}`,
  intents: [],
  columns: {},
  spawn: (grid) => ({ x: grid.widthMeters / 2, y: grid.heightMeters / 2 }),
  create: (context) => {
    reportHeapSoon();
    return new IdleField(context, rooms);
  },
});

const game: Game = { fields: [idleField(0), idleField(100), idleField(10_000)], rooms: [sleeping] };
export default game;
