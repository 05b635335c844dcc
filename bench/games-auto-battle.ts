/**
 * Fields that open many auto battles at once and keep their number: a battle that ends begins again in the same room,
 * until the room has lived long enough, and breaks off when it has lived twice that. The battles are those of the reference game.
 */
import type {
  Act,
  BattleResultRow,
  Field,
  FieldContext,
  FieldType,
  Game,
  Room,
  RoomContext,
  RoomMember,
  RoomType,
  TableSpec,
} from "../engine/room/game.js";
import { encodeBattleOptions, type FighterDescription } from "../games/battle/acts.js";
import { battle } from "../games/battle/battle.js";
import { PERSON, speciesTable } from "../games/battle/tables.js";
import { testTables } from "../games/testing/test-tables.js";
import { shareOf } from "./cell-share.js";
import { reportHeapSoon } from "./shard-heap.js";

const LEVEL = 10;
const species = testTables.rows(speciesTable);

/** What a battle's view of its room asks of who repeats it. */
interface Repeater {
  /** Steps made so far, of all battles. */
  readonly tick: number;
  readonly isStored: boolean;
  onBattleEnd(): void;
}

/** A battle's view of its room: it counts ticks from its own beginning, and its end is told to who repeats it. */
class OneBattleContext implements RoomContext {
  readonly #room: RoomContext;
  readonly #repeater: Repeater;
  readonly #startTick: number;

  constructor(room: RoomContext, repeater: Repeater) {
    this.#room = room;
    this.#repeater = repeater;
    this.#startTick = repeater.tick;
  }

  get roomId(): number {
    return this.#room.roomId;
  }
  get cell(): number {
    return this.#room.cell;
  }
  get tick(): number {
    return this.#repeater.tick - this.#startTick;
  }
  get tickPeriodMs(): number {
    return this.#room.tickPeriodMs;
  }
  get wallMs(): number {
    return this.#room.wallMs;
  }
  table<Row>(spec: TableSpec<Row>): readonly Row[] {
    return testTables.rows(spec);
  }
  /** Whom it would be for is nowhere. */
  grant(): void {}
  get members(): ReadonlyMap<number, RoomMember> {
    return this.#room.members;
  }
  chance(): number {
    return this.#room.chance();
  }
  chanceBelow(count: number): number {
    return this.#room.chanceBelow(count);
  }
  newRowId(): string {
    return this.#room.newRowId();
  }
  tell(member: RoomMember, kind: number, body: Uint8Array): void {
    this.#room.tell(member, kind, body);
  }
  tellAll(kind: number, body: Uint8Array): void {
    this.#room.tellAll(kind, body);
  }
  broadcast(kind: number, body: Uint8Array): void {
    this.#room.broadcast(kind, body);
  }
  refuse(member: RoomMember, intentSeq: number, code: number, reason?: string): void {
    this.#room.refuse(member, intentSeq, code, reason);
  }
  act(entityId: number, cell: number, kind: number, body: Uint8Array): void {
    this.#room.act(entityId, cell, kind, body);
  }
  setTimer(id: number, ticks: number): void {
    this.#room.setTimer(id, ticks);
  }
  clearTimer(id: number): void {
    this.#room.clearTimer(id);
  }
  appendResult(result: BattleResultRow): void {
    if (this.#repeater.isStored) this.#room.appendResult(result);
  }
  remove(member: RoomMember): void {
    this.#room.remove(member);
  }
  setActive(isActive: boolean): void {
    this.#room.setActive(isActive);
  }
  close(): void {
    this.#repeater.onBattleEnd();
  }
}

export interface RepeatedBattleOptions {
  /** From this age on it does not begin again. */
  readonly lifeTicks: number;
  /** Who fights whom. */
  readonly index: number;
  readonly optionsOf: (index: number) => Uint8Array;
  /** Results go to the store. */
  readonly isStored: boolean;
}

/** A battle that begins again when it is over. */
export class RepeatedBattle implements Room, Repeater {
  readonly isStored: boolean;
  readonly #context: RoomContext;
  readonly #lifeTicks: number;
  readonly #index: number;
  readonly #optionsOf: (index: number) => Uint8Array;
  #battle: Room;
  tick = 0;

  constructor(context: RoomContext, options: RepeatedBattleOptions) {
    this.#context = context;
    this.#lifeTicks = options.lifeTicks;
    this.#index = options.index;
    this.#optionsOf = options.optionsOf;
    this.isStored = options.isStored;
    this.#battle = battle.create(new OneBattleContext(context, this));
  }

  onBattleEnd(): void {
    if (this.tick >= this.#lifeTicks) {
      this.#context.close();
      return;
    }
    this.#battle = battle.create(new OneBattleContext(this.#context, this));
    this.#battle.onCreate?.(this.#optionsOf(this.#index));
  }

  onCreate(options: Uint8Array): void {
    this.#battle.onCreate?.(options);
  }

  onAct(act: Act): void {
    this.#battle.onAct?.(act);
  }

  onTick(): void {
    this.tick++;
    if (this.tick < this.#lifeTicks * 2) this.#battle.onTick?.();
    else this.#context.close();
  }
}

const repeatedBattle = (lifeTicks: number): RoomType => ({
  ...battle,
  // What is measured is battles, not the journal.
  isDurable: false,
  name: `repeated-battle-${lifeTicks}`,
  create: (context) =>
    new RepeatedBattle(context, { lifeTicks, index: context.roomId, optionsOf, isStored: true }),
});

/** One person against one to three creatures, as the open world opens them; nobody watches. */
export function optionsOf(index: number): Uint8Array {
  const nowhere = { entity: 0, session: 0, cell: 0, x: 0, y: 0, level: LEVEL, look: 0, health: 255 };
  const fighter = (kind: number): FighterDescription => ({
    ...nowhere,
    species: kind,
    name: species[kind]!.name,
    playerId: "",
  });
  const foe = fighter(1 + (index % (species.length - 2)));
  const foes = Array.from({ length: 1 + (index % 3) }, () => ({ side: 1, fighter: foe }));
  return encodeBattleOptions({
    isAuto: true,
    host: 0,
    fighters: [{ side: 0, fighter: fighter(PERSON) }, ...foes],
  });
}

class BattleField implements Field {
  readonly #context: FieldContext;
  readonly #battles: number;
  readonly #type: RoomType;

  constructor(context: FieldContext, battles: number, type: RoomType) {
    this.#context = context;
    this.#battles = battles;
    this.#type = type;
  }

  /** Every cell opens its share. */
  onCellOpen(cell: number): void {
    const { first, end } = shareOf(cell, this.#context.grid.cellCount, this.#battles);
    for (let index = first; index < end; index++) {
      this.#context.openRoom(this.#type.name, cell, optionsOf(index));
    }
  }

  onTick(): void {}
}

const battleField = (battles: number, type: RoomType): FieldType => ({
  name: `bench-battles-${battles}`,
  intents: [],
  columns: {},
  spawn: (grid) => ({ x: grid.widthMeters / 2, y: grid.heightMeters / 2 }),
  create: (context) => {
    reportHeapSoon();
    return new BattleField(context, battles, type);
  },
});

/** 30 seconds for the full suite, 6 for the smoke test. */
const long = repeatedBattle(300);
const short = repeatedBattle(60);
const game: Game = {
  fields: [battleField(0, short), battleField(50, short), battleField(5000, long)],
  rooms: [long, short],
};
export default game;
