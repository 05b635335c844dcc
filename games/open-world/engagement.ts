/**
 * How fights begin and end. Challenger and challenged may be on different shards and either may vanish at any moment,
 * so every step is a message, every waiting state ends by itself, and the room has the last word:
 *
 *   challenger ──challenge──► challenged's owner ──opens or finds──► battle room
 *        ◄────────declined────────┘                                    │
 *        ◄──────────engaged, at first and every few seconds────────────┤ (to each fighter; withdrawn goes back)
 *        ◄──────────outcome, once──────────────────────────────────────┘
 *
 * Who waits for an answer is free again after {@link ENGAGING_SECONDS}; who hears no more from the room, after
 * {@link SILENCE_SECONDS}. What a battle brings for good does not come this way: it is granted.
 *
 * Rooms outlive shards and processes, and entities are put back as they were some seconds before, or join anew. So a
 * row that has just come here is unsure, and believes the first room that calls it, whatever it was doing:
 *
 *                  engaged, from …                                  outcome, from …
 *                  its room   the room it left   another            its room   another
 *   free, chasing     –       ignored            in                    –       ignored
 *   engaging          –       in                 in                    –       ignored
 *   battle         in, again  ignored            withdraws          applied    ignored
 *   immune, dead      –       ignored            withdraws             –       ignored
 *   … and unsure   in, again  ignored            in                 applied    applied, but not while engaging
 *
 * The room it left is the one whose outcome it has had: that room counts it no more, so its call was late.
 */
import {
  type Act,
  ByteReader,
  ByteWriter,
  type FieldContext,
  type FieldMember,
  isCreatureId,
  NO_ROW,
  refusals,
} from "../../engine/room/game.js";
import {
  ACT_BYTES,
  actKinds,
  type Challenge,
  encodeBattleOptions,
  encodeChallenge,
  encodeDeclined,
  encodeJoin,
  type FighterDescription,
  type Outcome,
  readChallenge,
  readDeclined,
  readOutcome,
} from "../battle/acts.js";
import { battle } from "../battle/battle.js";
import { battleRefusals } from "../battle/refusals.js";
import { battleTables, type Species, speciesOf } from "../battle/tables.js";
import type { GameRefusal } from "../game-refusal.js";
import { spawnPoint } from "./commons.js";
import { openWorldRefusals as no } from "./refusals.js";
import { BATTLE, CHASING, DEAD, ENGAGING, FREE, IMMUNE, type Rows, setState, ticksOf } from "./rows.js";
import { setWalk } from "./walking.js";

export const REACH_METERS = 6;
/** Both may have walked on while the challenge was on its way. */
const REACH_SLACK_METERS = 4;
export const ENGAGING_SECONDS = 3;
/** Three of the room's heartbeats. */
export const SILENCE_SECONDS = 15;
export const IMMUNE_SECONDS = 5;
export const DEAD_SECONDS = 20;
/** A call of a room that has let somebody go is not later than this. */
const LATE_SECONDS = 5;
/** A creature whose challenge came to nothing leaves people alone for a moment. */
const REST_SECONDS = 2;
/** Nobody leaves a battle with less than this of 255. */
const HEALTH_LEFT_MIN = 25;
export const AUTO_FOES_MAX = 8;

const CHANCE_SPECIES = 100;

export class Engagement {
  readonly #context: FieldContext;
  readonly #rows: Rows;
  readonly #out = new ByteWriter(ACT_BYTES);
  /** Tick since which this shard is as it is: before, its creatures may have been in a battle. */
  #bornTick: number | undefined;

  constructor(context: FieldContext, rows: Rows) {
    this.#context = context;
    this.#rows = rows;
  }

  // ---- beginning -------------------------------------------------------------------------------------------

  /** A person challenges an entity. Returns why not, if so. */
  challenge(member: FieldMember, targetId: number, intentSeq: number): GameRefusal | undefined {
    const { entities } = this.#rows;
    const { row } = member;
    if (!this.#canBegin(row)) return no.busy;
    if (targetId === member.entityId) return no.oneself;
    const target = entities.rowOf(targetId);
    if (target === NO_ROW) return { ...refusals.noSuchEntity };
    const dx = entities.x[target]! - entities.x[row]!;
    const dy = entities.y[target]! - entities.y[row]!;
    if (dx * dx + dy * dy > REACH_METERS * REACH_METERS) return no.tooFar;
    if (entities.state[target] === DEAD) return no.targetDead;
    if (entities.state[target] === IMMUNE) return no.targetImmune;
    this.#sendChallenge(row, target);
    this.#rows.intentSeq[row] = intentSeq;
    return undefined;
  }

  /** A creature has caught a person. */
  pounce(row: number, target: number): void {
    this.#sendChallenge(row, target);
  }

  /** Opens a battle that fights itself, for a person against creatures that are nowhere in the world. */
  autoBattle(member: FieldMember, kind: number, count: number): GameRefusal | undefined {
    const { row } = member;
    if (!this.#canBegin(row)) return no.busy;
    const { species } = battleTables(this.#context);
    if (kind >= species.length || count < 1 || count > AUTO_FOES_MAX) return no.autoBattleInvalid;
    // A world may be without creatures.
    if (species.length === 1) return no.autoBattleInvalid;
    const self = this.#describe(row);
    const fighters = [{ side: 0, fighter: self }];
    for (let index = 0; index < count; index++) {
      const roll = this.#context.chance(member.entityId, CHANCE_SPECIES + index);
      const foe = kind === 0 ? 1 + Math.floor(roll * (species.length - 1)) : kind;
      fighters.push({ side: 1, fighter: imaginary(species[foe]!, self.level) });
    }
    return this.#open(row, { isAuto: true, host: member.entityId, fighters })
      ? undefined
      : refusals.tooManyRooms;
  }

  #canBegin(row: number): boolean {
    const state = this.#rows.entities.state[row];
    return state === FREE || state === IMMUNE;
  }

  #sendChallenge(row: number, target: number): void {
    const { entities, partner } = this.#rows;
    const targetId = entities.id[target]!;
    setState(this.#context, this.#rows, row, ENGAGING, ENGAGING_SECONDS);
    partner[row] = targetId;
    // Who begins something knows what it is doing.
    this.#rows.unsureUntil[row] = 0;
    const challenge = { target: targetId, room: 0, roomCell: 0, challenger: this.#describe(row) };
    const body = encodeChallenge(challenge, this.#out);
    this.#context.act(row, targetId, entities.cell[target]!, actKinds.challenge, body);
  }

  #open(row: number, options: Parameters<typeof encodeBattleOptions>[0]): boolean {
    const { entities } = this.#rows;
    const cell = entities.cell[row]!;
    const roomId = this.#context.openRoom(battle.name, cell, encodeBattleOptions(options, this.#out));
    if (roomId === 0) return false;
    this.#enterBattle(row, roomId, cell, options.host);
    // Whoever cannot be seated is in the battle all the same, and plays itself.
    for (const { fighter } of options.fighters) {
      if (fighter.session !== 0) this.#seat(roomId, fighter);
    }
    return true;
  }

  #seat(roomId: number, fighter: FighterDescription): number {
    const { playerId, name, level, entity, cell } = fighter;
    return this.#context.joinRoom(roomId, fighter.session, { playerId, name, level, entityId: entity, cell });
  }

  // ---- messages --------------------------------------------------------------------------------------------

  onAct(row: number, act: Act): void {
    const from = new ByteReader(act.body);
    switch (act.kind) {
      case actKinds.challenge:
        this.#onChallenge(row, readChallenge(from));
        return;
      case actKinds.declined: {
        const { target, code } = readDeclined(from);
        if (this.#rows.entities.state[row] === ENGAGING && this.#rows.partner[row] === target) {
          this.#standDown(row, code);
        }
        return;
      }
      case actKinds.engaged:
        this.#onEngaged(row, act, from.u32());
        return;
      case actKinds.outcome:
        if (this.#isOutcomeOf(row, act.fromRoom)) this.#onOutcome(row, act.fromRoom, readOutcome(from));
    }
  }

  #onChallenge(row: number, challenge: Challenge): void {
    const { entities, partner, roomCell } = this.#rows;
    const { challenger } = challenge;
    if (challenge.room !== 0) {
      this.#letJoin(row, challenge);
      return;
    }
    switch (entities.state[row]) {
      case FREE:
      case CHASING:
        this.#accept(row, challenge);
        return;
      case ENGAGING:
        // Two who challenge one another: the one with the higher id takes it up, so that there is one battle.
        if (partner[row] !== challenger.entity) this.#decline(row, challenge, no.targetBusy);
        else if (entities.id[row]! > challenger.entity) this.#accept(row, challenge);
        return;
      case BATTLE: {
        const joined = { ...challenge, room: this.#rows.room[row]!, roomCell: roomCell[row]! };
        if (this.#context.owns(joined.roomCell)) {
          this.#letJoin(row, joined);
        } else {
          // Only the shard with the room can seat a member; the host is there.
          const body = encodeChallenge(joined, this.#out);
          this.#context.act(row, this.#rows.roomHost[row]!, joined.roomCell, actKinds.challenge, body);
        }
        return;
      }
      default:
        this.#decline(row, challenge, entities.state[row] === DEAD ? no.targetDead : no.targetImmune);
    }
  }

  #accept(row: number, challenge: Challenge): void {
    const { entities } = this.#rows;
    const { challenger } = challenge;
    const dx = challenger.x - entities.x[row]!;
    const dy = challenger.y - entities.y[row]!;
    const reach = REACH_METERS + REACH_SLACK_METERS;
    if (dx * dx + dy * dy > reach * reach) {
      this.#decline(row, challenge, no.tooFar);
      return;
    }
    const fighters = [
      { side: 0, fighter: this.#describe(row) },
      { side: 1, fighter: challenger },
    ];
    if (!this.#open(row, { isAuto: false, host: entities.id[row]!, fighters })) {
      this.#decline(row, challenge, refusals.tooManyRooms);
    }
  }

  #letJoin(row: number, challenge: Challenge): void {
    const { challenger: fighter, room, roomCell, target } = challenge;
    if (!this.#context.owns(roomCell)) {
      this.#decline(row, challenge, no.battleOutOfReach);
      return;
    }
    const code = fighter.session === 0 ? 0 : this.#seat(room, fighter);
    if (code !== 0) {
      this.#decline(
        row,
        challenge,
        code === refusals.roomFull.code ? battleRefusals.battleFull : no.battleOutOfReach,
      );
      return;
    }
    const body = encodeJoin({ against: target, fighter }, this.#out);
    this.#context.actRoom(row, room, roomCell, actKinds.join, body);
  }

  #decline(row: number, challenge: Challenge, refusal: { readonly code: number }): void {
    const { entity, cell } = challenge.challenger;
    const body = encodeDeclined({ target: challenge.target, code: refusal.code }, this.#out);
    this.#context.act(row, entity, cell, actKinds.declined, body);
  }

  #onEngaged(row: number, act: Act, host: number): void {
    const { entities, room, leftRoom, leftUntil } = this.#rows;
    const state = entities.state[row];
    const isLate = leftRoom[row] === act.fromRoom && this.#context.tick < leftUntil[row]!;
    if (isLate && state !== ENGAGING) return;
    const isHere = state === BATTLE && room[row] === act.fromRoom;
    const isFree = state === FREE || state === CHASING || state === ENGAGING;
    if (isHere || isFree || this.#isUnsure(row)) {
      this.#enterBattle(row, act.fromRoom, act.fromCell, host);
    } else {
      this.#withdraw(row, act.fromRoom, act.fromCell);
    }
  }

  #isOutcomeOf(row: number, room: number): boolean {
    const state = this.#rows.entities.state[row];
    if (state === BATTLE && this.#rows.room[row] === room) return true;
    if (state === ENGAGING || !this.#isUnsure(row)) return false;
    return this.#rows.leftRoom[row] !== room;
  }

  /** Whether rooms know better than the row what it is doing. */
  #isUnsure(row: number): boolean {
    const { tick } = this.#context;
    if (tick < this.#rows.unsureUntil[row]!) return true;
    // Creatures come back from a checkpoint without a word to anybody.
    const isCreature = isCreatureId(this.#rows.entities.id[row]!);
    return isCreature && tick < (this.#bornTick ?? tick) + ticksOf(this.#context, SILENCE_SECONDS);
  }

  /** The member's entity is new here, or back: some room may count on it. */
  doubt(row: number): void {
    const { unsureUntil, leftRoom } = this.#rows;
    unsureUntil[row] = this.#context.tick + ticksOf(this.#context, SILENCE_SECONDS);
    leftRoom[row] = 0;
  }

  /** The first tick of the field. */
  begin(): void {
    this.#bornTick ??= this.#context.tick;
  }

  checkpoint(out: ByteWriter): void {
    out.u8(this.#bornTick === undefined ? 0 : 1).u32(this.#bornTick ?? 0);
  }

  restore(from: ByteReader): void {
    const hasBegun = from.u8() === 1;
    const tick = from.u32();
    if (hasBegun) this.#bornTick = tick;
  }

  #withdraw(row: number, roomId: number, cell: number): void {
    this.#context.actRoom(row, roomId, cell, actKinds.withdrawn, this.#out.clear().bytes());
  }

  #enterBattle(row: number, roomId: number, cell: number, host: number): void {
    const rows = this.#rows;
    setState(this.#context, rows, row, BATTLE, SILENCE_SECONDS);
    rows.room[row] = roomId;
    rows.roomCell[row] = cell;
    rows.roomHost[row] = host;
    rows.partner[row] = 0;
    rows.leftRoom[row] = 0;
    rows.unsureUntil[row] = 0;
  }

  // ---- ending ----------------------------------------------------------------------------------------------

  #onOutcome(row: number, roomId: number, outcome: Outcome): void {
    const { entities, room, leftRoom, leftUntil, unsureUntil } = this.#rows;
    const member = this.#context.memberAt(row);
    room[row] = 0;
    leftRoom[row] = roomId;
    leftUntil[row] = this.#context.tick + ticksOf(this.#context, LATE_SECONDS);
    unsureUntil[row] = 0;
    if (member === undefined) {
      const isDead = outcome.outcome === "lost";
      entities.health[row] = isDead ? 0 : 255;
      setState(
        this.#context,
        this.#rows,
        row,
        isDead ? DEAD : IMMUNE,
        isDead ? DEAD_SECONDS : IMMUNE_SECONDS,
      );
      return;
    }
    setState(this.#context, this.#rows, row, IMMUNE, IMMUNE_SECONDS);
    entities.health[row] = Math.max(outcome.health, HEALTH_LEFT_MIN);
    if (outcome.outcome === "lost") this.#sendToCommons(row, member);
  }

  #sendToCommons(row: number, member: FieldMember): void {
    const { entities } = this.#rows;
    const { x, y } = spawnPoint(this.#context.grid, member.entityId);
    entities.x[row] = x;
    entities.y[row] = y;
    entities.health[row] = 255;
    setWalk(this.#rows, row, 0, 0, 0);
  }

  /** The row's state has run out. */
  expire(row: number): void {
    const rows = this.#rows;
    const { entities } = rows;
    switch (entities.state[row]) {
      case ENGAGING:
        this.#standDown(row, no.noAnswer.code);
        return;
      case BATTLE:
        // Not withdrawn: a room that is still there, and was held up, has its fighter back when it calls.
        rows.room[row] = 0;
        setState(this.#context, rows, row, FREE);
        return;
      case DEAD:
        entities.x[row] = rows.homeX[row]!;
        entities.y[row] = rows.homeY[row]!;
        entities.health[row] = 255;
        setWalk(rows, row, 0, 0, 0);
        setState(this.#context, rows, row, FREE);
        return;
      case IMMUNE:
        setState(this.#context, rows, row, FREE);
    }
  }

  /** A challenge has come to nothing. */
  #standDown(row: number, code: number): void {
    const rows = this.#rows;
    rows.partner[row] = 0;
    const member = this.#context.memberAt(row);
    if (member === undefined) {
      setState(this.#context, rows, row, IMMUNE, REST_SECONDS);
      return;
    }
    setState(this.#context, rows, row, FREE);
    this.#context.refuse(member, rows.intentSeq[row]!, code, reasonOf(code));
  }

  #describe(row: number): FighterDescription {
    const { entities } = this.#rows;
    const member = this.#context.memberAt(row);
    return {
      entity: entities.id[row]!,
      session: member?.session ?? 0,
      cell: entities.cell[row]!,
      x: entities.x[row]!,
      y: entities.y[row]!,
      species: entities.kind[row]!,
      level: entities.level[row]!,
      look: entities.look[row]!,
      health: entities.health[row]!,
      name: member?.player.name ?? speciesOf(battleTables(this.#context), entities.kind[row]!).name,
      playerId: member?.player.playerId ?? "",
    };
  }
}

function imaginary({ id, name }: Species, level: number): FighterDescription {
  const nowhere = { entity: 0, session: 0, cell: 0, x: 0, y: 0 };
  return { ...nowhere, species: id, level, look: 0, health: 255, name, playerId: "" };
}

const reasons = new Map<number, string>(
  [...Object.values(no), ...Object.values(battleRefusals), refusals.tooManyRooms].map(({ code, reason }) => [
    code,
    reason,
  ]),
);

function reasonOf(code: number): string {
  return reasons.get(code) ?? "";
}
