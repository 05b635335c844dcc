/**
 * What auto battles themselves cost: thousands at once, every one of them ticking. The schedule and the lanes around
 * them are the shard's, and are measured there.
 */

import { encodeBattleOptions } from "../../games/battle/acts.js";
import { battle } from "../../games/battle/battle.js";
import { PERSON, speciesTable } from "../../games/battle/tables.js";
import { fighterOf } from "../../games/testing/bodies.js";
import { TestRoom } from "../../games/testing/test-room.js";
import { testTables } from "../../games/testing/test-tables.js";
import { type BenchOptions, type Measured, measuredOf } from "../measured.js";

const MICROSECONDS_MAX = 50;
const BYTES_MAX = 8192;
const species = testTables.rows(speciesTable);
/** Every battle is still going on after this many ticks. */
const TICKS = 50;

/** One person against one to three creatures, as the open world opens them. */
function openBattle(index: number): TestRoom {
  const room = new TestRoom(battle, { roomId: index + 1, cell: index % 500, seed: index * 2654435761 });
  room.isRecording = false;
  const kind = 1 + (index % (species.length - 2));
  const fighters = [{ side: 0, fighter: fighterOf(index + 1, PERSON, 10) }];
  for (let count = 1 + (index % 3); count > 0; count--)
    fighters.push({ side: 1, fighter: fighterOf(0, kind, 10) });
  room.room.onCreate?.(encodeBattleOptions({ isAuto: true, host: 1, fighters }));
  const { playerId, name, level, entity, cell } = fighters[0]!.fighter;
  room.join(index + 1, { playerId, name, level, entityId: entity, cell });
  return room;
}

function heapBytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

export function run(options: BenchOptions): Promise<Measured[]> {
  const count = options.smoke ? 100 : 5000;
  const label = `${count} auto battles at once`;
  // Warm: the figures are those of a server that has run for a while.
  for (let index = 0; index < 200; index++) {
    const room = openBattle(index);
    while (room.isOpen) room.step();
  }
  const before = heapBytes();
  const rooms = Array.from({ length: count }, (_, index) => openBattle(index));
  const bytes = (heapBytes() - before) / count;
  const perTick: number[] = [];
  let open = 0;
  for (let tick = 0; tick < TICKS; tick++) {
    const start = process.hrtime.bigint();
    for (const room of rooms) room.step();
    perTick.push(Number(process.hrtime.bigint() - start) / 1000 / count);
    open = rooms.filter((room) => room.isOpen).length;
  }
  const each = { suite: "games/battle", case: `${label}, ${open} of them to the end` };
  return Promise.resolve([
    measuredOf({
      ...each,
      subject: "tick",
      rounds: perTick.map((us) => ({ usPerRoomTick: us })),
      wants: [{ figure: "usPerRoomTick", atMost: MICROSECONDS_MAX }],
    }),
    measuredOf({
      ...each,
      subject: "worst of all ticks",
      rounds: [{ usPerRoomTick: Math.max(...perTick) }],
      wants: [{ figure: "usPerRoomTick", atMost: MICROSECONDS_MAX }],
    }),
    // Without --expose-gc the difference of two heaps says nothing.
    ...(globalThis.gc === undefined
      ? []
      : [
          measuredOf({
            ...each,
            subject: "memory",
            rounds: [{ bytesEach: bytes }],
            wants: [{ figure: "bytesEach", atMost: BYTES_MAX }],
          }),
        ]),
  ]);
}
