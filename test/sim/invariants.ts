/** What must hold: at every tick, when everything has come to rest, and when everybody has left. */
import { ringStats } from "../../engine/memory/spsc-ring.js";
import { netMetric } from "../../engine/metrics.js";
import { NO_ROW, ROW_USED } from "../../engine/room/entity-table.js";
import { isCreatureId } from "../../engine/room/game.js";
import { POSITION_UNITS } from "../../engine/wire/message-types.js";
import type { Shard } from "../../shards/shard.js";
import type { Fail, GameRecord } from "./game-record.js";
import type { SimPlayer } from "./sim-player.js";
import type { SimProcess } from "./sim-process.js";
import type { SimServer } from "./sim-server.js";

export interface Stage {
  readonly server: SimServer;
  readonly players: readonly SimPlayer[];
  readonly record: GameRecord;
  /** Shards may die in this run: for a moment there may be an older copy beside the one that counts. */
  readonly hasDeaths: boolean;
  /** Of the simulated clock. */
  readonly nowMs: number;
}

/** Calls `each` for the rows a shard owns. */
function eachReal(shard: Shard, each: (row: number, id: number) => void): void {
  const { entities } = shard.field;
  for (let row = 0; row < entities.capacity; row++) {
    if ((entities.flags[row]! & ROW_USED) !== 0 && !entities.isGhost(row)) each(row, entities.id[row]!);
  }
}

/** Cheap, and true at every instant. */
export function checkTick(stage: Stage, fail: Fail): void {
  const { server, hasDeaths } = stage;
  const epochs = new Map<number, number>();
  server.process?.shards.forEach((shard, number) => {
    if (shard === undefined) return;
    for (const member of shard.field.members.values()) {
      const { session, joinEpoch, row } = member;
      const other = epochs.get(session);
      if (other !== undefined && (other === joinEpoch || !hasDeaths)) {
        fail(`session ${session} is on shard ${number} and on another (join epoch ${joinEpoch})`);
      }
      epochs.set(session, joinEpoch);
      const { entities } = shard.field;
      if (entities.id[row] !== session || entities.isGhost(row)) fail(`member ${session} has lost its row`);
    }
  });
  if (server.transport.bufferedBytesMost > server.transport.options.bufferedBytesMax + 4096) {
    fail(`${server.transport.bufferedBytesMost} bytes are buffered for one connection`);
  }
}

/** Dearer: every real entity is somewhere once. */
export function checkEntities(stage: Stage, fail: Fail): void {
  const { process } = stage.server;
  if (stage.hasDeaths || process === null) return;
  const problem = doubledEntity(process);
  if (problem !== null) fail(problem);
}

function doubledEntity(process: SimProcess): string | null {
  const owners = new Map<number, number>();
  let problem: string | null = null;
  process.shards.forEach((shard, number) => {
    if (shard === undefined) return;
    eachReal(shard, (_row, id) => {
      const other = owners.get(id);
      if (other !== undefined) problem ??= `entity ${id} is on shards ${other} and ${number}`;
      owners.set(id, number);
    });
  });
  return problem;
}

/** Why the server is not at rest with everybody in it, or null. Time has stopped for the game: see GameRecord.isStill. */
export function unrest(stage: Stage): string | null {
  const { server, players } = stage;
  const waiting = players.find((player) => !player.isLive);
  if (waiting !== undefined) return `${waiting.name} is ${waiting.client.state.kind}`;
  const busy = players.find((player) => player.client.stats().intentsWaiting > 0);
  if (busy !== undefined) return `${busy.name} has ${busy.client.stats().intentsWaiting} intents waiting`;
  const { process } = server;
  if (process === null) return "the server is down";
  const undurable = notDurable(process);
  if (undurable !== null) return undurable;
  if (process.shards.some((shard) => shard === undefined)) return "a shard is down";
  return (
    countsDiffer(stage, process) ??
    doubledEntity(process) ??
    creaturesDiffer(stage, process) ??
    sightDiffers(stage, process) ??
    untold(stage)
  );
}

function countsDiffer({ server, players }: Stage, process: SimProcess): string | null {
  const members = process.shards.reduce((sum, shard) => sum + shard!.field.members.size, 0);
  const { net } = process.counters;
  const counts = {
    sessions: process.gateway.sessionCount,
    live: net.get(netMetric.sessions_live),
    suspended: players.length + net.get(netMetric.sessions_suspended),
    connections: server.transport.connectionCount,
    members,
  };
  for (const [name, count] of Object.entries(counts)) {
    if (count !== players.length) return `${name}: ${count} of ${players.length}`;
  }
  for (const { name, witness } of players) {
    const holders = process.shards.filter((shard) => shard!.field.members.has(witness.session));
    if (holders.length !== 1) return `${name}, session ${witness.session}, is on ${holders.length} shards`;
  }
  return null;
}

function creaturesDiffer({ server }: Stage, process: SimProcess): string | null {
  let creatures = 0;
  for (const shard of process.shards) {
    eachReal(shard!, (_row, id) => {
      if (isCreatureId(id)) creatures++;
    });
  }
  return creatures === server.grid.cellCount ? null : `${creatures} creatures of ${server.grid.cellCount}`;
}

/** Everything that every client has in sight is what stands there, and nothing else. */
function sightDiffers({ server, players, nowMs }: Stage, process: SimProcess): string | null {
  for (const { name, client, witness } of players) {
    const { world } = client;
    world.sweep(nowMs);
    if (world.framesStray > 0) return `${name} heard ${world.framesStray} stray frames`;
    const seen = new Set<number>();
    for (const [cell, { hasKeyframe, slots }] of witness.cells) {
      if (!hasKeyframe || !world.knows(cell)) return `${name} has no keyframe of cell ${cell}`;
      for (const id of slots.values()) {
        if (seen.has(id)) return `${name} sees entity ${id} in two cells`;
        seen.add(id);
      }
      const problem = cellDiffers({ server, process, cell, slots, client });
      if (problem !== null) return `${name}: ${problem}`;
    }
    const own = world.entities.get(witness.session);
    if (own === undefined || own.cell !== world.center) return `${name} does not see itself in the center`;
    for (const entity of world.entities.values()) {
      if (!seen.has(entity.id)) return `${name} shows entity ${entity.id}, which is nowhere in sight`;
    }
  }
  return null;
}

function cellDiffers(parts: {
  readonly server: SimServer;
  readonly process: SimProcess;
  readonly cell: number;
  readonly slots: ReadonlyMap<number, number>;
  readonly client: SimPlayer["client"];
}): string | null {
  const { server, process, cell, slots, client } = parts;
  const { entities } = process.shards[process.ownership.owner(cell)]!.field;
  const ids = new Set(slots.values());
  const step = (server.grid.cellSizeMeters * 2) / POSITION_UNITS;
  let count = 0;
  for (let row = entities.first[cell]!; row !== NO_ROW; row = entities.next[row]!) {
    if (entities.isGhost(row)) continue;
    count++;
    const id = entities.id[row]!;
    if (!ids.has(id)) return `cell ${cell} has entity ${id}, which is not shown`;
    const shown = client.world.entities.get(id);
    if (shown?.cell !== cell) return `the library has entity ${id} in cell ${shown?.cell}, not ${cell}`;
    if (Math.abs(shown.x - entities.x[row]!) > step || Math.abs(shown.y - entities.y[row]!) > step) {
      return `entity ${id} is shown at ${shown.x}, ${shown.y}, not ${entities.x[row]}, ${entities.y[row]}`;
    }
    if (!isCreatureId(id) && shown.name === "") return `the name of ${id} is not known`;
  }
  return count === ids.size ? null : `cell ${cell} shows ${ids.size} entities of ${count}`;
}

/** What was told to a session and has not reached its client. */
function untold({ players, record }: Stage): string | null {
  for (const { name, witness } of players) {
    if (witness.lossy > 0) continue;
    for (const [stream, count] of record.of(witness.session).told) {
      if (!record.isStreamAlive(stream)) continue;
      const heard = witness.told.get(stream) ?? 0;
      if (heard !== count) return `${name} heard ${heard} of ${count} events of stream ${stream}`;
    }
    const problem = record.durable.untold(witness.session, witness.lasting);
    if (problem !== null) return `${name}: ${problem}`;
  }
  return null;
}

/** At rest: facts that no waiting would mend. */
export function checkRest(stage: Stage, fail: Fail): void {
  const { server, players, record, hasDeaths } = stage;
  record.durable.checkRooms();
  for (const { name, witness, client } of players) {
    const { session } = witness;
    const { applied, appliedBefore, appliedSinceJoin } = record.of(session);
    const shard = server.process!.shards.find((one) => one!.field.members.has(session))!;
    const row = shard.field.members.get(session)!.row;
    const counted = shard.field.entities.column("applied", "u32")[row]!;
    if (!hasDeaths && counted !== appliedSinceJoin) {
      fail(`${name}: ${appliedSinceJoin} intents took effect, its entity knows of ${counted}`);
    }
    const last = Math.max(client.welcome!.intentsApplied, ...applied);
    const told = record.refused.get(session);
    for (let seq = 1; witness.lossy === 0 && seq <= last; seq++) {
      if (applied.has(seq) || appliedBefore.has(seq) || told?.has(seq) === true) continue;
      if (!record.durable.knows(session, seq) && !record.durable.mayBeRefused(session, seq)) {
        fail(`${name}: intent ${seq} of session ${session} neither took effect nor was refused`);
      }
    }
  }
}

/** Why something of those who have left is still there, or null. */
export function remains(stage: Stage): string | null {
  const { server } = stage;
  const { process } = server;
  if (process === null) return "the server is down";
  if (process.gateway.sessionCount > 0) return `${process.gateway.sessionCount} sessions`;
  const { connectionCount } = server.transport;
  if (connectionCount > 0) {
    return `${connectionCount} connections`;
  }
  for (let number = 0; number < process.shards.length; number++) {
    const shard = process.shards[number];
    if (shard === undefined) return "a shard is down";
    const { field, rooms } = shard;
    if (field.members.size > 0) return `${field.members.size} members on shard ${number}`;
    if (field.awakeCount > 0) return `${field.awakeCount} cells awake on shard ${number}`;
    if (rooms.count > 0) return `${rooms.count} rooms on shard ${number}`;
    if (field.publisher.isOwing) return `shard ${number} owes keyframes`;
    if (process.control.isTicking(number)) return `shard ${number} ticks`;
  }
  return (
    pendingOnLanes(process) ??
    pendingAtStore(server, process) ??
    doubledEntity(process) ??
    creaturesDiffer(stage, process)
  );
}

function pendingOnLanes({ wiring }: SimProcess): string | null {
  const { toShard, toNet, toStore, netToStore, storeToNet, storeToShard, toPeer } = wiring.lanes;
  const lanes = {
    toShard,
    toNet,
    toStore,
    netToStore: [netToStore],
    storeToNet: [storeToNet],
    storeToShard,
    toPeer: toPeer.flat(),
  };
  for (const [name, rings] of Object.entries(lanes)) {
    for (const ring of rings) {
      if (ring !== null && ringStats(ring).depth > 0)
        return `${ringStats(ring).depth} bytes on a lane ${name}`;
    }
  }
  return null;
}

function notDurable({ journal, control }: SimProcess): string | null {
  const { durablePosition, lastPosition } = journal!;
  if (durablePosition < lastPosition) return `${lastPosition - durablePosition} records are not durable`;
  return control.journalState === "accepting" ? null : `the journal is ${control.journalState}`;
}

function pendingAtStore(server: SimServer, process: SimProcess): string | null {
  const { batcher, image } = process.persistence!;
  const undurable = notDurable(process);
  if (undurable !== null) return undurable;
  if (image.sessions.size > 0) return `${image.sessions.size} sessions are kept for a restore`;
  if (image.rooms.size > 0) return `${image.rooms.size} rooms are kept for a restore`;
  if (!batcher.isIdle) return `${batcher.pending} rows wait for the store`;
  return server.callsUnderWay > 0 ? "the store is asked something" : null;
}

/** The end: what the store has is what the shards said last. */
export function checkStore(stage: Stage, fail: Fail): void {
  const { server, players, record, hasDeaths } = stage;
  if (server.process!.persistence!.batcher.rejectedRows > 0) fail("rows were set aside");
  for (const [playerId, emitted] of server.tap.newest) {
    const stored = server.stored(playerId);
    if (JSON.stringify(stored) !== JSON.stringify(emitted)) {
      fail(`the store has ${JSON.stringify(stored)} and the last row said ${JSON.stringify(emitted)}`);
    }
  }
  record.durable.checkLedger(server);
  for (const { name, playerId } of players) {
    const gold = server.stored(playerId)?.gold ?? 0;
    const earned = record.earnedBy(playerId);
    if (gold > earned || (gold < earned && !hasDeaths)) fail(`${name} earned ${earned} and has ${gold}`);
  }
}
