/** Walks about in the open world, fights whoever is near or imaginary creatures, and notes what it is told of battles. */
import { Builder, ByteBuffer } from "flatbuffers";
import type { ReliableEvent } from "../../client/client.js";
import type { Prng } from "../../engine/prng.js";
import { refusals } from "../../engine/wire/codes.js";
import { eventScopes } from "../../engine/wire/message-types.js";
import { BattleOver } from "../../games/battle/generated/battle-over.js";
import { BattleStarted } from "../../games/battle/generated/battle-started.js";
import { LogEntries } from "../../games/battle/generated/log-entries.js";
import { battleEvents } from "../../games/battle/messages.js";
import { AutoBattle } from "../../games/open-world/generated/auto-battle.js";
import { Challenge } from "../../games/open-world/generated/challenge.js";
import { openWorldIntents } from "../../games/open-world/open-world.js";
import { CrashPlayer, type Witness } from "./crash-player.js";

const REACH_METERS = 5;
/** Intents that one player has on the way. */
const UNDER_WAY_MAX = 4;
/** The game's own refusals: it was busy, or too far. */
const GAME_CODES_MIN = 1000;

export interface BattleTold {
  readonly room: number;
  isStarted: boolean;
  /** Whether it has a place among the fighters. */
  isFighter: boolean;
  /** It was in another at the same time: it is withdrawn from one of them. */
  isDisplaced: boolean;
  lastLogTick: number;
  over: { readonly ticks: number; readonly winningSide: number; readonly experience: number } | null;
}

export class BattlePlayer extends CrashPlayer {
  readonly battles: BattleTold[] = [];
  /**
   * The battles it is in, by room: usually one. A field that is some seconds older than a battle, after a crash, may let
   * somebody begin another.
   */
  readonly #open = new Map<number, BattleTold>();
  #isFinishing = false;
  #looks = 0;
  #experience = 0;
  intentCount = 0;

  constructor(name: string, dice: Prng, witness: Witness) {
    super(name, dice, witness);
    this.client.on("roomJoined", ({ room }) => {
      if (this.#open.has(room)) this.wrong(`joined battle ${room} while in it`);
      if (this.battles.some((battle) => battle.room === room && battle.isFighter))
        this.wrong(`joined battle ${room} again`);
      const isDisplaced = this.#open.size > 0;
      for (const other of this.#open.values()) other.isDisplaced = true;
      const battle = {
        room,
        isStarted: false,
        isFighter: false,
        isDisplaced,
        lastLogTick: -1,
        over: null,
      };
      this.#open.set(room, battle);
      this.battles.push(battle);
    });
    this.client.on("playerChanged", ({ experience }) => {
      this.#experience = experience;
    });
    this.client.on("roomLeft", ({ room, code }) => {
      const battle = this.#open.get(room);
      if (battle === undefined) this.wrong(`left battle ${room}, which it was not in`);
      if (code !== 0) this.wrong(`left battle ${room} with code ${code}`);
      // Who came too late for a place is shown out again.
      if (battle?.over === null && battle.isFighter && !battle.isDisplaced)
        this.wrong(`left battle ${room} before it was over`);
      this.#open.delete(room);
    });
  }

  /** What the battles it has heard the end of have given. */
  get experienceOwed(): number {
    return this.battles.reduce((sum, { over }) => sum + (over?.experience ?? 0), 0);
  }

  play(): void {
    const { client } = this;
    if (client.entityId === 0 || client.state.kind !== "live") return;
    if (this.#looks++ % 20 === 0) client.move(this.dice.unit() * 2 - 1, this.dice.unit() * 2 - 1);
    if (this.#open.size > 0 || this.#isFinishing) return;
    if (client.stats().intentsWaiting >= UNDER_WAY_MAX || this.#looks % 10 !== 0) return;
    const near = this.#nearest();
    const builder = new Builder(32);
    if (near !== 0 && this.dice.below(2) === 0) {
      builder.finish(Challenge.createChallenge(builder, near));
      if (client.sendFieldIntent(openWorldIntents.challenge, builder.asUint8Array()) > 0) this.intentCount++;
      return;
    }
    builder.finish(AutoBattle.createAutoBattle(builder, 1, 1 + this.dice.below(2)));
    if (client.sendFieldIntent(openWorldIntents.autoBattle, builder.asUint8Array()) > 0) this.intentCount++;
  }

  #nearest(): number {
    const { world, entityId } = this.client;
    const self = world.entities.get(entityId);
    if (self === undefined) return 0;
    for (const other of world.entities.values()) {
      const distance = Math.hypot(other.x - self.x, other.y - self.y);
      if (other.id !== entityId && distance < REACH_METERS) return other.id;
    }
    return 0;
  }

  finish(): void {
    this.#isFinishing = true;
  }

  unfinished(): string {
    const { intentsKept } = this.client.stats();
    if (this.client.state.kind !== "live") return `${this.name} is ${this.client.state.kind}`;
    if (intentsKept > 0) return `${this.name} has ${intentsKept} intents that are not durable`;
    for (const { room, lastLogTick } of this.#open.values())
      return `${this.name} is in battle ${room}, at ${lastLogTick}`;
    // What a battle gives comes a moment after its end.
    const owed = this.experienceOwed;
    if (this.#experience >= owed) return "";
    return `${this.name} has ${this.#experience} of experience, and is to have ${owed}`;
  }

  protected onRefused(refused: {
    readonly intentSeq: number;
    readonly code: number;
    readonly reason: string;
  }): void {
    const { code, reason } = refused;
    const isGames = code >= GAME_CODES_MIN;
    if (!isGames && code !== refusals.tooFrequent.code && code !== refusals.noSuchEntity.code)
      this.wrong(`refused with ${code}: ${reason}`);
  }

  protected onEvent(event: ReliableEvent): void {
    if (event.scope !== eventScopes.room) return;
    const battle = this.#open.get(event.room);
    if (battle === undefined || battle.over !== null) {
      this.wrong(`event ${event.kind} of battle ${event.room}, which it is not in`);
      return;
    }
    if (event.kind === battleEvents.started) {
      battle.isStarted = true;
      battle.isFighter ||= this.#isAmong(BattleStarted.getRootAsBattleStarted(new ByteBuffer(event.body)));
      return;
    }
    if (!battle.isStarted) this.wrong(`event ${event.kind} of battle ${event.room} before its start`);
    if (event.kind === battleEvents.log) this.#onLog(battle, event.body);
    else {
      const over = BattleOver.getRootAsBattleOver(new ByteBuffer(event.body));
      const { room } = battle;
      if (battle.lastLogTick > over.ticks()) this.wrong(`battle ${room} ended before its log`);
      battle.over = {
        ticks: over.ticks(),
        winningSide: over.winningSide(),
        experience: over.experience(),
      };
    }
  }

  #isAmong(started: BattleStarted): boolean {
    for (let index = 0; index < started.fightersLength(); index++)
      if (started.fighters(index)?.entity() === this.client.entityId) return true;
    return false;
  }

  #onLog(battle: BattleTold, body: Uint8Array): void {
    const log = LogEntries.getRootAsLogEntries(new ByteBuffer(body));
    const tick = log.entries(0)?.tick() ?? -1;
    if (tick < battle.lastLogTick)
      this.wrong(`battle ${battle.room} tells of tick ${tick} behind ${battle.lastLogTick}`);
    battle.lastLogTick = tick;
  }
}
