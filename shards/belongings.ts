/**
 * What the players of a shard own, on its way to the journal: rows, the lines of the ledger that explain how they
 * changed, things granted and things taken. What belongs together is handed over within one tick, and so kept together
 * or not at all.
 */
import type { GrantRecord } from "../engine/lane/to-store.js";
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import type { GrantReceiver, LedgerChange } from "../engine/room/game.js";
import { checkGrant, GRANTS_TAKEN_MAX } from "./grants.js";
import type { Member } from "./member.js";
import type { Outlet } from "./outlet.js";

/** Lines that may wait for a member's next save. */
const LINES_MAX = 64;
const REASON_LENGTH_MAX = 32;
const ITEM_MAX = 0xffff;

export class Belongings {
  readonly #outlet: Outlet;
  readonly #counters: Counters;
  readonly #idSuffix: string;
  /** Wall time of the tick being made. */
  wallMs = 0;
  /** Grants given by this shard since it began. */
  granted = 0;

  constructor(options: {
    readonly shard: number;
    readonly incarnation: number;
    readonly outlet: Outlet;
    readonly counters: Counters;
  }) {
    this.#outlet = options.outlet;
    this.#counters = options.counters;
    this.#idSuffix = hexOf(options.shard, 4) + hexOf(options.incarnation, 8);
  }

  /** Raises the version and hands over the row with the lines that belong to it. */
  save(member: Member): void {
    const { player, lines } = member;
    player.version++;
    this.#outlet.player(player);
    for (let line = 0; line < lines.length; line++) {
      const { reason, gold = 0, item = 0, count = 0 } = lines[line]!;
      const { playerId, version } = player;
      this.#outlet.ledger({ playerId, version, line, atMs: this.wallMs, reason, gold, item, count });
    }
    if (lines.length === 0) return;
    this.#counters.add(shardMetric.ledger_lines_total, lines.length);
    lines.length = 0;
  }

  /** @throws Error for a line that no ledger could hold: the game's bug */
  book(member: Member, change: LedgerChange): void {
    const { reason, gold = 0, item = 0, count = 0 } = change;
    if (reason.length === 0 || reason.length > REASON_LENGTH_MAX)
      throw new Error(`book: got the reason "${reason}", want 1 to ${REASON_LENGTH_MAX} characters`);
    if (!Number.isSafeInteger(gold)) throw new Error(`book: got ${gold} gold, want a whole number`);
    if (!Number.isInteger(item) || item < 0 || item > ITEM_MAX)
      throw new Error(`book: got item ${item}, want 0 to ${ITEM_MAX}`);
    if ((count | 0) !== count)
      throw new Error(`book: got a count of ${count}, want a whole number of 32 bits`);
    if (member.lines.length >= LINES_MAX)
      throw new Error(`book: ${LINES_MAX} lines wait for a save of this member already`);
    member.lines.push({ reason, gold, item, count });
  }

  /** Writes a grant down and returns its id. @throws Error for what no player could be given: the game's bug */
  grant(to: GrantReceiver, kind: number, body: Uint8Array): string {
    checkGrant(to, body);
    this.granted = (this.granted + 1) >>> 0;
    const grantId = hexOf(this.wallMs, 12) + this.#idSuffix + hexOf(this.granted, 8);
    this.#outlet.grant({ grantId, playerId: to.playerId, kind, fromRoom: 0, body });
    this.#counters.add(shardMetric.grants_total);
    return grantId;
  }

  /**
   * Notes that a member has taken a grant; false when it has before. What the grant did is to be saved in the same
   * tick: {@link save}.
   */
  take(member: Member, grant: Pick<GrantRecord, "grantId">): void {
    const { grantsTaken } = member;
    grantsTaken.push(grant.grantId);
    if (grantsTaken.length > GRANTS_TAKEN_MAX) grantsTaken.shift();
    this.#outlet.granted({ grantId: grant.grantId, playerId: member.player.playerId });
    this.#counters.add(shardMetric.grants_taken_total);
  }
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
