/** Everything that people can do in the open world, by the dice. */
import type { Prng } from "../../engine/room/game.js";
import { battle } from "../battle/battle.js";
import { battleIntents } from "../battle/messages.js";
import { openWorld, openWorldIntents } from "../open-world/open-world.js";
import {
  autoBattleBody,
  challengeBody,
  dropItemBody,
  giveBody,
  noBody,
  playerOf,
  useSkillBody,
} from "./bodies.js";
import { itemIds } from "./shipped-ids.js";
import type { TestWorld, TestWorldOptions } from "./test-world.js";

/** People who come and go. */
export const SESSIONS = 12;
const KINDS = 17;

export function optionsOf(dice: Prng): TestWorldOptions {
  const size = { widthCells: 6, heightCells: 4 };
  return { field: openWorld, rooms: [battle], ...size, seed: dice.next(), shards: 1 + dice.below(3) };
}

/** One thing that happens from outside, made of numbers so that two worlds can be given the same. */
export interface Input {
  readonly what: number;
  readonly session: number;
  readonly a: number;
  readonly b: number;
  readonly roll: number;
}

export function anyInput(dice: Prng): Input {
  return {
    what: dice.below(KINDS),
    session: 1 + dice.below(SESSIONS),
    a: dice.below(256),
    b: dice.below(256),
    roll: dice.next(),
  };
}

export function apply(world: TestWorld, { what, session, a, b, roll }: Input): void {
  const { shard, member } = world.find(session) ?? {};
  if (shard === undefined || member === undefined) {
    const { widthMeters, heightMeters } = world.grid;
    const inventory = [
      { item: itemIds.potion, count: 1 + (b % 9) },
      { item: itemIds.jelly, count: 1 + (a % 99) },
    ];
    const player = playerOf(session, { gold: a * 10, level: 1 + (b % 20), inventory });
    const known = world.store.players.has(player.playerId) ? world.store.rowOf(player) : player;
    world.join(session, known, (a / 256) * widthMeters, (b / 256) * heightMeters);
    return;
  }
  switch (what) {
    case 0:
      world.leave(session);
      return;
    case 1:
      world.setSuspended(session, a < 128);
      return;
    case 2:
      world.intent(session, openWorldIntents.autoBattle, autoBattleBody(a % 8, b % 12));
      return;
    case 3:
      // Mostly what there is.
      world.intent(session, openWorldIntents.dropItem, dropItemBody(a < 240 ? roll % 7 : roll & 0xffff));
      return;
    case 4:
      world.intent(session, openWorldIntents.usePotion, noBody);
      return;
    case 5:
      world.intent(session, openWorldIntents.challenge, challengeBody(roll >>> (a % 32)));
      return;
    case 6:
    case 7:
      world.roomIntent(session, battleIntents.useSkill, useSkillBody(a % 12, b % 4));
      return;
    case 8:
      if (a < 64) world.roomIntent(session, battleIntents.flee, noBody);
      return;
    case 9:
    case 10:
    case 11:
      // Somebody real: the nearest few in id order.
      challengeNear(world, session, a);
      return;
    case 14:
    case 15:
    case 16:
      giveNear(world, { what, session, a, b, roll });
      return;
    default:
      world.move(session, (a % 255) - 127, (b % 255) - 127);
  }
}

function challengeNear(world: TestWorld, session: number, a: number): void {
  const { shard, member } = world.find(session)!;
  const { x, y, id } = shard.entities;
  const around = new Int32Array(16);
  const count = shard.near(x[member.row]!, y[member.row]!, 8, around);
  if (count > 0) world.intent(session, openWorldIntents.challenge, challengeBody(id[around[a % count]!]!));
}

/** To the nearest few in id order, who may be creatures: gold, things, or nonsense. */
function giveNear(world: TestWorld, { session, a, b, roll }: Input): void {
  const { shard, member } = world.find(session)!;
  const { x, y, id } = shard.entities;
  const around = new Int32Array(16);
  const count = shard.near(x[member.row]!, y[member.row]!, 8, around);
  const entity = count > 0 ? id[around[a % count]!]! : roll;
  const gift =
    b < 96
      ? { gold: roll % 500 }
      : b < 240
        ? { item: roll % 7, count: a % 40 }
        : { item: 1, count: a, gold: b };
  world.intent(session, openWorldIntents.give, giveBody(entity, gift), 1 + (roll & 0xff));
}
