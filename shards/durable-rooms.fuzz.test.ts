import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../engine/lane/bytes.js";
import { toShard } from "../engine/lane/to-shard.js";
import { type Input, runSeeds } from "./deaths.js";
import { durableRoom, fieldKinds, givingField, roomKinds } from "./durable-game.js";

const SESSIONS = 5;

const input: Input = ({ rig, truth }, prng, seq) => {
  const session = 1 + prng.below(SESSIONS);
  const rooms = [...truth.seats.keys()];
  const roomId = rooms[prng.below(Math.max(1, rooms.length))];
  if (roomId === undefined || prng.below(12) === 0) {
    rig.intent(session, fieldKinds.open, seq);
    return;
  }
  const shard = roomId >>> 26;
  const inIt = [...(truth.seats.get(roomId) ?? [])];
  const member = inIt[prng.below(Math.max(1, inIt.length))] ?? session;
  switch (prng.below(8)) {
    case 0:
      rig.intent(session, fieldKinds.join, seq, new ByteWriter().u32(roomId).bytes());
      return;
    case 1:
      rig.intent(
        session,
        fieldKinds.poke,
        seq,
        new ByteWriter()
          .u32(roomId)
          .u32(shard * 2)
          .bytes(),
      );
      return;
    case 2: {
      const types = [toShard.roomDrop, toShard.roomReconnect, toShard.roomLeave];
      rig.roomSession(types[prng.below(3)]!, member, roomId, shard);
      return;
    }
    default: {
      // What ends a room is asked for seldom.
      const roll = prng.below(60);
      const kind = roll === 0 ? roomKinds.close : roll === 1 ? roomKinds.fail : 1 + prng.below(4);
      const other = [roomKinds.grant, roomKinds.result, roomKinds.rest][roll % 3]!;
      rig.roomIntent(member, shard, roomId, roll > 40 ? other : kind, seq);
    }
  }
};

test("[DR1] [DR2] [DR3] durable rooms live on through any death, do again what they did, and tell each event by its number", () => {
  const { GRIDSHARD_SEED } = process.env;
  for (const tickHz of [5, 10, 20]) {
    const sum = runSeeds(
      {
        first: Number(GRIDSHARD_SEED ?? tickHz * 1000),
        count: GRIDSHARD_SEED === undefined ? 60 : 1,
        steps: 120,
      },
      { options: { shards: 2, field: givingField, rooms: [durableRoom(tickHz)] }, sessions: SESSIONS, input },
    );
    if (GRIDSHARD_SEED !== undefined) continue;
    assert.ok(sum.deaths > 400 && sum.toldAgain > 1000, "it was put to the test");
  }
});
