/** The open world: people walk about, creatures live in it, and whoever meets may fight. */
import { ByteBuffer } from "flatbuffers";
import {
  type Act,
  type Field,
  type FieldContext,
  type FieldMember,
  type FieldType,
  type Intent,
  isCreatureId,
  NO_ROW,
} from "../../engine/room/game.js";
import { itemIds, PERSON, speciesOf } from "../battle/tables.js";
import type { GameRefusal } from "../game-refusal.js";
import { spawnPoint } from "./commons.js";
import { Creatures } from "./creatures.js";
import { Engagement, IMMUNE_SECONDS } from "./engagement.js";
import { AutoBattle } from "./generated/auto-battle.js";
import { Challenge } from "./generated/challenge.js";
import { DropItem } from "./generated/drop-item.js";
import { AutoBattleSchema, ChallengeSchema, DropItemSchema } from "./generated/open-world-schema.js";
import { openWorldRefusals as no } from "./refusals.js";
import { dropStack, takeItem } from "./rewards.js";
import { CHASING, columns, FREE, IMMUNE, openRows, type Rows, setState, ticksOf } from "./rows.js";
import { setWalk, speedMax, step } from "./walking.js";

export const openWorldIntents = { challenge: 1, autoBattle: 2, dropItem: 3, usePotion: 4 } as const;

/** Of 255: what a second of peace gives back, and what a potion does. */
const HEALTH_PER_SECOND = 3;
const HEALTH_PER_POTION = 128;

class OpenWorld implements Field {
  readonly #context: FieldContext;
  readonly #rows: Rows;
  readonly #creatures: Creatures;
  readonly #engagement: Engagement;
  readonly #ticksPerSecond: number;
  readonly #walkSpeed: number;

  constructor(context: FieldContext) {
    this.#context = context;
    this.#rows = openRows(context);
    this.#creatures = new Creatures(context, this.#rows);
    this.#engagement = new Engagement(context, this.#rows);
    this.#ticksPerSecond = Math.max(1, ticksOf(context, 1));
    this.#walkSpeed = Math.min(speciesOf(PERSON).speed, speedMax(context));
  }

  onCellOpen(cell: number): void {
    this.#creatures.populate(cell);
  }

  onCreatureLost(homeCell: number, index: number): void {
    this.#creatures.put(homeCell, index);
  }

  onJoin(member: FieldMember): void {
    const { entities } = this.#rows;
    const { row, player } = member;
    entities.kind[row] = PERSON;
    entities.level[row] = player.level;
    // A person looks the same every day: by who they are, not by when they came.
    entities.look[row] = Number.parseInt(player.playerId.slice(0, 2), 16);
    entities.health[row] = 255;
    setState(this.#context, this.#rows, row, IMMUNE, IMMUNE_SECONDS);
  }

  onDrop(member: FieldMember): void {
    setWalk(this.#rows, member.row, 0, 0, 0);
  }

  onMove(member: FieldMember, dx: number, dy: number): void {
    setWalk(this.#rows, member.row, dx, dy, this.#walkSpeed);
  }

  onIntent(member: FieldMember, intent: Intent): void {
    const refusal = this.#apply(member, intent);
    if (refusal !== undefined) this.#context.refuse(member, intent.seq, refusal.code, refusal.reason);
  }

  #apply(member: FieldMember, intent: Intent): GameRefusal | undefined {
    const body = new ByteBuffer(intent.body);
    switch (intent.kind) {
      case openWorldIntents.challenge:
        return this.#engagement.challenge(member, Challenge.getRootAsChallenge(body).entity(), intent.seq);
      case openWorldIntents.autoBattle: {
        const wish = AutoBattle.getRootAsAutoBattle(body);
        return this.#engagement.autoBattle(member, wish.species(), wish.count());
      }
      case openWorldIntents.dropItem:
        return this.#dropItem(member, DropItem.getRootAsDropItem(body).item());
      case openWorldIntents.usePotion:
        return this.#usePotion(member);
      default:
        return undefined;
    }
  }

  onAct(row: number, act: Act): void {
    this.#engagement.onAct(row, act);
  }

  onTick(): void {
    const { awakeCells, awakeCount } = this.#context;
    const { entities } = this.#rows;
    for (let index = 0; index < awakeCount; index++) {
      for (let row = entities.first[awakeCells[index]!]!; row !== NO_ROW; row = entities.next[row]!) {
        if (!entities.isGhost(row)) this.#tickRow(row);
      }
    }
  }

  #tickRow(row: number): void {
    const { entities, until } = this.#rows;
    const { tick } = this.#context;
    let state = entities.state[row]!;
    if (state !== FREE && state !== CHASING && tick >= until[row]!) {
      this.#engagement.expire(row);
      state = entities.state[row]!;
    }
    const isAtPeace = state === FREE || state === IMMUNE;
    if (!isAtPeace && state !== CHASING) return;
    if (isCreatureId(entities.id[row]!)) {
      if (state === IMMUNE) return;
      const prey = this.#creatures.think(row);
      if (prey !== NO_ROW) this.#engagement.pounce(row, prey);
      return;
    }
    step(this.#context, this.#rows, row);
    if (entities.health[row]! < 255 && (tick + entities.id[row]!) % this.#ticksPerSecond === 0) {
      entities.health[row] = Math.min(255, entities.health[row]! + HEALTH_PER_SECOND);
    }
  }

  #dropItem(member: FieldMember, item: number): GameRefusal | undefined {
    if (!dropStack(member.player.inventory, item)) return no.itemNotHeld;
    this.#context.save(member);
    return undefined;
  }

  #usePotion(member: FieldMember): GameRefusal | undefined {
    const { entities } = this.#rows;
    const { row } = member;
    const state = entities.state[row];
    if (state !== FREE && state !== IMMUNE) return no.busy;
    if (entities.health[row] === 255) return no.healthFull;
    if (!takeItem(member.player.inventory, itemIds.potion)) return no.itemNotHeld;
    entities.health[row] = Math.min(255, entities.health[row]! + HEALTH_PER_POTION);
    this.#context.save(member);
    return undefined;
  }
}

export const openWorld: FieldType = {
  name: "open-world",
  columns,
  intents: [
    { kind: openWorldIntents.challenge, name: "challenge", schema: ChallengeSchema, perSecond: 4, burst: 8 },
    {
      kind: openWorldIntents.autoBattle,
      name: "autoBattle",
      schema: AutoBattleSchema,
      perSecond: 1,
      burst: 4,
    },
    { kind: openWorldIntents.dropItem, name: "dropItem", schema: DropItemSchema, perSecond: 4, burst: 24 },
    { kind: openWorldIntents.usePotion, name: "usePotion", schema: null, perSecond: 2, burst: 4 },
  ],
  spawn: spawnPoint,
  create: (context) => new OpenWorld(context),
};
