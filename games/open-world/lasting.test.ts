import assert from "node:assert/strict";
import test from "node:test";
import { ByteWriter } from "../../engine/room/game.js";
import { actKinds, encodeOutcome } from "../battle/acts.js";
import {
  BORDER,
  challenge,
  enter,
  GOLEM,
  HZ,
  open,
  placeOf,
  put,
  roomOf,
  SLIME,
  stateOf,
  stepUntil,
  WRAITH,
} from "../testing/scene.js";
import type { TestWorld } from "../testing/test-world.js";
import { isCommons } from "./commons.js";
import { IMMUNE_SECONDS, SILENCE_SECONDS } from "./engagement.js";
import { BATTLE, CHASING, DEAD, ENGAGING, FREE, IMMUNE } from "./rows.js";

type Column = "until" | "room" | "leftRoom" | "leftUntil" | "unsureUntil" | "partner";

function set(
  world: TestWorld,
  id: number,
  state: number,
  columns: Partial<Record<Column, number>> = {},
): void {
  const { shard, row } = world.entity(id)!;
  shard.entities.state[row] = state;
  for (const [name, value] of Object.entries(columns)) shard.entities.column(name, "u32")[row] = value;
}

/** Sends an entity what a room would. */
function call(world: TestWorld, id: number, kind: number, room: number): void {
  const body =
    kind === actKinds.engaged
      ? new ByteWriter(16).u32(id).bytes()
      : encodeOutcome({ outcome: "fled", health: 99 });
  const act = { kind, fromEntity: 0, fromRoom: room, fromCell: 0, body: body.slice() };
  world.post({ toEntity: id, toRoom: 0, toCell: 0, act });
}

/** Rooms that have been told that somebody withdraws. */
function withdrawals(world: TestWorld): number[] {
  const rooms: number[] = [];
  world.isLost = ({ toRoom, act }) => {
    if (act.kind === actKinds.withdrawn) rooms.push(toRoom);
    return false;
  };
  return rooms;
}

const ITS = 71;
const LEFT = 72;
const OTHER = 73;
const roomNames = new Map([
  [ITS, "its"],
  [LEFT, "left"],
  [OTHER, "other"],
]);

for (const who of ["a person", "a creature"] as const) {
  for (const isUnsure of [false, true]) {
    test(`[OP19] in every state ${who} that is ${isUnsure ? "unsure" : "sure"} follows the right calls only`, () => {
      const states =
        who === "a person"
          ? { FREE, ENGAGING, BATTLE, IMMUNE }
          : { FREE, CHASING, ENGAGING, BATTLE, IMMUNE, DEAD };
      const isFree = (state: number) => state === FREE || state === CHASING || state === ENGAGING;
      for (const [name, state] of Object.entries(states)) {
        for (const room of state === BATTLE ? [ITS, LEFT, OTHER] : [LEFT, OTHER]) {
          for (const kind of [actKinds.engaged, actKinds.outcome]) {
            const world = open();
            let id = 1;
            if (who === "a person") enter(world, 1, 50, 50);
            else id = put(world, SLIME, 50, 50);
            // Beyond the time for which all creatures of a new shard are unsure.
            world.step(isUnsure && who === "a creature" ? 1 : (SILENCE_SECONDS + 1) * HZ);
            const soon = world.tick + 3 * HZ;
            set(world, id, state, {
              until: soon,
              room: state === BATTLE ? ITS : 0,
              leftRoom: LEFT,
              leftUntil: soon,
              unsureUntil: isUnsure ? soon : 0,
            });
            // There is nobody to chase.
            const stays = state === CHASING ? FREE : state;
            const withdrawn = withdrawals(world);
            call(world, id, kind, room);
            world.step();
            const what = `${name}, ${kind === actKinds.engaged ? "called by" : "outcome of"} its ${roomNames.get(room)} room`;
            if (kind === actKinds.engaged) {
              const isLate = room === LEFT && state !== ENGAGING;
              const isIn = !isLate && (room === ITS || isFree(state) || isUnsure);
              const wanted = isIn ? [BATTLE, room] : [stays, state === BATTLE ? ITS : 0];
              assert.deepEqual([stateOf(world, id), roomOf(world, id)], wanted, what);
              assert.deepEqual(withdrawn, isIn || isLate ? [] : [room], what);
            } else {
              const isApplied = room === ITS || (isUnsure && room === OTHER && state !== ENGAGING);
              const wanted = isApplied ? IMMUNE : stays;
              assert.equal(stateOf(world, id), wanted, what);
              assert.deepEqual(withdrawn, [], what);
            }
          }
        }
      }
    });
  }
}

for (const [where, x] of [
  ["on one shard", 40],
  ["on two shards", BORDER - 2],
] as const) {
  test(`[OP19] a battle goes on with both in it after a restart, whatever they did at their checkpoint, ${where}`, () => {
    const before = [
      [FREE, FREE],
      [IMMUNE, DEAD],
      [ENGAGING, CHASING],
      [BATTLE, BATTLE],
      [FREE, IMMUNE],
    ] as const;
    for (const [person, creature] of before) {
      const world = open({ shards: 2 });
      enter(world, 1, x, 50, { level: 8 });
      const golem = put(world, GOLEM, x + 4, 50, 8);
      world.step();
      const until = world.tick + 100 * HZ;
      set(world, 1, person, { until, room: person === BATTLE ? 999 : 0 });
      set(world, golem, creature, { until, room: creature === BATTLE ? 998 : 0 });
      const rows = world.entityRows();
      for (const id of [1, golem]) set(world, id, FREE, { room: 0 });
      challenge(world, 1, golem);
      stepUntil(world, () => stateOf(world, 1) === BATTLE && stateOf(world, golem) === BATTLE, 1);
      const room = roomOf(world, 1);
      world.step(2 * HZ);
      world.restartProcess(rows);
      world.step();
      stepUntil(world, () => roomOf(world, 1) === room && roomOf(world, golem) === room, 6);
      assert.deepEqual([stateOf(world, 1), stateOf(world, golem)], [BATTLE, BATTLE]);
      stepUntil(world, () => world.results.length === 1, 180);
      const outcomes = world.results[0]!.fighters.map(({ outcome }) => outcome);
      assert.deepEqual([...outcomes].sort(), ["lost", "won"], "nobody withdrew");
      world.step(2);
      assert.notEqual(stateOf(world, 1), BATTLE);
    }
  });
}

test("[OP19] a fighter whose shard died is joined anew, and back in its battle", () => {
  for (const diesInTick of [false, true]) {
    const world = open({ shards: 2 });
    enter(world, 1, 40, 50, { level: 8 });
    const golem = put(world, GOLEM, 44, 50, 8);
    challenge(world, 1, golem);
    stepUntil(world, () => stateOf(world, 1) === BATTLE, 1);
    const room = roomOf(world, 1);
    world.step(HZ);
    world.crashShard(0, { diesInTick });
    assert.equal(stateOf(world, 1), IMMUNE);
    stepUntil(world, () => stateOf(world, 1) === BATTLE, 6);
    assert.equal(roomOf(world, 1), room);
    stepUntil(world, () => world.results.length === 1, 180);
    assert.ok(!world.results[0]!.fighters.some(({ outcome }) => outcome === "fled"));
  }
});

test("[OP19] who was joined anew when the last word comes loses like everybody else, and is not called back", () => {
  const world = open();
  enter(world, 1, 10, 10, { gold: 100 });
  const wraith = put(world, WRAITH, 12, 10, 20);
  challenge(world, 1, wraith);
  stepUntil(world, () => stateOf(world, 1) === BATTLE, 1);
  const room = roomOf(world, 1);
  // No call reaches anybody any more, only last words.
  world.isLost = ({ act }) => act.kind === actKinds.engaged;
  world.crashShard(0, { diesInTick: false });
  stepUntil(world, () => world.results.length === 1, 60);
  world.step(3);
  const [x, y] = placeOf(world, 1);
  assert.ok(isCommons(world.grid, x, y));
  assert.equal(world.find(1)!.member.player.gold, 95);
  world.isLost = () => false;
  call(world, 1, actKinds.engaged, room);
  world.step(2);
  assert.equal(stateOf(world, 1), IMMUNE);
});

test("[RW1] what a battle brings is granted with its result, and waits for who is away", () => {
  const world = open();
  enter(world, 1, 50, 50, { level: 5, experience: 1000 });
  const slime = put(world, SLIME, 52, 50);
  challenge(world, 1, slime);
  world.isLost = ({ grantId }) => grantId !== undefined;
  const { player } = world.find(1)!.member;
  while (world.results.length === 0) {
    assert.equal(world.store.waitingFor(player.playerId).length, 0);
    world.step();
  }
  assert.equal(world.store.waitingFor(player.playerId).length, 1);
  world.step(3);
  assert.equal(stateOf(world, 1), IMMUNE);
  assert.equal(player.experience, 1000);
  world.leave(1);
  world.join(1, world.store.rowOf(player), 50, 50);
  const { experience, gold } = world.results[0]!.fighters[1]!;
  assert.ok(experience > 0 && gold > 0);
  const back = world.find(1)!.member.player;
  assert.deepEqual([back.experience, back.gold], [1000 + experience, gold]);
  assert.equal(world.store.waitingFor(player.playerId).length, 0);
});

test("[OP20] who is back stands still, is left alone for a moment, and no state lasts", () => {
  for (const state of [FREE, ENGAGING, BATTLE, IMMUNE]) {
    const world = open();
    enter(world, 1, 50, 50);
    world.move(1, 127, 0);
    world.step();
    set(world, 1, state, { until: world.tick + HZ, room: state === BATTLE ? 5 : 0 });
    const place = placeOf(world, 1);
    world.restartProcess(world.entityRows());
    if (state === FREE) assert.equal(stateOf(world, 1), IMMUNE);
    world.step((IMMUNE_SECONDS - 1) * HZ);
    assert.deepEqual(placeOf(world, 1), place);
    world.step(SILENCE_SECONDS * HZ);
    assert.equal(stateOf(world, 1), FREE);
  }
});
