/** What a store has of a journal: asked once it can be opened, before anything is applied to it. */
import { ByteReader } from "../engine/lane/bytes.js";
import { decodePlayer } from "../engine/player.js";
import type { DeadLetter, Store } from "./store.js";

export interface HeldPlayer {
  readonly playerId: string;
  /** The newest row among what was set aside; null when no whole row was. */
  readonly newest: { readonly version: number; readonly text: string } | null;
}

export interface StoreAsFound {
  /** Everything of the journal up to here is applied. */
  readonly applied: number;
  readonly held: readonly HeldPlayer[];
}

const PAGE = 1000;

/** Opens the store, and reads how far the journal is applied and whose rows are held back. Throws as the store does. */
export async function openFor(
  store: Store,
  journalId: string,
  heldPlayersMax: number,
): Promise<StoreAsFound> {
  await store.open();
  try {
    return await look(store, journalId, heldPlayersMax);
  } catch (error) {
    // It may be opened again once it has been closed.
    await store.close();
    throw error;
  }
}

async function look(store: Store, journalId: string, heldPlayersMax: number): Promise<StoreAsFound> {
  const applied = await store.appliedPosition(journalId);
  const held = new Map<string, HeldPlayer>();
  let after: DeadLetter | undefined;
  for (;;) {
    const page = await store.deadLetters(PAGE, after);
    for (const letter of page) if (letter.kind !== "battle") note(held, letter);
    after = page.at(-1);
    if (page.length < PAGE || held.size > heldPlayersMax) break;
  }
  return { applied, held: [...held.values()] };
}

function note(held: Map<string, HeldPlayer>, { kind, key, row }: DeadLetter): void {
  const known = held.get(key)?.newest ?? null;
  if (kind !== "player") {
    held.set(key, { playerId: key, newest: known });
    return;
  }
  const { version } = decodePlayer(new ByteReader(row));
  const isNewer = known === null || version >= known.version;
  const text = Buffer.from(row).toString("latin1");
  held.set(key, { playerId: key, newest: isNewer ? { version, text } : known });
}
