/** The smallest field that can show what a field must: people walk, creatures pace, intents are counted in order. For tests. */
import {
  type Act,
  ByteWriter,
  type Field,
  type FieldContext,
  type FieldMember,
  type FieldType,
  type Intent,
  NO_ROW,
} from "../engine/room/game.js";

export const WALK_METERS_PER_SECOND = 5;
export const intents = { count: 1, fail: 2, openRoom: 3, greet: 4 } as const;
const ACT_GREETING = 1;

class WalkingField implements Field {
  readonly #context: FieldContext;
  readonly #counted: Uint32Array;
  readonly #disordered: Uint32Array;
  readonly #greeted: Uint32Array;

  constructor(context: FieldContext) {
    this.#context = context;
    this.#counted = context.entities.column("counted", "u32");
    this.#disordered = context.entities.column("disordered", "u32");
    this.#greeted = context.entities.column("greeted", "u32");
  }

  onCellOpen(cell: number): void {
    this.onCreatureLost(cell, 0);
  }

  onCreatureLost(cell: number, index: number): void {
    const { grid } = this.#context;
    const x = ((cell % grid.widthCells) + 0.5) * grid.cellSizeMeters;
    const y = (Math.floor(cell / grid.widthCells) + 0.5) * grid.cellSizeMeters;
    const row = this.#context.addCreature(cell, index, x, y);
    this.#context.entities.kind[row] = 1;
  }

  onMove(member: FieldMember, dx: number, dy: number): void {
    const { entities } = this.#context;
    entities.velocityX[member.row] = (dx / 127) * WALK_METERS_PER_SECOND;
    entities.velocityY[member.row] = (dy / 127) * WALK_METERS_PER_SECOND;
  }

  onIntent(member: FieldMember, intent: Intent): void {
    if (intent.kind === intents.fail) throw new Error("asked to fail");
    if (intent.kind === intents.openRoom) {
      const roomId = this.#context.openRoom(
        "tested",
        this.#context.entities.cell[member.row]!,
        new Uint8Array(),
      );
      const { playerId, name, level } = member.player;
      const cell = this.#context.entities.cell[member.row]!;
      this.#context.joinRoom(roomId, member.session, {
        playerId,
        name,
        level,
        entityId: member.entityId,
        cell,
      });
      return;
    }
    if (intent.kind === intents.greet) {
      this.#greetNearest(member.row);
      return;
    }
    if (intent.seq !== this.#counted[member.row]! + 1) this.#disordered[member.row]!++;
    this.#counted[member.row] = intent.seq;
  }

  #greetNearest(row: number): void {
    const { entities } = this.#context;
    const near = new Int32Array(8);
    const count = this.#context.near(entities.x[row]!, entities.y[row]!, 8, near);
    for (let index = 0; index < count; index++) {
      const other = near[index]!;
      if (other === row || entities.kind[other] !== 0) continue;
      const body = new ByteWriter().u32(entities.id[row]!).bytes();
      this.#context.act(row, entities.id[other]!, entities.cell[other]!, ACT_GREETING, body);
    }
  }

  onAct(row: number, act: Act): void {
    if (act.kind === ACT_GREETING) this.#greeted[row]!++;
  }

  onTick(): void {
    const { entities, awakeCells, awakeCount, grid, tickPeriodMs } = this.#context;
    const seconds = tickPeriodMs / 1000;
    for (let index = 0; index < awakeCount; index++) {
      for (let row = entities.first[awakeCells[index]!]!; row !== NO_ROW; row = entities.next[row]!) {
        if (entities.isGhost(row)) continue;
        if (entities.kind[row] === 1) {
          const step = this.#context.chance(entities.id[row]!, 1) - 0.5;
          entities.velocityX[row] = step * WALK_METERS_PER_SECOND * 2;
        }
        const x = entities.x[row]! + entities.velocityX[row]! * seconds;
        const y = entities.y[row]! + entities.velocityY[row]! * seconds;
        entities.x[row] = Math.min(Math.max(x, 0), grid.widthMeters - 0.001);
        entities.y[row] = Math.min(Math.max(y, 0), grid.heightMeters - 0.001);
      }
    }
  }
}

export const walkingField: FieldType = {
  name: "walking",
  intents: Object.entries(intents).map(([name, kind]) => ({
    kind,
    name,
    schema: null,
    perSecond: 1000,
    burst: 1000,
  })),
  columns: { counted: "u32", disordered: "u32", greeted: "u32" },
  spawn: (grid) => ({ x: grid.widthMeters / 2, y: grid.heightMeters / 2 }),
  create: (context) => new WalkingField(context),
};
