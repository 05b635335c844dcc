/** A battle: two sides, up to sixteen fighters, in real time. People give orders; everybody else plays by itself. */
import {
  type Act,
  ByteReader,
  ByteWriter,
  type Intent,
  type Room,
  type RoomContext,
  type RoomMember,
  type RoomType,
} from "../../engine/room/game.js";
import {
  ACT_BYTES,
  actKinds,
  battleGrants,
  encodeDeclined,
  encodeOutcome,
  encodeSpoils,
  type FighterDescription,
  type Outcome,
  readBattleOptions,
  readJoin,
  type Spoils,
} from "./acts.js";
import { BattleLog, LOG_FLED, LOG_JOINED, LOG_WITHDREW } from "./battle-log.js";
import {
  type Fight,
  isReady,
  isValidTarget,
  NONE,
  playTurn,
  tryToFlee,
  useSkill,
  weakestFoe,
} from "./combat.js";
import {
  CELL,
  ENTITY,
  EXPERIENCE,
  FIGHTING,
  Fighters,
  FLED,
  GOLD,
  LAST_ORDER,
  NEXT_ACTION,
  ORDER,
  ORDER_FLEE,
  ORDER_TARGET,
  READY,
  SESSION,
  SIDE,
  STATUS,
  WORDS,
} from "./fighters.js";
import { UseSkillSchema } from "./generated/battle-schema.js";
import {
  battleEvents,
  battleFrames,
  battleIntents,
  encodeBattleFrame,
  encodeBattleOver,
  encodeBattleStarted,
  readUseSkill,
} from "./messages.js";
import { battleRefusals } from "./refusals.js";
import { isInBattle, outcomeOf, resultRows, shareSpoils, sideThatWon } from "./spoils.js";
import {
  AUTO_TICKS_MAX,
  BATTLE_TICK_HZ,
  battleTables,
  FIGHTERS_MAX,
  HUMAN_TICKS_MAX,
  IDLE_TICKS,
} from "./tables.js";

/** How often a battle tells its fighters' fields that it goes on. A field frees who has heard nothing for longer. */
export const HEARTBEAT_TICKS = 5 * BATTLE_TICK_HZ;
/** An order for a skill that is not ready sooner than this is refused instead of kept. */
const ORDER_AHEAD_TICKS = 10;

/** Emptied before the hook that fills it ends, so all battles of a thread share it. */
const log = new BattleLog();
const out = new ByteWriter(ACT_BYTES);

class Battle implements Room {
  readonly #context: RoomContext;
  #fighters: Fighters;
  #isAuto = false;
  #host = 0;
  /** Something a frame shows has changed since the last. */
  #hasChanged = false;
  #isOver = false;

  constructor(context: RoomContext) {
    this.#context = context;
    this.#fighters = new Fighters(battleTables(context), 0);
  }

  get #tickMax(): number {
    return this.#isAuto ? AUTO_TICKS_MAX : HUMAN_TICKS_MAX;
  }

  onCreate(options: Uint8Array): void {
    const { isAuto, host, fighters } = readBattleOptions(new ByteReader(options));
    this.#isAuto = isAuto;
    this.#host = host;
    // Nobody joins an auto battle, so it needs no more room than it opens with.
    this.#fighters = new Fighters(this.#fighters.tables, isAuto ? fighters.length : FIGHTERS_MAX);
    for (const { side, fighter } of fighters) if (!this.#fighters.isFull) this.#add(side, fighter);
  }

  onJoin(member: RoomMember): void {
    this.#context.tell(member, battleEvents.started, this.#started());
    this.#hasChanged = true;
  }

  onReconnect(member: RoomMember): void {
    const index = this.#fighters.indexOfSession(member.session);
    if (index >= 0) this.#fighters.words[index * WORDS + LAST_ORDER] = this.#context.tick;
    this.#context.tell(member, battleEvents.started, this.#started());
    this.#hasChanged = true;
  }

  onLeave(member: RoomMember): void {
    const index = this.#fighters.indexOfSession(member.session);
    if (this.#isOver || index < 0 || !isInBattle(this.#fighters, index)) return;
    this.#takeOut(index, LOG_FLED);
    this.#sendOutcome(index, "fled");
  }

  onIntent(member: RoomMember, intent: Intent): void {
    const code =
      intent.kind === battleIntents.flee ? this.#orderFlight(member) : this.#orderSkill(member, intent.body);
    if (code !== undefined) this.#context.refuse(member, intent.seq, code.code, code.reason);
  }

  onAct(act: Act): void {
    if (this.#isOver) return;
    if (act.kind === actKinds.join) this.#join(readJoin(new ByteReader(act.body)));
    else if (act.kind === actKinds.withdrawn) this.#withdraw(act.fromEntity);
  }

  onTick(): void {
    const { tick } = this.#context;
    const fighters = this.#fighters;
    let fight: Fight | undefined;
    for (let index = 0; index < fighters.count; index++) {
      const at = index * WORDS;
      if (fighters.words[at + STATUS] !== FIGHTING || tick < fighters.words[at + NEXT_ACTION]!) continue;
      fight ??= { fighters, dice: this.#context, log, tick };
      this.#takeTurn(fight, index);
    }
    this.#flushLog();
    const winningSide = sideThatWon(fighters) ?? (tick >= this.#tickMax ? -1 : undefined);
    if (winningSide !== undefined) {
      this.#end(winningSide);
      return;
    }
    if (tick % HEARTBEAT_TICKS === 0) this.#sendHeartbeats();
    if (this.#hasChanged && !this.#isAuto) {
      this.#context.broadcast(battleFrames.state, encodeBattleFrame(fighters, tick));
    }
    this.#hasChanged = false;
  }

  checkpoint(to: ByteWriter): void {
    to.u8(this.#isAuto ? 1 : 0)
      .u8(this.#hasChanged ? 1 : 0)
      .u8(this.#isOver ? 1 : 0)
      .u32(this.#host);
    this.#fighters.checkpoint(to);
  }

  restore(from: ByteReader): void {
    this.#isAuto = from.u8() === 1;
    this.#hasChanged = from.u8() === 1;
    this.#isOver = from.u8() === 1;
    this.#host = from.u32();
    this.#fighters.restore(from);
  }

  // ---- turns -----------------------------------------------------------------------------------------------

  #takeTurn(fight: Fight, index: number): void {
    const { words } = fight.fighters;
    const at = index * WORDS;
    if (words[at + ORDER] === ORDER_FLEE) {
      words[at + ORDER] = 0;
      if (tryToFlee(fight, index)) this.#letGo(index);
    } else if (this.#isPlayedByPerson(index)) {
      this.#followOrder(fight, index);
    } else {
      playTurn(fight, index);
    }
  }

  #followOrder(fight: Fight, index: number): void {
    const { fighters, tick } = fight;
    const { words } = fighters;
    const at = index * WORDS;
    const order = words[at + ORDER]!;
    if (order === 0) {
      const foe = weakestFoe(fighters, index);
      if (tick - words[at + LAST_ORDER]! >= IDLE_TICKS && foe !== NONE) useSkill(fight, index, 0, foe);
      return;
    }
    const slot = order - 1;
    if (!isReady(fighters, index, slot, tick)) return;
    words[at + ORDER] = 0;
    const skill = fighters.skillAt(index, slot);
    // The one it was meant for may have fallen in the meantime.
    const meant = words[at + ORDER_TARGET]!;
    const other = skill.aim === "ally" ? index : weakestFoe(fighters, index);
    const target = isValidTarget(fighters, index, skill, meant) ? meant : other;
    if (target !== NONE) useSkill(fight, index, slot, target);
  }

  #isPlayedByPerson(index: number): boolean {
    const session = this.#fighters.words[index * WORDS + SESSION]! >>> 0;
    if (this.#isAuto || session === 0) return false;
    return this.#context.members.get(session)?.isSuspended === false;
  }

  // ---- orders ----------------------------------------------------------------------------------------------

  #orderFlight(member: RoomMember): { code: number; reason: string } | undefined {
    const index = this.#fighters.indexOfSession(member.session);
    if (index < 0) return battleRefusals.notFighting;
    if (this.#fighters.words[index * WORDS + STATUS] !== FIGHTING) return battleRefusals.outOfFight;
    this.#order(index, ORDER_FLEE, 0);
    return undefined;
  }

  #orderSkill(member: RoomMember, body: Uint8Array): { code: number; reason: string } | undefined {
    const fighters = this.#fighters;
    const { words } = fighters;
    const { skill: skillId, target } = readUseSkill(body);
    const index = fighters.indexOfSession(member.session);
    if (index < 0) return battleRefusals.notFighting;
    if (words[index * WORDS + STATUS] !== FIGHTING) return battleRefusals.outOfFight;
    if (this.#isAuto) return battleRefusals.autoBattle;
    const slot = fighters.slotOf(index, skillId);
    if (slot < 0) return battleRefusals.skillUnknown;
    if (!isValidTarget(fighters, index, fighters.skillAt(index, slot), target))
      return battleRefusals.targetInvalid;
    const soonest = Math.max(this.#context.tick, words[index * WORDS + NEXT_ACTION]!);
    if (words[index * WORDS + READY + slot]! - soonest > ORDER_AHEAD_TICKS)
      return battleRefusals.skillNotReady;
    this.#order(index, slot + 1, target);
    return undefined;
  }

  #order(index: number, order: number, target: number): void {
    const { words } = this.#fighters;
    words[index * WORDS + ORDER] = order;
    words[index * WORDS + ORDER_TARGET] = target;
    words[index * WORDS + LAST_ORDER] = this.#context.tick;
  }

  // ---- who is in it ----------------------------------------------------------------------------------------

  #add(side: number, fighter: FighterDescription): number {
    const { tick } = this.#context;
    // Those who began together do not all act in the same tick.
    const firstAction = tick + BATTLE_TICK_HZ + this.#context.chanceBelow(5);
    const index = this.#fighters.add(side, fighter, tick, firstAction);
    this.#sendEngaged(index);
    return index;
  }

  #join({ against, fighter }: { readonly against: number; readonly fighter: FighterDescription }): void {
    const fighters = this.#fighters;
    if (fighters.indexOf(fighter.entity) >= 0) return;
    const foe = fighters.indexOf(against);
    const isFoeUp = foe >= 0 && fighters.words[foe * WORDS + STATUS] === FIGHTING;
    const refusal = !isFoeUp
      ? battleRefusals.fighterGone
      : fighters.isFull
        ? battleRefusals.battleFull
        : undefined;
    if (refusal !== undefined) {
      const declined = encodeDeclined({ target: against, code: refusal.code }, out);
      this.#context.act(fighter.entity, fighter.cell, actKinds.declined, declined);
      this.#unseat(fighter.session);
      return;
    }
    const index = this.#add(1 - fighters.words[foe * WORDS + SIDE]!, fighter);
    log.add(this.#context.tick, index, 0, index, LOG_JOINED, 0);
    this.#context.tellAll(battleEvents.started, this.#started());
    this.#flushLog();
  }

  #withdraw(entity: number): void {
    const index = this.#fighters.indexOf(entity);
    if (index < 0) return;
    this.#takeOut(index, LOG_WITHDREW);
    this.#unseat(this.#fighters.words[index * WORDS + SESSION]! >>> 0);
  }

  #takeOut(index: number, flag: number): void {
    this.#fighters.words[index * WORDS + STATUS] = FLED;
    log.add(this.#context.tick, index, 0, index, flag, 0);
    this.#flushLog();
  }

  /** The fighter has got away: its field hears of it, and its player leaves. */
  #letGo(index: number): void {
    // Those who stay are told in order: what led to this, then that the member has left.
    this.#flushLog();
    this.#sendOutcome(index, "fled");
    this.#unseat(this.#fighters.words[index * WORDS + SESSION]! >>> 0);
  }

  #unseat(session: number): void {
    const member = this.#context.members.get(session);
    if (member !== undefined) this.#context.remove(member);
  }

  #end(winningSide: number): void {
    this.#isOver = true;
    const context = this.#context;
    const fighters = this.#fighters;
    const items = shareSpoils(fighters, winningSide, context);
    for (let index = 0; index < fighters.count; index++) {
      if (!isInBattle(fighters, index)) continue;
      const at = index * WORDS;
      const gains = {
        experience: fighters.words[at + EXPERIENCE]!,
        gold: fighters.words[at + GOLD]!,
        items: items.get(index) ?? [],
      };
      const outcome = outcomeOf(fighters, index, winningSide);
      this.#give(index, { outcome, ...gains });
      this.#sendOutcome(index, outcome);
      const member = context.members.get(fighters.words[at + SESSION]! >>> 0);
      const over = { winningSide, ticks: context.tick, ...gains };
      if (member !== undefined) context.tell(member, battleEvents.over, encodeBattleOver(over));
    }
    context.appendResult({
      battleId: context.newRowId(),
      roomType: battle.name,
      endedAtMs: context.wallMs,
      ticks: context.tick,
      winningSide,
      fighters: resultRows(fighters, winningSide),
    });
    context.close();
  }

  // ---- what others are told --------------------------------------------------------------------------------

  #started(): Uint8Array {
    return encodeBattleStarted({
      fighters: this.#fighters,
      isAuto: this.#isAuto,
      tick: this.#context.tick,
      tickMax: this.#tickMax,
    });
  }

  #flushLog(): void {
    if (log.count === 0) return;
    this.#hasChanged = true;
    if (this.#context.members.size > 0) this.#context.tellAll(battleEvents.log, log.take());
    else log.clear();
  }

  #sendHeartbeats(): void {
    for (let index = 0; index < this.#fighters.count; index++) {
      if (isInBattle(this.#fighters, index)) this.#sendEngaged(index);
    }
  }

  #sendEngaged(index: number): void {
    this.#send(index, actKinds.engaged, out.clear().u32(this.#host).bytes());
  }

  #sendOutcome(index: number, outcome: Outcome["outcome"]): void {
    const health = this.#fighters.healthShare(index);
    this.#send(index, actKinds.outcome, encodeOutcome({ outcome, health }, out));
  }

  /** For good: in the same tick as the result, and whoever the fighter's person is talking to by then. */
  #give(index: number, spoils: Spoils): void {
    const playerId = this.#fighters.playerIds[index]!;
    if (playerId === "" || spoils.outcome === "draw") return;
    const at = index * WORDS;
    const entityId = this.#fighters.words[at + ENTITY]! >>> 0;
    const to = { playerId, entityId, cell: this.#fighters.words[at + CELL]! };
    this.#context.grant(to, battleGrants.spoils, encodeSpoils(spoils, out));
  }

  #send(index: number, kind: number, body: Uint8Array): void {
    const at = index * WORDS;
    const entity = this.#fighters.words[at + ENTITY]! >>> 0;
    if (entity !== 0) this.#context.act(entity, this.#fighters.words[at + CELL]!, kind, body);
  }
}

export const battle: RoomType = {
  name: "battle",
  tickHz: BATTLE_TICK_HZ,
  membersMax: FIGHTERS_MAX,
  isDurable: true,
  onSocketLost: "stay",
  intents: [
    { kind: battleIntents.useSkill, name: "useSkill", schema: UseSkillSchema, perSecond: 8, burst: 16 },
    { kind: battleIntents.flee, name: "flee", schema: null, perSecond: 2, burst: 4 },
  ],
  create: (context) => new Battle(context),
};
