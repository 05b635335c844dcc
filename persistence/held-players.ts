/**
 * Players whose rows are held back behind a dead letter, and how that ends: while there are any, the letters are looked at
 * now and then, a page at a time, beside whatever else the store does.
 *
 * ```
 *   the refused row's letter is there          nothing happens: it is an operator's to mend
 *   only letters held back behind it are left  they are given to the store here, oldest first, and the look is repeated
 *   no letter is left                          the player is free, unless one was written since the look began
 * ```
 *
 * Giving a letter to the store twice changes nothing, so an operator may do the same at the same time. A player's rows all
 * go to letters until there are none, so nothing newer overtakes what a letter holds.
 */
import type { Log } from "../engine/log.js";
import { rowsOfLetter } from "./dead-letter.js";
import { type DeadLetter, type Store, StoreRejected, StoreUnavailable } from "./store.js";

/** Why a row that nothing is wrong with is in a letter. */
export const HELD_BACK = "held back: an earlier row of this player was set aside";

export const LOOK_MS = 10_000;
/** A look takes at most this share of the time. */
const LOOK_SHARE = 1 / 20;
const PAGE = 500;
/** Letters that one look gives to the store. */
const APPLIED_MAX = 1000;

const nobody: readonly string[] = [];

interface Look {
  readonly beganMs: number;
  /** Null while it goes on. */
  found: { readonly free: readonly string[]; readonly applied: number } | null;
}

export class HeldPlayers {
  readonly #store: Store;
  readonly #log: Log;
  readonly #wake: () => void;
  readonly #names = new Set<string>();
  /** Those of whom a letter was written since the look began. */
  readonly #touched = new Set<string>();
  /** Those of whose letters the store refuses one again: an operator's, too. */
  readonly #stuck = new Set<string>();
  #look: Look | null = null;
  #nextMs = 0;
  #mayAsk = true;
  /** An error of ours, to be thrown where the thread can die of it. */
  #bug: { readonly error: unknown } | null = null;

  constructor(options: { readonly store: Store; readonly log: Log; readonly wake: () => void }) {
    this.#store = options.store;
    this.#log = options.log;
    this.#wake = options.wake;
  }

  get size(): number {
    return this.#names.size;
  }

  add(playerId: string): void {
    this.#names.add(playerId);
  }

  /** A letter of theirs is in the store. */
  noteLetter(playerId: string): void {
    if (this.#look !== null) this.#touched.add(playerId);
  }

  /** Rows of theirs may go to the store again. */
  release(playerId: string): void {
    this.#names.delete(playerId);
    this.#stuck.delete(playerId);
  }

  /**
   * Begins a look when one is due and the store may be asked, and returns those of whom a look found no letter: they are to
   * be released unless rows of theirs are with the store at this moment.
   */
  duty(nowMs: number, mayAsk: boolean): readonly string[] {
    if (this.#bug !== null) throw this.#bug.error;
    this.#mayAsk = mayAsk;
    const look = this.#look;
    if (look === null) {
      if (this.#names.size === 0) this.#nextMs = nowMs + LOOK_MS;
      else if (mayAsk && nowMs >= this.#nextMs) this.#begin(nowMs);
      return nobody;
    }
    if (look.found === null) return nobody;
    const { free, applied } = look.found;
    this.#look = null;
    // Behind what was given to the store there may be nothing left.
    this.#nextMs =
      applied > 0 ? nowMs : nowMs + Math.max(LOOK_MS, Math.ceil((nowMs - look.beganMs) / LOOK_SHARE));
    return free.filter((playerId) => !this.#touched.has(playerId));
  }

  #begin(nowMs: number): void {
    const look: Look = { beganMs: nowMs, found: null };
    this.#look = look;
    this.#touched.clear();
    const end = (found: NonNullable<Look["found"]>) => {
      look.found = found;
      this.#wake();
    };
    this.#find([...this.#names]).then(end, (error: unknown) => {
      if (!(error instanceof StoreUnavailable)) this.#bug = { error };
      end({ free: nobody, applied: 0 });
    });
  }

  async #find(names: readonly string[]): Promise<NonNullable<Look["found"]>> {
    const letters = await this.#letters();
    const free: string[] = [];
    let applied = 0;
    for (const playerId of names) {
      const held = letters.get(playerId);
      if (held === undefined) free.push(playerId);
      else if (held !== null && !this.#stuck.has(playerId)) applied += await this.#apply(playerId, held);
    }
    if (applied > 0) this.#log.info("rows that were held back are applied", { letters: applied });
    return { free, applied };
  }

  /** Of everybody with a letter: those held back, oldest first; null when one is not for that reason. */
  async #letters(): Promise<ReadonlyMap<string, readonly DeadLetter[] | null>> {
    const letters = new Map<string, DeadLetter[] | null>();
    let room = APPLIED_MAX;
    let after: DeadLetter | undefined;
    for (;;) {
      this.#checkMayAsk();
      const page = await this.#store.deadLetters(PAGE, after);
      for (const letter of page) {
        if (letter.kind === "battle") continue;
        const known = letters.get(letter.key);
        if (letter.reason !== HELD_BACK) letters.set(letter.key, null);
        else if (known === undefined) letters.set(letter.key, room-- > 0 ? [letter] : []);
        else if (known !== null && room-- > 0) known.push(letter);
      }
      after = page.at(-1);
      if (page.length < PAGE) return letters;
    }
  }

  async #apply(playerId: string, letters: readonly DeadLetter[]): Promise<number> {
    let applied = 0;
    for (const letter of letters) {
      this.#checkMayAsk();
      try {
        await this.#store.applyBatch(rowsOfLetter(letter));
      } catch (error) {
        const isRefused =
          error instanceof StoreRejected || error instanceof RangeError || error instanceof TypeError;
        if (!isRefused) throw error;
        this.#stuck.add(playerId);
        const { journalId, position, key } = letter;
        this.#log.error("a row that was held back is refused, too", {
          key,
          letter: `${journalId} ${position}`,
          reason: error.message,
          remedy:
            "mend the table or the row, then gridshard db letters retry: docs/OPERATING.md, Dead letters",
        });
        return applied;
      }
      await this.#store.removeDeadLetter(letter);
      applied++;
    }
    return applied;
  }

  /** The store is away, or the server stops: what a look does not find now, a later one does. */
  #checkMayAsk(): void {
    if (!this.#mayAsk) throw new StoreUnavailable("the look at dead letters is given up");
  }
}
