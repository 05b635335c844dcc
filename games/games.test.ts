import assert from "node:assert/strict";
import test from "node:test";
import { loadGames } from "../engine/room/load-games.js";
import { compileVerifier } from "../engine/wire/verifier.js";
import { battleRefusals } from "./battle/refusals.js";
import type { GameRefusal } from "./game-refusal.js";
import hello from "./hello/hello.js";
import { openWorldRefusals } from "./open-world/refusals.js";
import { noBody, playerOf, useSkillBody } from "./testing/bodies.js";
import { TestRoom } from "./testing/test-room.js";

test("[GM1] the reference games load by their name, and name what they need", async () => {
  const { field, rooms } = await loadGames(["gridshard:games"], "open-world");
  assert.equal(field.name, "open-world");
  assert.deepEqual([...rooms.keys()], ["battle"]);
  for (const { intents } of [field, ...rooms.values()]) {
    assert.equal(new Set(intents.map(({ kind }) => kind)).size, intents.length);
    for (const { kind, perSecond, burst, schema } of intents) {
      assert.ok(kind > 0 && perSecond > 0 && burst >= perSecond);
      if (schema !== null)
        assert.equal(compileVerifier(schema)(noBody, 0, 0) === 0, false, "nothing is not a table");
    }
  }
  const useSkill = rooms.get("battle")!.intents.find(({ name }) => name === "useSkill")!;
  const body = useSkillBody(1, 2);
  assert.equal(compileVerifier(useSkill.schema!)(body, 0, body.length), 0);
});

test("[GM2] every reason to say no has a code of its own, beyond the engine's, and words", () => {
  const all: GameRefusal[] = [...Object.values(openWorldRefusals), ...Object.values(battleRefusals)];
  assert.equal(new Set(all.map(({ code }) => code)).size, all.length);
  assert.equal(new Set(all.map(({ reason }) => reason)).size, all.length);
  for (const { code, reason, remedy } of all)
    assert.ok(code >= 1000 && code < 65_536 && reason !== "" && remedy !== "");
});

test("[GM3] in the smallest game, everybody in the room hears who waves", () => {
  const room = new TestRoom(hello.rooms[0]!, { roomId: 1, cell: 0, seed: 1 });
  for (const session of [1, 2]) {
    const { playerId, name } = playerOf(session);
    room.join(session, { playerId, name, level: 1, entityId: session, cell: 0 });
  }
  room.room.onIntent?.(room.members.get(2)!, { kind: 1, seq: 1, body: noBody });
  assert.deepEqual(room.events[0]!.to, [1, 2]);
  assert.equal(new TextDecoder().decode(room.events[0]!.body), "player 2 waves");
});
