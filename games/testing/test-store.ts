/** What survives a shard and a process: rows, the ledger, and what was granted and not taken yet. */
import type { Grant, LedgerChange, PlayerRow } from "../../engine/room/game.js";

export type WaitingGrant = Grant;

export class TestStore {
  readonly players = new Map<string, PlayerRow>();
  readonly ledger: (LedgerChange & { readonly playerId: string; readonly version: number })[] = [];
  readonly #waiting = new Map<string, WaitingGrant[]>();

  /** As first seen: what the ledger does not tell. */
  readonly opened = new Map<string, PlayerRow>();

  open(row: PlayerRow): void {
    if (this.opened.has(row.playerId)) return;
    this.opened.set(row.playerId, structuredClone(row));
    this.players.set(row.playerId, structuredClone(row));
  }

  /** A player's row, for somebody to own. */
  rowOf({ playerId }: PlayerRow): PlayerRow {
    return structuredClone(this.players.get(playerId)!);
  }

  save(row: PlayerRow, lines: readonly LedgerChange[]): void {
    this.players.set(row.playerId, row);
    for (const line of lines) this.ledger.push({ ...line, playerId: row.playerId, version: row.version });
  }

  give(playerId: string, grant: WaitingGrant): void {
    this.#waiting.set(playerId, [...this.waitingFor(playerId), grant]);
  }

  taken(playerId: string, grantId: string): void {
    const left = this.waitingFor(playerId).filter((grant) => grant.grantId !== grantId);
    if (left.length > 0) this.#waiting.set(playerId, left);
    else this.#waiting.delete(playerId);
  }

  waitingFor(playerId: string): readonly WaitingGrant[] {
    return this.#waiting.get(playerId) ?? [];
  }

  /** What the ledger says a player has gained since they were first seen: gold as item 0. */
  sumOf(playerId: string): Map<number, number> {
    const sum = new Map<number, number>();
    for (const line of this.ledger) {
      if (line.playerId !== playerId) continue;
      const { gold = 0, item = 0, count = 0 } = line;
      if (gold !== 0) sum.set(0, (sum.get(0) ?? 0) + gold);
      if (item !== 0) sum.set(item, (sum.get(item) ?? 0) + count);
    }
    return sum;
  }

  /** As text: bodies as lists of numbers. */
  checkpoint(): string {
    const waiting = [...this.#waiting].map(([playerId, grants]) => [
      playerId,
      grants.map((grant) => ({ ...grant, body: [...grant.body] })),
    ]);
    return JSON.stringify({
      opened: [...this.opened],
      players: [...this.players],
      ledger: this.ledger,
      waiting,
    });
  }

  restore(text: string): void {
    const { opened, players, ledger, waiting } = JSON.parse(text);
    for (const [playerId, row] of opened) this.opened.set(playerId, row);
    for (const [playerId, row] of players) this.players.set(playerId, row);
    this.ledger.push(...ledger);
    for (const [playerId, grants] of waiting) {
      for (const grant of grants) this.give(playerId, { ...grant, body: Uint8Array.from(grant.body) });
    }
  }
}
