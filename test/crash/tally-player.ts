/**
 * Plays games/testing/durable-game: earns gold in the field, adds up in tallies, and knows what every number must be.
 * Its earnings are 1, 2, 3 … and so are the numbers it adds, so that one that is lost, doubled or overtaken is seen.
 */
import type { ReliableEvent } from "../../client/client.js";
import type { Prng } from "../../engine/prng.js";
import { refusals } from "../../engine/wire/codes.js";
import { eventScopes } from "../../engine/wire/message-types.js";
import {
  addBody,
  durableFieldIntents,
  earnBody,
  joinTallyBody,
  readBeatEvent,
  readSumEvent,
  type SumEvent,
  tallyEvents,
  tallyIntents,
} from "../../games/testing/durable-game.js";
import { CrashPlayer, type Witness } from "./crash-player.js";

/** Intents that one player has on the way. */
const UNDER_WAY_MAX = 12;

/** What a member has been told of a tally. */
export interface TallySeen {
  readonly room: number;
  isOver: boolean;
  count: number;
  sum: number;
  /** Newest n of each session. */
  readonly added: Map<number, number>;
  /** What the player itself has added. */
  readonly own: { count: number; sum: number };
  lastBeat: number;
  /** roll by tick, to be compared between members. */
  readonly rolls: Map<number, number>;
  /** Whether the stand was told, so that what follows can be checked. */
  isKnown: boolean;
}

const endedCodes: ReadonlySet<number> = new Set([refusals.notInRoom.code, refusals.roomClosed.code]);

interface Sent {
  readonly kind: "earn" | "add" | "other";
  readonly n: number;
}

export class TallyPlayer extends CrashPlayer {
  /** What each intent was, by number. */
  readonly #sent = new Map<number, Sent>();
  /** Code by number. What a server forgot may be judged anew by its successor. */
  readonly #refused = new Map<number, number>();
  /** Refused since the last Welcome. */
  readonly #refusedAgain = new Set<number>();
  /** Numbers of the intents that add, by room and n. */
  readonly #adds = new Map<string, number>();
  readonly #partnersOf: (player: TallyPlayer) => readonly TallyPlayer[];
  readonly #doThreadsDie: boolean;
  readonly tallies = new Map<number, TallySeen>();
  /** The tally it is in; 0: none. */
  room = 0;
  #earned = 0;
  #added = 0;
  #isFinishing = false;
  #gold = 0;
  /** An intent to open or join is on its way. */
  #seeking = 0;
  /** The intent that ends the tally it is in, on its way or settled. */
  #ending = 0;
  /** The rooms in which it has added something and heard the end of. */
  readonly talliesOver: number[] = [];
  /** Gold that the tallies it was in have granted it. */
  tallyGold = 0;
  /** How many of its numbers the tallies that are over have told of. */
  addsTold = 0;

  constructor(
    name: string,
    dice: Prng,
    witness: Witness,
    options: {
      /** Everybody else who could be in a tally with a player. */
      readonly partnersOf: (player: TallyPlayer) => readonly TallyPlayer[];
      /** Single threads die, so that what was on its way is refused, and nothing is earned beside tallies. */
      readonly doThreadsDie?: boolean;
    },
  ) {
    super(name, dice, witness);
    this.#partnersOf = options.partnersOf;
    this.#doThreadsDie = options.doThreadsDie === true;
    this.client.on("welcome", () => this.#refusedAgain.clear());
    this.client.on("playerChanged", ({ gold }) => {
      this.#gold = gold;
    });
    this.client.on("roomJoined", ({ room, roomType }) => {
      if (roomType !== "tally") return;
      if (this.room !== 0) this.wrong(`joined room ${room} while in ${this.room}`);
      this.room = room;
      this.#seeking = 0;
      this.#ending = 0;
      this.#added = 0;
      this.tallies.set(room, {
        room,
        isOver: false,
        count: 0,
        sum: 0,
        added: new Map(),
        own: { count: 0, sum: 0 },
        lastBeat: 0,
        rolls: new Map(),
        isKnown: false,
      });
    });
    this.client.on("roomLeft", ({ room, code }) => {
      if (room !== this.room) this.wrong(`left room ${room}, and was in ${this.room}`);
      if (code !== 0) this.wrong(`left room ${room} with code ${code}`);
      if (this.tallies.get(room)?.isOver !== true) this.wrong(`left room ${room} before it was over`);
      this.room = 0;
    });
  }

  /** Earnings that were not refused, in the order they were sent. */
  get earnings(): number[] {
    return this.#settledOf("earn");
  }

  #settledOf(kind: Sent["kind"]): number[] {
    return [...this.#sent]
      .filter(([seq, sent]) => sent.kind === kind && !this.#refused.has(seq))
      .map(([, { n }]) => n);
  }

  /** What it must have in the end. */
  get goldOwed(): number {
    return this.earnings.reduce((sum, n) => sum + n, 0) + this.tallyGold;
  }

  /** How many of its numbers were not refused. */
  get addCount(): number {
    return this.#settledOf("add").length;
  }

  get intentCount(): number {
    return this.#sent.size;
  }

  play(): void {
    const { client } = this;
    if (client.entityId === 0) return;
    // What was on its way to a thread that died is refused: the end has to be asked for again.
    if (this.#isFinishing && this.room !== 0 && this.#ending === 0) this.endTally();
    while (client.stats().intentsWaiting < UNDER_WAY_MAX) {
      if (this.#isFinishing && this.room === 0) return;
      if (this.room === 0 && this.#seeking === 0) this.#seek();
      else if (this.room !== 0 && this.#mayAdd()) {
        const n = this.#added + 1;
        const seq = this.#send("add", n, client.sendRoomIntent(this.room, tallyIntents.add, addBody(n)));
        if (seq === 0) return;
        this.#added = n;
      } else {
        if (this.#isFinishing || this.#doThreadsDie) return;
        const n = this.#earned + 1;
        const seq = this.#send("earn", n, client.sendFieldIntent(durableFieldIntents.earn, earnBody(n)));
        if (seq === 0) return;
        this.#earned = n;
      }
    }
  }

  #mayAdd(): boolean {
    return (
      !this.#isFinishing &&
      this.tallies.get(this.room)?.isOver === false &&
      (this.#doThreadsDie || this.dice.below(3) === 0)
    );
  }

  #seek(): void {
    const open = this.#partnersOf(this).find((other) => other.room !== 0 && other.isOpenToOthers());
    const seq =
      open === undefined
        ? this.client.sendFieldIntent(durableFieldIntents.openTally)
        : this.client.sendFieldIntent(durableFieldIntents.joinTally, joinTallyBody(open.room));
    this.#seeking = this.#send("other", 0, seq);
  }

  isOpenToOthers(): boolean {
    return this.tallies.get(this.room)?.isOver === false;
  }

  #send(kind: Sent["kind"], n: number, seq: number): number {
    if (seq > 0) this.#sent.set(seq, { kind, n });
    if (seq > 0 && kind === "add") this.#adds.set(`${this.room}:${n}`, seq);
    return seq;
  }

  finish(): void {
    this.#isFinishing = true;
  }

  /** Asks the tally to end: it is over twenty ticks later. */
  endTally(): void {
    if (this.room === 0) return;
    this.#ending = this.#send("other", 0, this.client.sendRoomIntent(this.room, tallyIntents.finish));
  }

  unfinished(): string {
    const { intentsKept } = this.client.stats();
    if (this.client.state.kind !== "live") return `${this.name} is ${this.client.state.kind}`;
    if (intentsKept > 0) return `${this.name} has ${intentsKept} intents that are not durable`;
    if (this.room !== 0) return `${this.name} is in room ${this.room}`;
    // What a tally grants comes a moment after its end.
    const owed = this.goldOwed;
    return this.#gold === owed ? "" : `${this.name} has ${this.#gold} of gold, and is to have ${owed}`;
  }

  protected onRefused(refused: {
    readonly intentSeq: number;
    readonly code: number;
    readonly reason: string;
  }): void {
    const { intentSeq, code, reason } = refused;
    const sent = this.#sent.get(intentSeq);
    if (sent === undefined) this.wrong(`refused ${intentSeq}, which was never sent`);
    if (this.#refusedAgain.has(intentSeq))
      this.wrong(
        `refused ${sent?.kind} ${intentSeq} twice, with ${this.#refused.get(intentSeq)} and ${code}`,
      );
    // The tally may end before it takes what was sent to it last.
    const isLostWithThread = this.#doThreadsDie && code === refusals.notAlive.code;
    const mayBe =
      sent?.kind === "other" || (sent?.kind === "add" && (endedCodes.has(code) || isLostWithThread));
    if (!mayBe) this.wrong(`refused ${sent?.kind} ${sent?.n} with ${code}: ${reason}`);
    this.#refused.set(intentSeq, code);
    this.#refusedAgain.add(intentSeq);
    if (intentSeq === this.#seeking) this.#seeking = 0;
    if (intentSeq === this.#ending) this.#ending = 0;
  }

  protected onEvent(event: ReliableEvent): void {
    if (event.scope !== eventScopes.room) return;
    const seen = this.tallies.get(event.room);
    if (seen === undefined || seen.isOver) {
      this.wrong(`event ${event.kind} of room ${event.room}, which it is not in`);
      return;
    }
    switch (event.kind) {
      case tallyEvents.welcome:
        this.#onStand(seen, readSumEvent(event.body));
        return;
      case tallyEvents.sum:
        this.#onSum(seen, readSumEvent(event.body));
        return;
      case tallyEvents.beat:
        this.#onBeat(seen, readBeatEvent(event.body));
        return;
      default: {
        const { count, sum } = readSumEvent(event.body);
        if (count !== seen.count || sum !== seen.sum)
          this.wrong(`over with ${count} adding up to ${sum}, and was told of ${seen.count} and ${seen.sum}`);
        seen.isOver = true;
        this.addsTold += seen.own.count;
        this.tallyGold += seen.own.sum;
        this.talliesOver.push(seen.room);
      }
    }
  }

  #onStand(seen: TallySeen, stand: SumEvent): void {
    if (seen.isKnown && (stand.count !== seen.count || stand.sum !== seen.sum))
      this.wrong(`stand ${stand.count}, ${stand.sum}, and was told of ${seen.count}, ${seen.sum}`);
    seen.isKnown = true;
    seen.count = stand.count;
    seen.sum = stand.sum;
  }

  #onSum(seen: TallySeen, { count, sum, session, n }: SumEvent): void {
    if (count !== seen.count + 1 || sum !== seen.sum + n)
      this.wrong(`sum ${count}, ${sum} by ${n}, behind ${seen.count}, ${seen.sum}`);
    const isOwn = session === this.client.welcome?.session;
    const before = seen.added.get(session) ?? (isOwn ? 0 : n - 1);
    if (n !== before + 1 && !(this.#doThreadsDie && n > before))
      this.wrong(`session ${session} added ${n} behind ${before}`);
    if (isOwn) {
      seen.own.count++;
      seen.own.sum += n;
      this.#refused.delete(this.#adds.get(`${seen.room}:${n}`) ?? 0);
    }
    seen.count = count;
    seen.sum = sum;
    seen.added.set(session, n);
  }

  #onBeat(seen: TallySeen, { tick, roll }: { readonly tick: number; readonly roll: number }): void {
    if (seen.lastBeat > 0 && tick !== seen.lastBeat + 10) this.wrong(`beat ${tick} behind ${seen.lastBeat}`);
    seen.lastBeat = tick;
    seen.rolls.set(tick, roll);
    for (const other of this.#partnersOf(this)) {
      const heard = other.tallies.get(seen.room)?.rolls.get(tick);
      if (heard !== undefined && heard !== roll)
        this.wrong(`room ${seen.room} rolled ${roll} at ${tick}, and ${heard} for ${other.name}`);
    }
  }
}
