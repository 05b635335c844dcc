import { test } from "node:test";
import type { RoomType } from "../engine/room/game.js";
import { assertContinuesFromCheckpoint, type Script } from "./determinism.js";
import { intents, walkingField } from "./walking-field.js";

/** A room that rolls its dice at every tick and timer, and keeps only their sum. */
const dicing: RoomType = {
  name: "tested",
  tickHz: 10,
  membersMax: 4,
  intents: [],
  onSocketLost: "stay",
  create: (context) => {
    let sum = 0;
    return {
      onCreate: () => context.setTimer(1, 7),
      onTick: () => {
        sum += context.chance();
        if (context.tick > 60) context.close();
      },
      onTimer: () => {
        sum += context.chanceBelow(6);
        context.setTimer(1, 1 + context.chanceBelow(9));
      },
      checkpoint: (out) => out.f64(sum),
      restore: (from) => {
        sum = from.f64();
      },
    };
  },
};

const script: Script = (rig, prng, tick) => {
  if (tick < 6) rig.join(tick + 1, prng.unit() * 40, prng.unit() * 20);
  const session = 1 + prng.below(6);
  const roll = prng.below(10);
  const [dx, dy] = [prng.below(255) - 127, prng.below(255) - 127];
  if (!rig.route.has(session)) return;
  if (roll < 4) rig.move(session, dx, dy);
  else if (roll === 4) rig.intent(session, intents.openRoom, tick);
  else if (roll === 5) rig.intent(session, intents.greet, tick);
};

test("[DT1] a shard restored from a checkpoint goes on exactly as the one it was taken from", () => {
  const seed = Number(process.env.GRIDSHARD_SEED ?? 17);
  for (let round = 0; round < 10; round++) {
    assertContinuesFromCheckpoint({ field: walkingField, rooms: [dicing] }, script, {
      seed: seed + round,
      ticks: 120,
    });
  }
});
