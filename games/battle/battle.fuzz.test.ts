import assert from "node:assert/strict";
import test from "node:test";
import { freshSeed } from "../../engine/prng.js";
import { ByteReader, ByteWriter, Prng } from "../../engine/room/game.js";
import { fighterOf, noBody, testSeed, useSkillBody } from "../testing/bodies.js";
import { TestRoom } from "../testing/test-room.js";
import { testTables } from "../testing/test-tables.js";
import { actKinds, encodeBattleOptions, encodeJoin } from "./acts.js";
import { battle } from "./battle.js";
import { battleIntents } from "./messages.js";
import { PERSON, speciesTable } from "./tables.js";

const species = testTables.rows(speciesTable);

const PEOPLE = [1, 2, 3, 4];

/** A battle of people and creatures, by the dice. */
function openAny(dice: Prng): TestRoom {
  const room = new TestRoom(battle, { roomId: 4, cell: 0, seed: dice.next() });
  const fighters = [1, 2].map((session) => ({
    side: dice.below(2),
    fighter: fighterOf(session, PERSON, 1 + dice.below(10)),
  }));
  for (let count = 1 + dice.below(6); count > 0; count--) {
    const entity = dice.below(2) * (0x8000_0000 + count);
    const kind = 1 + dice.below(species.length - 1);
    fighters.push({ side: dice.below(2), fighter: fighterOf(0, kind, 1 + dice.below(10), { entity }) });
  }
  room.room.onCreate?.(encodeBattleOptions({ isAuto: dice.below(4) === 0, host: 1, fighters }));
  return room;
}

interface Input {
  readonly what: "skill" | "flee" | "join" | "seat" | "leave" | "drop" | "back" | "withdraw";
  readonly session: number;
  readonly a: number;
  readonly b: number;
}

const whats = [
  "skill",
  "skill",
  "skill",
  "skill",
  "flee",
  "join",
  "seat",
  "seat",
  "leave",
  "drop",
  "back",
  "withdraw",
] as const;

function anyInput(dice: Prng): Input {
  const what = whats[dice.below(whats.length)]!;
  return { what, session: PEOPLE[dice.below(PEOPLE.length)]!, a: dice.below(256), b: dice.below(20) };
}

function apply(room: TestRoom, { what, session, a, b }: Input): void {
  if (!room.isOpen) return;
  const member = room.members.get(session);
  const act = { fromEntity: session, fromRoom: 0, fromCell: 0 };
  const { playerId, name, level, cell } = fighterOf(session, PERSON);
  switch (what) {
    case "skill":
      // Mostly skills that exist, on fighters that do.
      if (member !== undefined) {
        room.room.onIntent?.(member, {
          kind: battleIntents.useSkill,
          seq: 1,
          body: useSkillBody(a < 200 ? a % 10 : a, a < 220 ? b : a),
        });
      }
      return;
    case "flee":
      if (member !== undefined)
        room.room.onIntent?.(member, { kind: battleIntents.flee, seq: 1, body: noBody });
      return;
    case "join": {
      const body = encodeJoin({
        against: PEOPLE[b % PEOPLE.length]!,
        fighter: fighterOf(session, PERSON, 1 + (a % 60)),
      });
      room.room.onAct?.({ ...act, kind: actKinds.join, body: body.slice() });
      return;
    }
    case "withdraw":
      room.room.onAct?.({ ...act, kind: actKinds.withdrawn, body: noBody });
      return;
    case "seat":
      room.join(session, { playerId, name, level, entityId: session, cell });
      return;
    case "leave":
      room.leave(session);
      return;
    case "drop":
    case "back":
      room.setSuspended(session, what === "drop");
  }
}

const stateOf = (room: TestRoom) => {
  const out = new ByteWriter(1 << 16);
  room.checkpoint(out);
  return Buffer.from(out.bytes()).toString("hex");
};

test("[BA15] any order at any time is carried out or refused, and the battle still ends", (t) => {
  const seed = testSeed(freshSeed, (text) => t.diagnostic(text));
  const dice = new Prng(seed);
  for (let run = 0; run < 150; run++) {
    const room = openAny(dice);
    while (room.isOpen) {
      if (dice.below(3) === 0) apply(room, anyInput(dice));
      room.step();
      for (const { code } of room.refused.splice(0)) assert.ok(code >= 1100 && code < 1200);
    }
    assert.equal(room.results.length, 1);
    // The last word goes to each entity once: as the battle ends, or as it flees.
    const words = room.acts
      .filter(({ act }) => act.kind === actKinds.outcome)
      .map(({ toEntity }) => toEntity);
    const joins = room.results[0]!.fighters.length;
    assert.ok(words.length <= joins);
  }
});

test("[BA16] a battle out of a checkpoint goes on exactly as the one it was taken of", (t) => {
  const seed = testSeed(freshSeed, (text) => t.diagnostic(text));
  const dice = new Prng(seed);
  for (let run = 0; run < 60; run++) {
    const room = openAny(dice);
    const split = dice.below(150);
    while (room.isOpen && room.tick < split) {
      if (dice.below(4) === 0) apply(room, anyInput(dice));
      room.step();
    }
    const out = new ByteWriter(1 << 16);
    room.checkpoint(out);
    const twin = new TestRoom(battle, { roomId: room.roomId, cell: room.cell, seed: 0 });
    twin.restore(new ByteReader(out.bytes()));
    assert.equal(stateOf(twin), stateOf(room));
    for (const of of [room, twin]) {
      of.events = [];
      of.frames = [];
      of.acts = [];
      of.refused = [];
      of.results = [];
    }
    while (room.isOpen) {
      const input = dice.below(4) === 0 ? anyInput(dice) : undefined;
      for (const of of [room, twin]) {
        if (input !== undefined) apply(of, input);
        of.step();
      }
      assert.equal(stateOf(twin), stateOf(room), `run ${run}, tick ${room.tick}`);
    }
    assert.deepEqual(
      [twin.events, twin.frames, twin.acts, twin.refused, twin.results],
      [room.events, room.frames, room.acts, room.refused, room.results],
    );
  }
});
