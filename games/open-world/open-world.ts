/** The open world: people walk about, creatures live in it, and whoever meets may fight. */
import { ByteBuffer } from "flatbuffers";
import {
  type Act,
  ByteReader,
  type ByteWriter,
  type Field,
  type FieldContext,
  type FieldMember,
  type FieldType,
  type Grant,
  type Intent,
  isCreatureId,
  NO_ROW,
  refusals,
} from "../../engine/room/game.js";
import { battleGrants, readSpoils } from "../battle/acts.js";
import { battleTables, PERSON, POTION, speciesOf } from "../battle/tables.js";
import type { GameRefusal } from "../game-refusal.js";
import { spawnPoint } from "./commons.js";
import { Creatures } from "./creatures.js";
import { Engagement, IMMUNE_SECONDS } from "./engagement.js";
import { AutoBattle } from "./generated/auto-battle.js";
import { Challenge } from "./generated/challenge.js";
import { DropItem } from "./generated/drop-item.js";
import { Give } from "./generated/give.js";
import {
  AutoBattleSchema,
  ChallengeSchema,
  DropItemSchema,
  GiveSchema,
} from "./generated/open-world-schema.js";
import { Gifts, giftActs } from "./gifts.js";
import { openWorldRefusals as no } from "./refusals.js";
import { dropStack, reasons, removeThings, takeSpoils } from "./rewards.js";
import { CHASING, columns, FREE, IMMUNE, openRows, type Rows, setState, ticksOf } from "./rows.js";
import { setWalk, speedMax, step } from "./walking.js";

export const openWorldIntents = { challenge: 1, autoBattle: 2, dropItem: 3, usePotion: 4, give: 5 } as const;

/** Of 255: what a second of peace gives back, and what a potion does. */
const HEALTH_PER_SECOND = 3;
const HEALTH_PER_POTION = 128;

class OpenWorld implements Field {
  readonly #context: FieldContext;
  readonly #rows: Rows;
  readonly #creatures: Creatures;
  readonly #engagement: Engagement;
  readonly #gifts: Gifts;
  readonly #ticksPerSecond: number;
  readonly #speedMax: number;

  constructor(context: FieldContext) {
    this.#context = context;
    this.#rows = openRows(context);
    this.#creatures = new Creatures(context, this.#rows);
    this.#engagement = new Engagement(context, this.#rows);
    this.#gifts = new Gifts(context, this.#rows);
    this.#ticksPerSecond = Math.max(1, ticksOf(context, 1));
    this.#speedMax = speedMax(context);
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
    this.#engagement.doubt(row);
  }

  onReturn(member: FieldMember): void {
    const { entities, giftSeq } = this.#rows;
    const { row } = member;
    entities.level[row] = member.player.level;
    setWalk(this.#rows, row, 0, 0, 0);
    // Where the gift was to go was forgotten with the process: it has not been given.
    giftSeq[row] = 0;
    if (entities.state[row] === FREE) setState(this.#context, this.#rows, row, IMMUNE, IMMUNE_SECONDS);
    this.#engagement.doubt(row);
  }

  onGrant(member: FieldMember, grant: Grant): void {
    if (grant.kind === battleGrants.spoils) {
      const left = takeSpoils(this.#context, member, readSpoils(new ByteReader(grant.body)));
      this.#rows.entities.level[member.row] = member.player.level;
      if (left.length === 0) return;
      const { code, reason } = refusals.inventoryFull;
      this.#context.refuse(member, 0, code, reason);
    } else if (!this.#gifts.onGrant(member, grant)) {
      throw new Error(`nobody here takes a grant of kind ${grant.kind}`);
    }
  }

  onDrop(member: FieldMember): void {
    setWalk(this.#rows, member.row, 0, 0, 0);
  }

  onMove(member: FieldMember, dx: number, dy: number): void {
    const { speed } = speciesOf(battleTables(this.#context), PERSON);
    setWalk(this.#rows, member.row, dx, dy, Math.min(speed, this.#speedMax));
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
      case openWorldIntents.give: {
        const wish = Give.getRootAsGive(body);
        const gift = { item: wish.item(), count: wish.count(), gold: wish.gold() };
        return this.#gifts.give(member, wish.entity(), gift, intent.seq);
      }
      default:
        return undefined;
    }
  }

  onAct(row: number, act: Act): void {
    if (act.kind === giftActs.asked) this.#gifts.onAsked(row, act);
    else if (act.kind === giftActs.answer) this.#gifts.onAnswer(row, act);
    else this.#engagement.onAct(row, act);
  }

  onTick(): void {
    this.#engagement.begin();
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
    this.#gifts.expire(row);
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
    if (dropStack(this.#context, member, item) === 0) return no.itemNotHeld;
    this.#context.save(member);
    return undefined;
  }

  #usePotion(member: FieldMember): GameRefusal | undefined {
    const { entities } = this.#rows;
    const { row } = member;
    const state = entities.state[row];
    if (state !== FREE && state !== IMMUNE) return no.busy;
    if (entities.health[row] === 255) return no.healthFull;
    if (!removeThings(this.#context, member, { item: POTION, count: 1 }, reasons.potion))
      return no.itemNotHeld;
    entities.health[row] = Math.min(255, entities.health[row]! + HEALTH_PER_POTION);
    this.#context.save(member);
    return undefined;
  }

  checkpoint(out: ByteWriter): void {
    this.#engagement.checkpoint(out);
  }

  restore(from: ByteReader): void {
    this.#engagement.restore(from);
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
    {
      kind: openWorldIntents.dropItem,
      name: "dropItem",
      schema: DropItemSchema,
      perSecond: 4,
      burst: 24,
      isDurable: true,
    },
    {
      kind: openWorldIntents.usePotion,
      name: "usePotion",
      schema: null,
      perSecond: 2,
      burst: 4,
      isDurable: true,
    },
    {
      kind: openWorldIntents.give,
      name: "give",
      schema: GiveSchema,
      perSecond: 2,
      burst: 4,
      isDurable: true,
    },
  ],
  spawn: spawnPoint,
  create: (context) => new OpenWorld(context),
};
