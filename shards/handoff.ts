/**
 * Moving an entity to the shard that owns the cell it walked into: offered → frozen → moved → released
 * (docs/ARCHITECTURE.md, handoff). The source packs the entity, takes its row out and keeps the bytes until the target
 * has answered; what net still sends here for the session is held, then forwarded in order, a marker last. Either side
 * may die at any step: the source takes back what a target declined, and creatures that a dead one never accepted. A
 * member whose target died it gives up: the dead one may have saved it, so net loads it anew from what the journal has.
 */
import { assert, unreachable } from "../engine/assert.js";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { toNet } from "../engine/lane/to-net.js";
import {
  type HandoffRecord,
  readForward,
  readHandoff,
  toPeer,
  writeForward,
  writeHandoff,
} from "../engine/lane/to-peer.js";
import { toShard } from "../engine/lane/to-shard.js";
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import { decodePlayer, encodePlayer } from "../engine/player.js";
import { NO_ROW } from "../engine/room/entity-table.js";
import { homeCellOf, isCreatureId } from "../engine/room/game.js";
import type { FieldHost } from "./field-host.js";
import { type HeldRecord, holdRefused, Member, refusedIn } from "./member.js";
import type { PeerLinks } from "./peer-links.js";

/** An entity on its way out. */
interface Departure {
  readonly record: HandoffRecord;
  readonly peer: number;
  /** offered: frozen here until the peer answers. moved: the peer has it; net's marker is still to come. */
  state: "offered" | "moved";
  readonly held: HeldRecord[];
  isMarked: boolean;
}

const FORWARDING_MAX = 8192;
/**
 * An offer that another shard made before it let go may still be on its lane, which is read within a few duty cycles: more
 * than net can send in these must be remembered, joins included.
 */
const EVICTED_MAX = 65_536;

/** Applies a record of net to a member that is here: the shard's. */
export type ApplyRecord = (member: Member, record: HeldRecord) => void;
/** Tells a session that too many intents are held for it. */
export type RefuseIntent = (session: number, intent: HeldRecord) => void;

export class Handoff {
  readonly #shard: number;
  readonly #field: FieldHost;
  readonly #peers: PeerLinks;
  readonly #counters: Counters;
  readonly #intentsMax: number;
  readonly #ownerOf: (cell: number) => number;
  readonly #apply: ApplyRecord;
  readonly #refuse: RefuseIntent;
  readonly #departures = new Map<number, Departure>();
  /** Where entities went that were here: for messages still addressed to this shard. Oldest first, bounded. */
  readonly #forwarding = new Map<number, number>();
  /** Latest joinEpoch net has evicted copies below, per session. Oldest first, bounded. */
  readonly #evictedBelow = new Map<number, number>();
  /** Own creatures that are with another shard. */
  readonly #away = new Map<number, number>();

  constructor(options: {
    readonly shard: number;
    readonly field: FieldHost;
    readonly peers: PeerLinks;
    readonly counters: Counters;
    readonly intentsMax: number;
    readonly ownerOf: (cell: number) => number;
    readonly apply: ApplyRecord;
    readonly refuse: RefuseIntent;
  }) {
    this.#shard = options.shard;
    this.#field = options.field;
    this.#peers = options.peers;
    this.#counters = options.counters;
    this.#intentsMax = options.intentsMax;
    this.#ownerOf = options.ownerOf;
    this.#apply = options.apply;
    this.#refuse = options.refuse;
  }

  /** Entities offered and not answered: the shard stays awake for them. */
  get isPending(): boolean {
    return this.#departures.size > 0;
  }

  /** Where an entity that is not here may be, or -1. */
  whereIs(entityId: number): number {
    return this.#departures.get(entityId)?.peer ?? this.#forwarding.get(entityId) ?? -1;
  }

  // ---- the source ------------------------------------------------------------------------------------------

  /** Offers the entity in a row to the owner of `cell` and freezes it: from here on it exists as bytes alone. */
  offer(row: number, cell: number): void {
    const { entities, members } = this.#field;
    const peer = this.#ownerOf(cell);
    const entityId = entities.id[row]!;
    const member = members.get(entityId);
    // Lines of the ledger do not travel: they are kept with the row as it is now.
    if (member !== undefined && member.lines.length > 0) this.#field.storeMember(member);
    const packed = new ByteWriter();
    entities.packRow(row, packed);
    const record: HandoffRecord = {
      entityId,
      cell,
      session: member?.session ?? 0,
      joinEpoch: member?.joinEpoch ?? 0,
      isSuspended: member?.isSuspended ?? false,
      applied: member?.applied ?? 0,
      player: member === undefined ? new Uint8Array() : encodePlayer(member.player).bytes(),
      row: packed.bytes(),
      grantsTaken: member?.grantsTaken ?? [],
    };
    if (member !== undefined) members.delete(member.session);
    this.#field.removeRow(row, cell);
    this.#departures.set(entityId, { record, peer, state: "offered", held: [], isMarked: false });
    writeHandoff(this.#peers.begin(peer), record);
    this.#peers.send(peer, toPeer.handoff);
    this.#counters.add(shardMetric.handoffs_offered_total);
  }

  /** Takes a record of net for a session that is leaving or has left; false when it never was here. */
  takeRecord(session: number, record: HeldRecord): boolean {
    const departure = this.#departures.get(session);
    if (departure === undefined) return false;
    if (record.type === toShard.routeMarker) {
      departure.isMarked = true;
      if (departure.state === "moved") this.#release(departure);
    } else if (departure.state === "moved") {
      this.#forward(departure, record);
    } else if (departure.held.length >= this.#intentsMax && record.type === toShard.intent) {
      this.#refuse(session, record);
      holdRefused(departure.held, record);
    } else {
      departure.held.push({ type: record.type, payload: record.payload.slice() });
    }
    return true;
  }

  onAccepted(peer: number, entityId: number): void {
    const departure = this.#departures.get(entityId);
    if (departure?.peer !== peer || departure.state !== "offered") return;
    this.#counters.add(shardMetric.handoffs_released_total);
    remember(this.#forwarding, entityId, peer, FORWARDING_MAX);
    departure.state = "moved";
    for (const record of departure.held) this.#forward(departure, record);
    departure.held.length = 0;
    if (departure.record.session === 0) this.#departures.delete(entityId);
    else if (departure.isMarked) this.#release(departure);
  }

  onDeclined(peer: number, entityId: number): void {
    const departure = this.#departures.get(entityId);
    if (departure?.peer === peer && departure.state === "offered") this.#takeBack(departure);
  }

  #forward(departure: Departure, record: HeldRecord): void {
    writeForward(this.#peers.begin(departure.peer), { session: departure.record.session, ...record });
    this.#peers.send(departure.peer, toPeer.forward);
  }

  #release(departure: Departure): void {
    this.#peers.begin(departure.peer).u32(departure.record.session);
    this.#peers.send(departure.peer, toPeer.marker);
    this.#departures.delete(departure.record.entityId);
  }

  /**
   * The target died before its answer: it may have taken the member over and saved it, which nobody living remembers. What
   * is here is older than that perhaps, so it is given up, and net has the player loaded from behind what both have written.
   * What was held for it is refused by net, which knows what was never settled; what was refused here is not refused again.
   */
  #setAdrift(departure: Departure): void {
    const { session, joinEpoch, entityId, cell } = departure.record;
    this.#departures.delete(entityId);
    this.#counters.add(shardMetric.handoffs_adrift_total);
    if (this.#isEvicted(session, joinEpoch)) return;
    const refused = departure.held.flatMap(refusedIn);
    this.#field.sayAdrift({ session, joinEpoch, entityId, cell, refused });
  }

  /** The target will not have it, or has died: the entity stays, just inside the border. */
  #takeBack(departure: Departure): void {
    const { record } = departure;
    this.#departures.delete(record.entityId);
    this.#counters.add(shardMetric.handoffs_returned_total);
    if (this.#isEvicted(record.session, record.joinEpoch)) return;
    const cell = this.#nearestOwnCell(record.cell);
    if (cell < 0) return;
    const row = this.#field.unpackRow(new ByteReader(record.row), cell);
    this.#moveInside(row, cell);
    if (record.session === 0) return;
    const member = this.#seat(record, row);
    this.#field.sayMember(toNet.memberCell, member);
    for (const held of departure.held) this.#apply(member, held);
  }

  // ---- the target ------------------------------------------------------------------------------------------

  onOffer(peer: number, from: ByteReader, senderIncarnation: number): void {
    const record = readHandoff(from);
    const { entities, members } = this.#field;
    const there = entities.rowOf(record.entityId);
    const isHere = there !== NO_ROW && !entities.isGhost(there);
    if (entities.isFull && there === NO_ROW) {
      this.#answer(peer, toPeer.declined, record.entityId);
      return;
    }
    if (record.session !== 0 && this.#isEvicted(record.session, record.joinEpoch)) {
      this.#answer(peer, toPeer.accepted, record.entityId);
      return;
    }
    if (isHere) {
      const member = members.get(record.session);
      // A repeated offer changes nothing; a newer presence of the session replaces the older.
      if (member !== undefined && member.joinEpoch < record.joinEpoch) this.#field.drop(member);
      else {
        this.#answer(peer, toPeer.accepted, record.entityId);
        return;
      }
    }
    const row = this.#field.unpackRow(new ByteReader(record.row), record.cell);
    this.#forwarding.delete(record.entityId);
    this.#counters.add(shardMetric.handoffs_accepted_total);
    if (record.session !== 0) {
      const member = this.#seat(record, row);
      if (senderIncarnation === this.#peers.knownIncarnation(peer)) member.awaitsMarkerOf = peer;
      this.#field.sayMember(toNet.memberMoved, member);
    } else {
      this.#tellHome(record.entityId);
    }
    this.#answer(peer, toPeer.accepted, record.entityId);
  }

  onForward(from: ByteReader): void {
    const { session, type, payload } = readForward(from);
    const member = this.#field.members.get(session);
    if (member !== undefined) this.#apply(member, { type, payload });
    else if (!this.takeRecord(session, { type, payload })) {
      this.#counters.add(shardMetric.records_stale_total);
    }
  }

  onMarker(peer: number, session: number): void {
    const member = this.#field.members.get(session);
    if (member?.awaitsMarkerOf === peer) this.#stopWaiting(member);
  }

  /** The old shard has said its last: what net sent directly may be applied. */
  #stopWaiting(member: Member): void {
    member.awaitsMarkerOf = -1;
    for (const record of member.held.splice(0)) this.#apply(member, record);
  }

  #answer(peer: number, type: number, entityId: number): void {
    this.#peers.begin(peer).u32(entityId);
    this.#peers.send(peer, type);
  }

  #seat(record: HandoffRecord, row: number): Member {
    const { session, joinEpoch, isSuspended, applied, grantsTaken } = record;
    const player = decodePlayer(new ByteReader(record.player));
    const member = new Member({ session, joinEpoch, isSuspended, applied, player, row, grantsTaken });
    this.#field.members.set(session, member);
    return member;
  }

  // ---- creatures away from home ----------------------------------------------------------------------------

  #tellHome(entityId: number): void {
    const home = this.#ownerOf(homeCellOf(entityId));
    if (home === this.#shard) {
      this.#away.delete(entityId);
      return;
    }
    this.#peers.begin(home).u32(entityId);
    this.#peers.send(home, toPeer.away);
  }

  onAway(peer: number, entityId: number): void {
    const row = this.#field.entities.rowOf(entityId);
    const isHome = row !== NO_ROW && !this.#field.entities.isGhost(row);
    if (isHome) {
      this.#peers.begin(peer).u32(entityId);
      this.#peers.send(peer, toPeer.recall);
    } else {
      this.#away.set(entityId, peer);
    }
  }

  onRecall(entityId: number): void {
    const row = this.#field.entities.rowOf(entityId);
    if (row !== NO_ROW && !this.#field.entities.isGhost(row)) this.#field.removeRow(row);
  }

  // ---- loss ------------------------------------------------------------------------------------------------

  /** A neighbour was restarted with nothing: no answer will come to what was offered to it, and no marker. */
  peerLost(peer: number): void {
    for (const departure of [...this.#departures.values()]) {
      if (departure.peer !== peer) continue;
      switch (departure.state) {
        case "offered":
          if (departure.record.session === 0) this.#takeBack(departure);
          else this.#setAdrift(departure);
          break;
        case "moved":
          // Net knows where the session was and joins it anew.
          this.#departures.delete(departure.record.entityId);
          break;
        default:
          unreachable(departure.state);
      }
    }
    for (const member of this.#field.members.values()) {
      if (member.awaitsMarkerOf === peer) this.#stopWaiting(member);
    }
    for (const [entityId, shard] of [...this.#forwarding])
      if (shard === peer) this.#forwarding.delete(entityId);
    this.#sendStraysHome(peer);
    for (const [entityId, shard] of [...this.#away]) {
      if (shard !== peer) continue;
      this.#away.delete(entityId);
      this.#field.creatureLost(entityId);
    }
  }

  /** The restarted shard populates its cells anew: its creatures that are here would be there twice. */
  #sendStraysHome(peer: number): void {
    const { entities } = this.#field;
    for (let cell = 0; cell < entities.first.length; cell++) {
      for (let row = entities.first[cell]!; row !== NO_ROW; ) {
        const next = entities.next[row]!;
        const id = entities.id[row]!;
        if (isCreatureId(id) && !entities.isGhost(row) && this.#ownerOf(homeCellOf(id)) === peer) {
          this.#field.removeRow(row);
        }
        row = next;
      }
    }
  }

  /** Net has, or will have, a newer presence of the session elsewhere: no older copy here may live, arrive or come back. */
  evict(session: number, joinEpoch: number): void {
    remember(this.#evictedBelow, session, joinEpoch, EVICTED_MAX);
    const member = this.#field.members.get(session);
    if (member !== undefined && member.joinEpoch < joinEpoch) this.#field.drop(member);
    const departure = this.#departures.get(session);
    if (departure !== undefined && departure.record.joinEpoch < joinEpoch) this.#departures.delete(session);
  }

  #isEvicted(session: number, joinEpoch: number): boolean {
    return session !== 0 && joinEpoch < (this.#evictedBelow.get(session) ?? 0);
  }

  // ---- places ----------------------------------------------------------------------------------------------

  #nearestOwnCell(cell: number): number {
    const { grid } = this.#field;
    const column = cell % grid.widthCells;
    const row = Math.floor(cell / grid.widthCells);
    let best = -1;
    let bestDistance = Number.POSITIVE_INFINITY;
    for (let other = 0; other < grid.cellCount; other++) {
      if (this.#ownerOf(other) !== this.#shard) continue;
      const distance =
        Math.abs((other % grid.widthCells) - column) + Math.abs(Math.floor(other / grid.widthCells) - row);
      if (distance < bestDistance) {
        best = other;
        bestDistance = distance;
      }
    }
    return best;
  }

  #moveInside(row: number, cell: number): void {
    const { grid, entities } = this.#field;
    const size = grid.cellSizeMeters;
    const left = (cell % grid.widthCells) * size;
    const top = Math.floor(cell / grid.widthCells) * size;
    const margin = size / 256;
    entities.x[row] = Math.min(Math.max(entities.x[row]!, left + margin), left + size - margin);
    entities.y[row] = Math.min(Math.max(entities.y[row]!, top + margin), top + size - margin);
    assert(this.#ownerOf(entities.cell[row]!) === this.#shard, "what was taken back stands in an own cell");
  }
}

/** Sets a key and forgets the oldest past the bound. */
function remember(map: Map<number, number>, key: number, value: number, countMax: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > countMax) map.delete(map.keys().next().value!);
}
