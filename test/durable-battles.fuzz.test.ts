/** The shipped rooms under the property every durable room must have. Games may not import shards, so it stands here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { creatureId } from "../engine/room/game.js";
import games from "../games/games.js";
import { autoBattleBody, challengeBody, useSkillBody } from "../games/testing/bodies.js";
import { type Input, runSeeds } from "../shards/deaths.js";

const SESSIONS = 6;
const CELLS = 16;

/** People who walk, challenge whatever there is, fight by hand and by themselves, and flee. */
const input: Input = ({ rig, truth }, prng, seq) => {
  const session = 1 + prng.below(SESSIONS);
  const roll = prng.below(12);
  const [dx, dy] = [prng.below(255) - 127, prng.below(255) - 127];
  const target = prng.below(2) === 0 ? 1 + prng.below(SESSIONS) : creatureId(prng.below(CELLS), 0);
  const [species, count, skill, side] = [1 + prng.below(5), 1 + prng.below(3), prng.below(6), prng.below(3)];
  const roomId = [...truth.seats].find(([, seats]) => seats.has(session))?.[0];
  if (roll < 2) rig.move(session, dx, dy);
  else if (roll < 4) rig.intent(session, 1, seq, challengeBody(target));
  else if (roll < 6) rig.intent(session, 2, seq, autoBattleBody(species, count));
  else if (roomId === undefined) return;
  else if (roll < 11) rig.roomIntent(session, roomId >>> 26, roomId, 1, seq, useSkillBody(skill, side));
  else rig.roomIntent(session, roomId >>> 26, roomId, 2, seq);
};

test("[DR1] [DR2] [DR3] battles live on through any death, do again what they did, and tell each event by its number", () => {
  const { GRIDSHARD_SEED } = process.env;
  const sum = runSeeds(
    { first: Number(GRIDSHARD_SEED ?? 1), count: GRIDSHARD_SEED === undefined ? 25 : 1, steps: 240 },
    {
      options: {
        shards: 2,
        field: games.fields[0]!,
        rooms: games.rooms,
        tables: games.tables ?? [],
        widthCells: 4,
        heightCells: CELLS / 4,
        cellSizeMeters: 16,
        entitiesMax: 256,
      },
      sessions: SESSIONS,
      input,
    },
  );
  if (GRIDSHARD_SEED !== undefined) return;
  assert.ok(sum.deaths > 200 && sum.rooms > 200 && sum.toldAgain > 300, "it was put to the test");
});
