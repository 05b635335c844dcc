/**
 * Giving things and gold to somebody within reach. What the giver loses and what the receiver is granted are one: both
 * are kept, or neither. The receiver may be on another shard, which alone knows who that is:
 *
 *   giver ──asked──► receiver's owner        only over a border
 *     ◄───answer────────┘                    who it is, or why not
 *   giver: loses it, books it, grants it, is saved: one hook, one group
 *   receiver: gains it when granted; what finds no room is granted back; what finds none there either is sold
 *
 * Before the hook nothing has happened, so messages may be lost: the giver is told after {@link ANSWER_SECONDS}.
 */
import {
  type Act,
  ByteReader,
  ByteWriter,
  type FieldContext,
  type FieldMember,
  type Grant,
  type GrantReceiver,
  isCreatureId,
  NO_ROW,
  refusals,
} from "../../engine/room/game.js";
import type { GameRefusal } from "../game-refusal.js";
import { REACH_METERS } from "./engagement.js";
import { encodeGift } from "./messages.js";
import { openWorldRefusals as no } from "./refusals.js";
import { addGold, addThings, countOf, reasons, removeThings, roomFor, sell } from "./rewards.js";
import { FREE, IMMUNE, type Rows, ticksOf } from "./rows.js";

/** Acts between the fields of giver and receiver; the numbers of battles' acts are below. */
export const giftActs = { asked: 20, answer: 21 } as const;
/** Grants; the numbers of battles' grants are below. */
export const giftGrants = {
  /** {@link GiftGrant} */
  gift: 20,
  /** u16 item, u16 count: the receiver had no room for them. */
  returned: 21,
} as const;
export const openWorldEvents = { gift: 1 } as const;

export const ANSWER_SECONDS = 3;
export const GIFT_COUNT_MAX = 99;

/** Gold, or some of one kind of item. */
export interface Gift {
  /** 0: gold. */
  readonly item: number;
  readonly count: number;
  readonly gold: number;
}

interface GiftGrant extends Gift {
  readonly giver: GrantReceiver;
}

const BODY_BYTES = 64;

export class Gifts {
  readonly #context: FieldContext;
  readonly #rows: Rows;
  readonly #out = new ByteWriter(BODY_BYTES);

  constructor(context: FieldContext, rows: Rows) {
    this.#context = context;
    this.#rows = rows;
  }

  /** Gives now, or asks who it is for. Returns why not, if so. */
  give(member: FieldMember, targetId: number, gift: Gift, intentSeq: number): GameRefusal | undefined {
    const { entities, giftSeq, giftUntil } = this.#rows;
    const { row } = member;
    if (!isGift(gift)) return no.giftInvalid;
    if (targetId === member.entityId) return no.giftToOneself;
    if (isCreatureId(targetId)) return no.giftToCreature;
    const target = entities.rowOf(targetId);
    if (target === NO_ROW) return { ...refusals.noSuchEntity };
    const dx = entities.x[target]! - entities.x[row]!;
    const dy = entities.y[target]! - entities.y[row]!;
    if (dx * dx + dy * dy > REACH_METERS * REACH_METERS) return no.tooFar;
    const missing = this.#missing(member, gift);
    if (missing !== undefined) return missing;
    const receiver = this.#context.memberAt(target);
    if (receiver !== undefined) {
      if (!hasRoom(receiver, gift)) return no.receiverFull;
      const cell = entities.cell[target]!;
      this.#handOver(member, { playerId: receiver.player.playerId, entityId: targetId, cell }, gift);
      return undefined;
    }
    if (giftSeq[row] !== 0) return no.giftPending;
    giftSeq[row] = intentSeq;
    giftUntil[row] = this.#context.tick + ticksOf(this.#context, ANSWER_SECONDS);
    const body = writeGift(this.#out.clear().u32(intentSeq), gift).bytes();
    this.#context.act(row, targetId, entities.cell[target]!, giftActs.asked, body);
    return undefined;
  }

  /** The receiver's side of a border: says who it is. */
  onAsked(row: number, act: Act): void {
    const from = new ByteReader(act.body);
    const seq = from.u32();
    const gift = readGift(from);
    const receiver = this.#context.memberAt(row);
    const code =
      receiver === undefined
        ? refusals.noSuchEntity.code
        : hasRoom(receiver, gift)
          ? 0
          : no.receiverFull.code;
    const out = writeGift(this.#out.clear().u32(seq).u16(code), gift);
    if (code === 0) out.hex16(receiver!.player.playerId);
    this.#context.act(row, act.fromEntity, act.fromCell, giftActs.answer, out.bytes());
  }

  /** The giver's side: whoever it is for is known now. */
  onAnswer(row: number, act: Act): void {
    const member = this.#context.memberAt(row);
    const from = new ByteReader(act.body);
    const seq = from.u32();
    // Answered before, or too late, or asked by who had this entity before a restart.
    if (member === undefined || this.#rows.giftSeq[row] !== seq) return;
    this.#rows.giftSeq[row] = 0;
    const code = from.u16();
    const gift = readGift(from);
    const refusal = code === 0 ? this.#missing(member, gift) : refusalOf(code);
    if (refusal !== undefined) {
      this.#context.refuse(member, seq, refusal.code, refusal.reason);
      return;
    }
    this.#handOver(member, { playerId: from.hex16(), entityId: act.fromEntity, cell: act.fromCell }, gift);
  }

  /** A tick of a person: nobody waits for an answer for ever. */
  expire(row: number): void {
    const { giftSeq, giftUntil } = this.#rows;
    if (giftSeq[row] === 0 || this.#context.tick < giftUntil[row]!) return;
    const seq = giftSeq[row]!;
    giftSeq[row] = 0;
    const member = this.#context.memberAt(row);
    if (member !== undefined) this.#context.refuse(member, seq, no.noAnswer.code, no.noAnswer.reason);
  }

  /** Returns whether it was one of these. The engine saves the member. */
  onGrant(member: FieldMember, grant: Grant): boolean {
    const from = new ByteReader(grant.body);
    switch (grant.kind) {
      case giftGrants.gift:
        this.#receive(member, readGiftGrant(from));
        return true;
      case giftGrants.returned:
        this.#takeBack(member, { item: from.u16(), count: from.u16() });
        return true;
      default:
        return false;
    }
  }

  #handOver(member: FieldMember, to: GrantReceiver, gift: Gift): void {
    const { entities } = this.#rows;
    const context = this.#context;
    const { row, entityId, player } = member;
    const giver = { playerId: player.playerId, entityId, cell: entities.cell[row]! };
    // First: it may not be possible, and then nothing has happened.
    context.grant(member, to, giftGrants.gift, writeGiftGrant(this.#out.clear(), { ...gift, giver }).bytes());
    if (gift.item === 0) addGold(context, member, -gift.gold, reasons.given);
    else removeThings(context, member, gift, reasons.given);
    context.save(member);
  }

  #receive(member: FieldMember, { giver, item, count, gold }: GiftGrant): void {
    const context = this.#context;
    let taken = 0;
    if (item === 0) {
      addGold(context, member, gold, reasons.gift);
    } else {
      taken = Math.min(count, roomFor(member.player.inventory, item));
      if (taken < count) {
        const body = this.#out
          .clear()
          .u16(item)
          .u16(count - taken)
          .bytes();
        // First, as in giving: if it is not possible, the gift goes on waiting as it is.
        context.grant(member, giver, giftGrants.returned, body);
        context.refuse(member, 0, refusals.inventoryFull.code, refusals.inventoryFull.reason);
      }
    }
    addThings(context, member, { item, count: taken }, reasons.gift);
    const got = { from: giver.entityId, item: taken > 0 ? item : 0, count: taken, gold };
    if (taken > 0 || gold > 0) context.tell(member, openWorldEvents.gift, encodeGift(got));
  }

  #takeBack(member: FieldMember, things: { readonly item: number; readonly count: number }): void {
    const context = this.#context;
    const count = things.count - addThings(context, member, things, reasons.returned);
    if (count > 0) sell(context, member, { item: things.item, count });
    context.refuse(member, 0, no.giftReturned.code, no.giftReturned.reason);
  }

  /** Why a member cannot give this, if so. */
  #missing(member: FieldMember, gift: Gift): GameRefusal | undefined {
    const state = this.#rows.entities.state[member.row];
    if (state !== FREE && state !== IMMUNE) return no.busy;
    const { gold, inventory } = member.player;
    if (gift.item === 0) return gold < gift.gold ? no.tooLittleGold : undefined;
    const held = countOf(inventory, gift.item);
    if (held === 0) return no.itemNotHeld;
    return held < gift.count ? no.tooFewHeld : undefined;
  }
}

function isGift({ item, count, gold }: Gift): boolean {
  return item === 0 ? count === 0 && gold > 0 : gold === 0 && count > 0 && count <= GIFT_COUNT_MAX;
}

function hasRoom(receiver: FieldMember, { item, count }: Gift): boolean {
  return item === 0 || roomFor(receiver.player.inventory, item) >= count;
}

function refusalOf(code: number): { readonly code: number; readonly reason: string } {
  return code === no.receiverFull.code ? no.receiverFull : refusals.noSuchEntity;
}

function writeGift(out: ByteWriter, { item, count, gold }: Gift): ByteWriter {
  return out.u16(item).u16(count).u32(gold);
}
function readGift(from: ByteReader): Gift {
  return { item: from.u16(), count: from.u16(), gold: from.u32() };
}

function writeGiftGrant(out: ByteWriter, grant: GiftGrant): ByteWriter {
  const { playerId, entityId, cell } = grant.giver;
  return writeGift(out, grant).hex16(playerId).u32(entityId).u32(cell);
}
function readGiftGrant(from: ByteReader): GiftGrant {
  const gift = readGift(from);
  return { ...gift, giver: { playerId: from.hex16(), entityId: from.u32(), cell: from.u32() } };
}
