/** Bodies of intents, as a client would build them, and people to send them. */
import { Builder } from "flatbuffers";
import type { PlayerRow } from "../../engine/room/game.js";
import type { FighterDescription } from "../battle/acts.js";
import { UseSkill } from "../battle/generated/use-skill.js";
import { battleTables, speciesOf } from "../battle/tables.js";
import { AutoBattle } from "../open-world/generated/auto-battle.js";
import { Challenge } from "../open-world/generated/challenge.js";
import { DropItem } from "../open-world/generated/drop-item.js";
import { Give } from "../open-world/generated/give.js";
import { testTable } from "./test-tables.js";

function finished(build: (builder: Builder) => number): Uint8Array {
  const builder = new Builder(64);
  builder.finish(build(builder));
  return builder.asUint8Array();
}

export const noBody = new Uint8Array(0);

export function useSkillBody(skill: number, target: number): Uint8Array {
  return finished((builder) => UseSkill.createUseSkill(builder, skill, target));
}
export function challengeBody(entity: number): Uint8Array {
  return finished((builder) => Challenge.createChallenge(builder, entity));
}
export function autoBattleBody(species: number, count: number): Uint8Array {
  return finished((builder) => AutoBattle.createAutoBattle(builder, species, count));
}
export function dropItemBody(item: number): Uint8Array {
  return finished((builder) => DropItem.createDropItem(builder, item));
}

export function giveBody(
  entity: number,
  gift: { readonly item?: number; readonly count?: number; readonly gold?: number },
): Uint8Array {
  const { item = 0, count = 0, gold = 0 } = gift;
  return finished((builder) => Give.createGive(builder, entity, item, count, gold));
}

export function playerOf(session: number, more: Partial<PlayerRow> = {}): PlayerRow {
  const playerId = session.toString(16).padStart(32, "0");
  const place = { x: -1, y: -1, version: 0 };
  const fresh = { level: 1, experience: 0, gold: 0, inventory: [] };
  return { playerId, name: `player ${session}`, ...fresh, ...place, ...more };
}

/** A person with this session number, or (session 0) a creature. */
export function fighterOf(
  session: number,
  species: number,
  level = 1,
  more: Partial<FighterDescription> = {},
): FighterDescription {
  const person = { name: `player ${session}`, playerId: session.toString(16).padStart(32, "0") };
  const creature = { name: speciesOf(battleTables(testTable), species).name, playerId: "" };
  const who = session === 0 ? creature : person;
  const place = { entity: session, cell: 0, x: 0, y: 0, look: 0, health: 255 };
  return { session, species, level, ...place, ...who, ...more };
}

/** Seed of a randomised test: GRIDSHARD_SEED to replay one, else fresh. Printed, so that a failure can be repeated. */
export function testSeed(fresh: () => number, say: (text: string) => void): number {
  const given = process.env.GRIDSHARD_SEED;
  const seed = given === undefined ? fresh() : Number.parseInt(given, 10);
  say(`GRIDSHARD_SEED=${seed}`);
  return seed;
}
