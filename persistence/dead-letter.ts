/** What a dead letter holds: a row, and behind it the lines of the ledger that came with it, each with a u32 length. */
import { ByteReader } from "../engine/lane/bytes.js";
import { decodeBattleResult, decodeLedger, decodePlayer, type LedgerRow } from "../engine/player.js";
import type { Batch, DeadLetter } from "./store.js";

/** The rows, to be given to the store again. Throws RangeError or TypeError when the bytes are no rows. */
export function rowsOfLetter({ kind, row }: Pick<DeadLetter, "kind" | "row">): Batch {
  const from = new ByteReader(row);
  switch (kind) {
    case "player": {
      const player = decodePlayer(from);
      return { players: [player], battleResults: [], ledger: linesBehind(from) };
    }
    case "battle":
      return { players: [], battleResults: [decodeBattleResult(from)] };
    case "ledger": {
      const first = decodeLedger(from);
      return { players: [], battleResults: [], ledger: [first, ...linesBehind(from)] };
    }
  }
}

function linesBehind(from: ByteReader): LedgerRow[] {
  const lines: LedgerRow[] = [];
  while (from.left() > 0) lines.push(decodeLedger(new ByteReader(from.blob())));
  return lines;
}
