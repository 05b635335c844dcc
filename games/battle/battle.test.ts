import assert from "node:assert/strict";
import test from "node:test";
import { ByteBuffer } from "flatbuffers";
import { ByteReader } from "../../engine/room/game.js";
import { fighterOf, noBody, useSkillBody } from "../testing/bodies.js";
import { skillIds } from "../testing/shipped-ids.js";
import { TestRoom } from "../testing/test-room.js";
import { testTables } from "../testing/test-tables.js";
import {
  actKinds,
  battleGrants,
  encodeBattleOptions,
  encodeJoin,
  type FighterDescription,
  readDeclined,
  readOutcome,
  readSpoils,
} from "./acts.js";
import { battle, HEARTBEAT_TICKS } from "./battle.js";
import { LOG_DEFEATED } from "./battle-log.js";
import { BattleFrameHeaderLayout, FighterStateLayout } from "./generated/battle-layout.js";
import { BattleOver } from "./generated/battle-over.js";
import { BattleStarted } from "./generated/battle-started.js";
import { FighterState } from "./generated/fighter-state.js";
import { LogEntries } from "./generated/log-entries.js";
import { battleEvents, battleIntents } from "./messages.js";
import { battleRefusals } from "./refusals.js";
import {
  AUTO_TICKS_MAX,
  experienceFor,
  FIGHTERS_MAX,
  HUMAN_TICKS_MAX,
  IDLE_TICKS,
  PERSON,
  speciesTable,
} from "./tables.js";

const SLIME = 1;
const BOAR = 2;
const GOLEM = 4;
const WRAITH = 5;

interface Setup {
  readonly isAuto?: boolean;
  readonly seed?: number;
  readonly sides: readonly [readonly FighterDescription[], readonly FighterDescription[]];
}

function open({ isAuto = false, seed = 7, sides }: Setup): TestRoom {
  const room = new TestRoom(battle, { roomId: 9, cell: 3, seed });
  const fighters = sides.flatMap((side, index) => side.map((fighter) => ({ side: index, fighter })));
  room.room.onCreate?.(encodeBattleOptions({ isAuto, host: 1, fighters }));
  for (const { fighter } of fighters) if (fighter.session !== 0) seat(room, fighter);
  return room;
}

function seat(room: TestRoom, fighter: FighterDescription): void {
  const { playerId, name, level, entity, cell } = fighter;
  assert.equal(room.join(fighter.session, { playerId, name, level, entityId: entity, cell }), 0);
}

function send(room: TestRoom, session: number, kind: number, body: Uint8Array): void {
  room.room.onIntent?.(room.members.get(session)!, { kind, seq: 1, body });
}

function runToEnd(room: TestRoom): void {
  while (room.isOpen) room.step();
}

interface Entry {
  readonly tick: number;
  readonly actor: number;
  readonly skill: number;
  readonly target: number;
  readonly flags: number;
  readonly amount: number;
}

function logOf(room: TestRoom): Entry[] {
  return room.events
    .filter(({ kind }) => kind === battleEvents.log)
    .flatMap(({ body }) => {
      const table = LogEntries.getRootAsLogEntries(new ByteBuffer(body));
      return Array.from({ length: table.entriesLength() }, (_, index) => {
        const entry = table.entries(index)!;
        const [tick, actor, skill] = [entry.tick(), entry.actor(), entry.skill()];
        return { tick, actor, skill, target: entry.target(), flags: entry.flags(), amount: entry.amount() };
      });
    });
}

function actsTo(room: TestRoom, entity: number, kind: number): ByteReader[] {
  return room.acts
    .filter((sent) => sent.toEntity === entity && sent.act.kind === kind)
    .map((sent) => new ByteReader(sent.act.body));
}

test("[BA1] an auto battle plays itself to its end, tells it in a log and appends one result", () => {
  const room = open({ isAuto: true, sides: [[fighterOf(1, PERSON)], [fighterOf(0, SLIME)]] });
  runToEnd(room);
  assert.equal(room.results.length, 1);
  const [result] = room.results;
  assert.equal(result!.winningSide, 0);
  assert.equal(result!.ticks, room.tick);
  assert.match(result!.battleId, /^[0-9a-f]{32}$/);
  assert.deepEqual(
    result!.fighters.map(({ name, outcome }) => [name, outcome]),
    [
      ["player 1", "won"],
      ["slime", "lost"],
    ],
  );
  const log = logOf(room);
  assert.ok(log.some(({ flags, target }) => (flags & LOG_DEFEATED) !== 0 && target === 1));
  assert.equal(room.frames.length, 0, "a log streams, no frames");
  const ticks = log.map(({ tick }) => tick);
  assert.deepEqual(
    ticks,
    [...ticks].sort((a, b) => a - b),
  );
});

test("[BA2] every battle ends, however tough the fighters and whether or not anybody plays", () => {
  const golems = [fighterOf(0, GOLEM, 60), fighterOf(0, GOLEM, 60)];
  for (let seed = 0; seed < 20; seed++) {
    const room = open({ isAuto: true, seed, sides: [golems, golems] });
    runToEnd(room);
    assert.ok(room.tick <= AUTO_TICKS_MAX);
  }
  const room = open({ sides: [[fighterOf(1, PERSON, 60)], [fighterOf(2, PERSON, 60)]] });
  runToEnd(room);
  assert.ok(room.tick <= HUMAN_TICKS_MAX);
});

test("[BA2] at its last tick a battle is a draw, and nobody gets anything", () => {
  const room = open({ isAuto: true, sides: [[fighterOf(1, PERSON)], [fighterOf(2, PERSON)]] });
  // As if a long fight had passed: nobody is defeated yet.
  room.tick = AUTO_TICKS_MAX - 1;
  room.step();
  assert.equal(room.isOpen, false);
  assert.equal(room.results[0]!.winningSide, -1);
  const { body } = room.events.findLast(({ kind }) => kind === battleEvents.over)!;
  const over = BattleOver.getRootAsBattleOver(new ByteBuffer(body));
  assert.deepEqual([over.winningSide(), over.experience(), over.itemsLength()], [-1, 0, 0]);
  assert.equal(readOutcome(actsTo(room, 1, actKinds.outcome)[0]!).outcome, "draw");
});

test("[BA3] a member is told who fights, with the skills each has at its level", () => {
  const room = open({ sides: [[fighterOf(1, PERSON, 2)], [fighterOf(0, SLIME)]] });
  const { body, to } = room.events.find(({ kind }) => kind === battleEvents.started)!;
  assert.deepEqual(to, [1]);
  const started = BattleStarted.getRootAsBattleStarted(new ByteBuffer(body));
  assert.equal(started.fightersLength(), 2);
  assert.equal(started.tickMax(), HUMAN_TICKS_MAX);
  const person = started.fighters(0)!;
  assert.equal(person.entity(), 1);
  assert.equal(person.name(), "player 1");
  assert.equal(person.healthMax(), 114);
  assert.deepEqual(
    [...person.skillsArray()!],
    [skillIds.strike, skillIds.heavyBlow, skillIds.guard, skillIds.heal],
  );
});

test("[BA4] a frame shows health, state and cooldowns of everybody, and is sent when something happened", () => {
  const room = open({ sides: [[fighterOf(1, PERSON)], [fighterOf(0, GOLEM)]] });
  room.step();
  const before = room.frames.length;
  send(room, 1, battleIntents.useSkill, useSkillBody(skillIds.heavyBlow, 1));
  while (!logOf(room).some(({ actor }) => actor === 0)) room.step();
  assert.ok(room.frames.length > before);
  const frames = room.frames.length;
  assert.ok(frames < room.tick, "no frame for a tick in which nothing happened");
  const { body } = room.frames.at(-1)!;
  assert.equal(body.length, BattleFrameHeaderLayout.size + 2 * FighterStateLayout.size);
  const state = (index: number) =>
    new FighterState().__init(
      BattleFrameHeaderLayout.size + index * FighterStateLayout.size,
      new ByteBuffer(Uint8Array.from(body)),
    );
  const blow = logOf(room).find(({ actor }) => actor === 0)!;
  assert.equal(state(1).health(), 190 - blow.amount);
  assert.equal(state(0).status(), 0);
  assert.equal(state(0).cooldown0(), 0);
  assert.ok(state(0).cooldown1() >= 39);
});

test("[BA5] an order waits for its turn, and is refused if its skill is not ready by then", () => {
  const room = open({ sides: [[fighterOf(1, PERSON)], [fighterOf(0, GOLEM)]] });
  send(room, 1, battleIntents.useSkill, useSkillBody(skillIds.heavyBlow, 1));
  assert.equal(room.refused.length, 0);
  while (!logOf(room).some(({ actor }) => actor === 0)) room.step();
  assert.equal(logOf(room).find(({ actor }) => actor === 0)!.skill, skillIds.heavyBlow);
  send(room, 1, battleIntents.useSkill, useSkillBody(skillIds.heavyBlow, 1));
  assert.equal(room.refused.at(-1)!.code, battleRefusals.skillNotReady.code);
});

test("[BA6] each wrong order is refused by its own code", () => {
  const room = open({ sides: [[fighterOf(1, PERSON)], [fighterOf(2, PERSON), fighterOf(0, SLIME)]] });
  const codeFor = (session: number, skill: number, target: number): number | undefined => {
    send(room, session, battleIntents.useSkill, useSkillBody(skill, target));
    return room.refused.at(-1)?.code;
  };
  assert.equal(codeFor(1, skillIds.bite, 1), battleRefusals.skillUnknown.code);
  assert.equal(codeFor(1, skillIds.fireball, 1), battleRefusals.skillUnknown.code, "above one's level");
  assert.equal(codeFor(1, skillIds.strike, 0), battleRefusals.targetInvalid.code);
  assert.equal(codeFor(1, skillIds.strike, 99), battleRefusals.targetInvalid.code);
  assert.equal(codeFor(2, skillIds.strike, 2), battleRefusals.targetInvalid.code, "one's own side");
  seat(room, fighterOf(5, PERSON));
  assert.equal(codeFor(5, skillIds.strike, 0), battleRefusals.notFighting.code);
  const auto = open({ isAuto: true, sides: [[fighterOf(1, PERSON)], [fighterOf(0, SLIME)]] });
  send(auto, 1, battleIntents.useSkill, useSkillBody(skillIds.strike, 1));
  assert.deepEqual(
    auto.refused.map(({ code }) => code),
    [battleRefusals.autoBattle.code],
  );
  const lost = open({
    sides: [[fighterOf(1, PERSON, 1, { health: 1 }), fighterOf(2, PERSON, 60)], [fighterOf(0, WRAITH)]],
  });
  while (!logOf(lost).some(({ flags, target }) => (flags & LOG_DEFEATED) !== 0 && target === 0)) lost.step();
  assert.ok(lost.isOpen);
  send(lost, 1, battleIntents.useSkill, useSkillBody(skillIds.strike, 2));
  assert.equal(lost.refused.at(-1)!.code, battleRefusals.outOfFight.code);
});

test("[BA7] a person without orders strikes after some seconds; one without a socket plays itself at once", () => {
  const room = open({ sides: [[fighterOf(1, PERSON)], [fighterOf(0, GOLEM)]] });
  while (!logOf(room).some(({ actor }) => actor === 0)) room.step();
  assert.equal(room.tick, IDLE_TICKS);
  assert.equal(logOf(room).find(({ actor }) => actor === 0)!.skill, skillIds.strike);
  const dropped = open({ sides: [[fighterOf(1, PERSON)], [fighterOf(0, GOLEM)]] });
  dropped.setSuspended(1, true);
  while (!logOf(dropped).some(({ actor }) => actor === 0)) dropped.step();
  assert.ok(dropped.tick < 20);
  dropped.setSuspended(1, false);
  assert.equal(
    dropped.events.at(-1)!.kind,
    battleEvents.started,
    "who is back is told where the battle stands",
  );
});

test("[BA8] who joins takes the other side and everybody is told; a full battle declines", () => {
  const room = open({ sides: [[fighterOf(0, GOLEM, 5, { entity: 0x80000001 })], [fighterOf(1, PERSON)]] });
  const join = (fighter: FighterDescription, against: number) =>
    room.room.onAct?.({
      kind: actKinds.join,
      fromEntity: against,
      fromRoom: 0,
      fromCell: 3,
      body: encodeJoin({ against, fighter }),
    });
  seat(room, fighterOf(2, PERSON));
  join(fighterOf(2, PERSON), 0x80000001);
  const started = BattleStarted.getRootAsBattleStarted(
    new ByteBuffer(room.events.findLast(({ kind }) => kind === battleEvents.started)!.body),
  );
  assert.equal(started.fightersLength(), 3);
  assert.equal(started.fighters(2)!.side(), 1);
  assert.equal(actsTo(room, 2, actKinds.engaged).length, 1);
  join(fighterOf(2, PERSON), 0x80000001);
  assert.equal(actsTo(room, 2, actKinds.engaged).length, 1, "twice is once");
  join(fighterOf(3, PERSON), 77);
  assert.equal(readDeclined(actsTo(room, 3, actKinds.declined)[0]!).code, battleRefusals.fighterGone.code);
  for (let session = 10; session < 10 + FIGHTERS_MAX - 3; session++)
    join(fighterOf(session, PERSON), 0x80000001);
  seat(room, fighterOf(40, PERSON));
  join(fighterOf(40, PERSON), 0x80000001);
  assert.equal(readDeclined(actsTo(room, 40, actKinds.declined)[0]!).code, battleRefusals.battleFull.code);
  assert.ok(room.left.includes(40), "who was declined is put out");
});

test("[BA9] fleeing takes luck, more of it at every try; who has fled is out with nothing", () => {
  let tries = 0;
  const runs = 200;
  for (let seed = 0; seed < runs; seed++) {
    const room = open({ seed, sides: [[fighterOf(1, PERSON)], [fighterOf(0, SLIME)]] });
    while (!room.left.includes(1) && room.isOpen) {
      send(room, 1, battleIntents.flee, noBody);
      room.step();
    }
    assert.equal(readOutcome(actsTo(room, 1, actKinds.outcome)[0]!).outcome, "fled");
    tries += logOf(room).filter(({ actor, skill }) => actor === 0 && skill === 0).length;
    runToEnd(room);
    assert.equal(room.results[0]!.fighters[0]!.outcome, "fled");
  }
  // 0.35 at first, then 0.55, 0.75, 0.95: two tries on average.
  assert.ok(tries / runs > 1.6 && tries / runs < 2.6, `${tries / runs} tries`);
});

test("[BA10] who leaves for good or withdraws is out, and brings the other side nothing", () => {
  const left = open({ sides: [[fighterOf(1, PERSON)], [fighterOf(2, PERSON)]] });
  left.leave(2);
  left.step();
  assert.equal(left.isOpen, false);
  assert.deepEqual(
    left.results[0]!.fighters.map(({ outcome, experience }) => [outcome, experience]),
    [
      ["won", 0],
      ["fled", 0],
    ],
  );
  const withdrawn = open({ sides: [[fighterOf(1, PERSON)], [fighterOf(2, PERSON)]] });
  withdrawn.room.onAct?.({ kind: actKinds.withdrawn, fromEntity: 2, fromRoom: 0, fromCell: 0, body: noBody });
  assert.ok(withdrawn.left.includes(2));
  assert.equal(actsTo(withdrawn, 2, actKinds.outcome).length, 0);
  withdrawn.step();
  assert.equal(withdrawn.isOpen, false);
});

test("[BA11] the people of the winning side share what the defeated had, and nobody else gets any", () => {
  for (let seed = 0; seed < 30; seed++) {
    const boars = [fighterOf(0, BOAR, 3), fighterOf(0, BOAR, 3)];
    const room = open({
      isAuto: true,
      seed,
      sides: [[fighterOf(1, PERSON, 6), fighterOf(2, PERSON, 6)], boars],
    });
    runToEnd(room);
    const [result] = room.results;
    const total = 2 * experienceFor(testTables.rows(speciesTable)[BOAR]!, 3);
    const wants = result!.winningSide === 0 ? total : 0;
    const given = result!.fighters.reduce((sum, fighter) => sum + fighter.experience, 0);
    assert.ok(given <= wants && given > wants - 2, `${given} of ${wants}`);
    for (const entity of [1, 2]) {
      const row = result!.fighters[entity - 1]!;
      assert.equal(readOutcome(actsTo(room, entity, actKinds.outcome)[0]!).outcome, row.outcome);
      const given = room.grants.filter(({ to }) => to.entityId === entity);
      assert.equal(given.length, row.outcome === "draw" ? 0 : 1);
      for (const { to, kind, body } of given) {
        assert.deepEqual([to.playerId, kind], [row.playerId, battleGrants.spoils]);
        const spoils = readSpoils(new ByteReader(body));
        assert.deepEqual(
          [spoils.outcome, spoils.experience, spoils.gold],
          [row.outcome, row.experience, row.gold],
        );
        if (spoils.outcome !== "won") assert.deepEqual(spoils.items, []);
      }
    }
  }
});

test("[BA12] a battle tells the fields of its fighters that it goes on, every few seconds", () => {
  const room = open({
    sides: [[fighterOf(1, PERSON, 30)], [fighterOf(0, GOLEM, 30, { entity: 0x80000005 })]],
  });
  for (let tick = 0; tick < HEARTBEAT_TICKS * 2; tick++) room.step();
  assert.ok(room.isOpen);
  assert.equal(actsTo(room, 1, actKinds.engaged).length, 3);
  assert.equal(actsTo(room, 0x80000005, actKinds.engaged).length, 3);
});
