/**
 * Who is playing. The ticket of this browser's guest is in localStorage; a tab opened as a "new guest" keeps its own
 * in sessionStorage, so that two people can play side by side.
 */
import { fetchGuestTicket, TicketRefused } from "/lib/client/client.js";

const KEY = "gridshard.guest";
const TAB_KEY = "gridshard.tab-guest";

/** @typedef {{ ticket: string, playerId: string, name: string }} Guest */

const query = new URLSearchParams(location.search);

/** Whether this tab plays as somebody other than the browser's guest. */
export const isTabGuest = query.get("guest") === "new" || read(sessionStorage, TAB_KEY) !== undefined;
/** A name given in the address skips the prompt. */
export const nameInAddress = query.get("name")?.trim().slice(0, 20) || undefined;

const storage = isTabGuest ? sessionStorage : localStorage;
const key = isTabGuest ? TAB_KEY : KEY;

/** @returns {Guest | undefined} who played here last */
export function remembered() {
  return read(storage, key);
}

/** @param {string} name */
export async function signIn(name) {
  let guest;
  try {
    guest = await fetchGuestTicket(location.origin, name, remembered()?.ticket);
  } catch (error) {
    // A ticket of another server, or of one whose key is gone, is no reason not to play.
    if (!(error instanceof TicketRefused) || remembered() === undefined || error.status >= 429) throw error;
    guest = await fetchGuestTicket(location.origin, name);
  }
  storage.setItem(key, JSON.stringify(guest));
  return guest;
}

/** The ticket is no longer good: the next sign-in makes a new player. */
export function forget() {
  storage.removeItem(key);
}

/** Address of this page for somebody else. */
export function newGuestAddress() {
  return `${location.pathname}?guest=new`;
}

/**
 * @param {Storage} from
 * @param {string} name
 * @returns {Guest | undefined}
 */
function read(from, name) {
  try {
    const guest = JSON.parse(from.getItem(name) ?? "null");
    return typeof guest?.ticket === "string" && typeof guest?.name === "string" ? guest : undefined;
  } catch {
    // Storage that holds something else, or is forbidden, is as good as empty.
    return undefined;
  }
}
