import assert from "node:assert/strict";
import test from "node:test";
import { fighterOf, useSkillBody } from "../testing/bodies.js";
import { skillIds } from "../testing/shipped-ids.js";
import { TestRoom } from "../testing/test-room.js";
import { testTables } from "../testing/test-tables.js";
import { encodeBattleOptions, type FighterDescription } from "./acts.js";
import { battle } from "./battle.js";
import { battleIntents } from "./messages.js";
import { BATTLE_TICK_HZ, levelForExperience, levelTable, PERSON, speciesTable } from "./tables.js";

const species = testTables.rows(speciesTable);
const levels = testTables.rows(levelTable);
const LEVEL_MAX = levels.length;
const experienceOfLevel = (level: number) => levels[level - 1]!.experience;

const SLIME = 1;
const BOAR = 2;
const WOLF = 3;
const GOLEM = 4;
const WRAITH = 5;
const RUNS = 200;

interface Tally {
  readonly won: number;
  readonly seconds: number;
  readonly shortest: number;
  readonly longest: number;
}

/** Many battles of side 0 against side 1; `play` gives a person's orders. */
function tally(
  sides: readonly [readonly FighterDescription[], readonly FighterDescription[]],
  play?: (room: TestRoom) => void,
): Tally {
  let won = 0;
  let ticks = 0;
  let shortest = Number.POSITIVE_INFINITY;
  let longest = 0;
  for (let seed = 0; seed < RUNS; seed++) {
    const room = new TestRoom(battle, { roomId: 1, cell: 0, seed: seed * 7919 });
    const fighters = sides.flatMap((side, index) => side.map((fighter) => ({ side: index, fighter })));
    room.room.onCreate?.(encodeBattleOptions({ isAuto: play === undefined, host: 0, fighters }));
    if (play !== undefined) {
      const { playerId, name, level } = fighters[0]!.fighter;
      room.join(1, { playerId, name, level, entityId: 1, cell: 0 });
    }
    room.isRecording = false;
    while (room.isOpen) {
      play?.(room);
      room.step();
    }
    won += room.results[0]!.winningSide === 0 ? 1 : 0;
    ticks += room.tick;
    shortest = Math.min(shortest, room.tick);
    longest = Math.max(longest, room.tick);
  }
  const seconds = (count: number) => count / BATTLE_TICK_HZ;
  return {
    won: won / RUNS,
    seconds: seconds(ticks / RUNS),
    shortest: seconds(shortest),
    longest: seconds(longest),
  };
}

/** Strikes, and a heavy blow whenever there is one. */
function playWell(room: TestRoom): void {
  const member = room.members.get(1);
  if (member === undefined) return;
  const refusedBefore = room.refused.length;
  for (const skill of [skillIds.heavyBlow, skillIds.strike]) {
    room.room.onIntent?.(member, { kind: battleIntents.useSkill, seq: 1, body: useSkillBody(skill, 1) });
    if (room.refused.length === refusedBefore) return;
    room.refused.length = refusedBefore;
  }
}

const alone = (level: number) => [fighterOf(1, PERSON, level)];
const foes = (kind: number, level: number, count = 1) =>
  Array.from({ length: count }, () => fighterOf(0, kind, level));

test("[BA13] a beginner who plays well beats a slime of level 1 in about twelve seconds", () => {
  const { won, seconds } = tally([alone(1), foes(SLIME, 1)], playWell);
  assert.ok(won > 0.97, `won ${won}`);
  assert.ok(seconds > 9 && seconds < 15, `${seconds} s`);
});

test("[BA13] a beginner loses to a wraith, and a hero does not", () => {
  assert.ok(tally([alone(1), foes(WRAITH, 1)], playWell).won < 0.05);
  assert.ok(tally([alone(1), foes(WRAITH, 1)]).won < 0.05);
  assert.ok(tally([alone(15), foes(WRAITH, 1)]).won > 0.9);
});

test("[BA13] one's own level is the measure of a foe: slime, boar and wolf are beaten, a crowd is not", () => {
  for (const level of [1, 5, 20, LEVEL_MAX]) {
    const boar = tally([alone(level), foes(BOAR, level)]).won;
    const wolf = tally([alone(level), foes(WOLF, level)]).won;
    assert.ok(boar > 0.8, `boar at level ${level}: ${boar}`);
    assert.ok(wolf > 0.35, `wolf at level ${level}: ${wolf}`);
    assert.ok(tally([alone(level), foes(SLIME, level)]).won > 0.95);
    assert.ok(tally([alone(level), foes(SLIME, level, 8)]).won < 0.5);
  }
});

test("[BA13] an auto battle against one to three of a kind lasts some seconds and at most a minute", () => {
  for (const [kind, { name }] of species.entries()) {
    if (kind === PERSON) continue;
    for (const level of [1, 10, 30]) {
      const { seconds, longest } = tally([alone(level), foes(kind, level, 1 + (level % 3))]);
      assert.ok(
        seconds >= 5 && longest <= 60,
        `${name} at level ${level}: ${seconds} s, at most ${longest} s`,
      );
    }
  }
  const golem = tally([alone(1), foes(GOLEM, 1)]);
  assert.ok(golem.shortest >= 10, `${golem.shortest} s`);
});

test("[BA14] experience makes levels: none is skipped, and they end", () => {
  for (let level = 1; level < LEVEL_MAX; level++) {
    assert.equal(levelForExperience(levels, experienceOfLevel(level)), level);
    assert.equal(levelForExperience(levels, experienceOfLevel(level + 1) - 1), level);
  }
  assert.equal(levelForExperience(levels, Number.MAX_SAFE_INTEGER), LEVEL_MAX);
  assert.equal(levelForExperience(levels, 0), 1);
});
