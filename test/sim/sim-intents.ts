/** What players of the simulation can ask for. */
import type { IntentSpec } from "../../engine/room/game.js";
import { intents as walkingIntents } from "../../shards/walking-field.js";

export const fieldIntents = {
  ...walkingIntents,
  earn: 5,
  tell: 6,
  joinRoom: 7,
  openBriefRoom: 8,
  openLastingRoom: 9,
  joinLastingRoom: 10,
} as const;
/** Of rooms that end with their thread. */
export const roomIntents = { count: 1, leave: 2, fail: 3, close: 4, tellAll: 5 } as const;
/** Of durable rooms. */
export const lastingIntents = {
  note: 1,
  noteToAll: 2,
  wake: 3,
  timer: 4,
  grant: 5,
  refuse: 6,
  leave: 7,
  close: 8,
  fail: 9,
} as const;

/** Kinds without a body, as often as one likes. */
export function specs(
  kinds: Readonly<Record<string, number>>,
  durable: readonly number[] = [],
): IntentSpec[] {
  return Object.entries(kinds).map(([name, kind]) => ({
    kind,
    name,
    schema: null,
    perSecond: 1000,
    burst: 1000,
    isDurable: durable.includes(kind),
  }));
}
