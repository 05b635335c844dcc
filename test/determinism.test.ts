/** The reference games under the property every field and room must have. Games may not import shards, so it stands here. */
import { test } from "node:test";
import { creatureId } from "../engine/room/game.js";
import games from "../games/games.js";
import { autoBattleBody, challengeBody, useSkillBody } from "../games/testing/bodies.js";
import { assertContinuesFromCheckpoint, type Script } from "../shards/determinism.js";

const CELLS = 16;

/** People who walk, challenge whatever there is, fight by hand and by themselves. */
const script: Script = (rig, prng, tick) => {
  if (tick < 8) rig.join(tick + 1, prng.unit() * rig.grid.widthMeters, prng.unit() * rig.grid.heightMeters);
  const session = 1 + prng.below(8);
  const roll = prng.below(12);
  const [dx, dy] = [prng.below(255) - 127, prng.below(255) - 127];
  const target = prng.below(2) === 0 ? 1 + prng.below(8) : creatureId(prng.below(CELLS), 0);
  const [species, count, skill, side] = [1 + prng.below(5), 1 + prng.below(3), prng.below(6), prng.below(3)];
  if (!rig.route.has(session)) return;
  const room = [...rig.shards[0]!.rooms.values()].find((host) => host.members.has(session));
  if (roll < 5) rig.move(session, dx, dy);
  else if (roll < 7) rig.intent(session, 1, tick, challengeBody(target));
  else if (roll === 7) rig.intent(session, 2, tick, autoBattleBody(species, count));
  else if (roll < 11 && room !== undefined)
    rig.roomIntent(session, 0, room.roomId, 1, tick, useSkillBody(skill, side));
  else if (room !== undefined) rig.roomIntent(session, 0, room.roomId, 2, tick);
};

test("[DT2] the reference games go on exactly as before from a checkpoint restored elsewhere, battles included", () => {
  const seed = Number(process.env.GRIDSHARD_SEED ?? 23);
  const [field] = games.fields;
  for (let round = 0; round < 8; round++) {
    assertContinuesFromCheckpoint(
      {
        field: field!,
        rooms: games.rooms,
        tables: games.tables ?? [],
        widthCells: 4,
        heightCells: CELLS / 4,
        cellSizeMeters: 16,
      },
      script,
      { seed: seed + round, ticks: 400 },
    );
  }
});
