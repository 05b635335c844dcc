/** Every kind of reliable intent the loaded games understand, ready to be checked: verifier and token bucket. */
import type { IntentSpec } from "../engine/room/game.js";
import type { GameCatalogue } from "../engine/room/load-games.js";
import { compileVerifier, type Verifier } from "../engine/wire/verifier.js";
import { engineRates } from "./limits.js";
import { type Rate, RateLimits } from "./rate-limit.js";

export interface IntentCheck {
  readonly spec: IntentSpec;
  /** null: there is no body. */
  readonly verify: Verifier | null;
  /** Index of its bucket. */
  readonly bucket: number;
}

/** By kind. */
export type IntentCatalogue = ReadonlyMap<number, IntentCheck>;

/** Buckets of what the engine understands. */
export const buckets = { move: 0, eventAck: 1, ping: 2, strayRoomIntent: 3, repeatedIntent: 4 } as const;

export interface IntentChecks {
  readonly field: IntentCatalogue;
  readonly rooms: ReadonlyMap<string, IntentCatalogue>;
  readonly limits: RateLimits;
}

export function compileIntents(games: GameCatalogue): IntentChecks {
  const rates: Rate[] = [
    engineRates.move,
    engineRates.eventAck,
    engineRates.ping,
    engineRates.strayRoomIntent,
    engineRates.repeatedIntent,
  ];
  const compile = (specs: readonly IntentSpec[]): IntentCatalogue =>
    new Map(
      specs.map((spec) => {
        const bucket = rates.push({ perSecond: spec.perSecond, burst: spec.burst }) - 1;
        const verify = spec.schema === null ? null : compileVerifier(spec.schema);
        return [spec.kind, { spec, verify, bucket }];
      }),
    );
  const field = compile(games.field.intents);
  const rooms = new Map([...games.rooms].map(([name, room]) => [name, compile(room.intents)]));
  return { field, rooms, limits: new RateLimits(rates) };
}
