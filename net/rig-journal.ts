/**
 * The store's end of the gateway's lanes, for tests: a journal that keeps whole groups, says which of them are durable
 * only when asked to, and can tell a gateway that is started after it what was in those.
 */
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import {
  fromStore,
  type LoadedRecord,
  type SessionImage,
  writeLoaded,
  writeLoadFailed,
  writeRestoreEvent,
  writeSessionImage,
} from "../engine/lane/from-store.js";
import { LaneWriter } from "../engine/lane/lane.js";
import {
  type LoadRecord,
  type NetEndRecord,
  type RefusedRecord,
  readLoad,
  readNetEnd,
  readSessionEvent,
  readSessionOpened,
  readSessionProgress,
  readSessionRoom,
  type SessionEventRecord,
  toStore,
  writeRefused,
} from "../engine/lane/to-store.js";
import type { ControlBlock } from "../engine/memory/control-block.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import type { Wiring } from "../engine/wiring.js";

/** A record as it was on the lane. */
export interface JournalItem {
  readonly type: number;
  readonly payload: Uint8Array;
}

export interface RigGroup extends NetEndRecord {
  readonly items: readonly JournalItem[];
}

/** A session as it is kept, with the events that are owed. */
export interface KeptSession extends SessionImage {
  readonly events: readonly { readonly seq: number; readonly message: Uint8Array }[];
  /** What is not known to have been told. */
  readonly refusals?: readonly Omit<RefusedRecord, "session">[];
}

/** What survives a process. */
export interface Survivors {
  readonly sessions: readonly KeptSession[];
  readonly lastNumber: number;
}

export const nobodySurvived: Survivors = { sessions: [], lastNumber: 0 };

export class RigJournal {
  /** Whole groups, oldest first. */
  readonly groups: RigGroup[] = [];
  /** Loads in the order in which they came, and how many groups preceded each. */
  readonly loads: (LoadRecord & { readonly groupsBefore: number })[] = [];
  /** Numbers that the shards have settled, by session: their own groups, always durable here. */
  readonly settled = new Map<number, Set<number>>();
  readonly #control: ControlBlock;
  readonly #in: RingReader;
  readonly #net: LaneWriter;
  readonly #out = new ByteWriter();
  readonly #survivors: Survivors;
  #open: JournalItem[] = [];

  constructor(wiring: Wiring, control: ControlBlock, survivors: Survivors) {
    this.#control = control;
    this.#survivors = survivors;
    this.#in = new RingReader(wiring.lanes.netToStore);
    this.#net = new LaneWriter(new RingWriter(wiring.lanes.storeToNet), new Doorbell(wiring.doorbells.net), {
      outboxBytesMax: 50_000_000,
    });
  }

  /** Number of the last whole group; 0: none. */
  get last(): number {
    return this.groups.at(-1)?.group ?? 0;
  }

  get durable(): number {
    return Math.max(0, this.#control.durable(this.#control.netThread));
  }

  /** Tells the gateway who survived. */
  restore(): void {
    for (const session of this.#survivors.sessions) {
      this.#net.sendWriter(fromStore.restoreSession, writeSessionImage(this.#out, session));
      for (const { seq, message } of session.events) {
        const record = { session: session.session, seq, message };
        this.#net.sendWriter(fromStore.restoreEvent, writeRestoreEvent(this.#out, record));
      }
      for (const refusal of session.refusals ?? []) {
        const record = { session: session.session, ...refusal };
        this.#net.sendWriter(fromStore.restoreRefused, writeRefused(this.#out, record));
      }
    }
    this.#net.sendWriter(fromStore.sessionsRestored, this.#out.clear().u32(this.#survivors.lastNumber));
    this.flush();
  }

  flush(): void {
    this.#net.flush();
  }

  /** Reads at most so many records of what net wrote. */
  take(recordsMax = 1_000_000): void {
    this.#in.drain((type, at, length) => {
      const payload = this.#in.bytes.slice(at, at + length);
      if (type === toStore.load) {
        this.loads.push({ ...readLoad(new ByteReader(payload)), groupsBefore: this.groups.length });
      } else if (type === toStore.netEnd) {
        this.groups.push({ ...readNetEnd(new ByteReader(payload)), items: this.#open });
        this.#open = [];
      } else this.#open.push({ type, payload });
    }, recordsMax);
  }

  /** Whole groups up to this one are safe. */
  makeDurable(group = this.last): void {
    this.#control.setDurable(this.#control.netThread, group);
  }

  /** Everything there is of a type, group by group. */
  items(type: number): Uint8Array[] {
    return this.groups.flatMap(({ items }) =>
      items.filter((item) => item.type === type).map(({ payload }) => payload),
    );
  }

  events(): SessionEventRecord[] {
    return this.items(toStore.sessionEvent).map((payload) => readSessionEvent(new ByteReader(payload)));
  }

  loaded(record: LoadedRecord): void {
    this.#net.sendWriter(fromStore.loaded, writeLoaded(this.#out, record));
    this.flush();
  }

  loadFailed(record: LoadRecord): void {
    this.#net.sendWriter(fromStore.loadFailed, writeLoadFailed(this.#out, record));
    this.flush();
  }

  /** What a process that starts now would be told: whole groups up to this one, on top of what was told to this one. */
  survivors(upToGroup = this.durable): Survivors {
    const kept = new Map(this.#survivors.sessions.map((session) => [session.session, Kept.of(session)]));
    // A session whose opening was lost while a shard's group knows its number: nobody else is to be given it.
    let lastNumber = Math.max(this.#survivors.lastNumber, ...this.settled.keys());
    for (const { group, items } of this.groups) {
      if (group > upToGroup) break;
      for (const item of items) lastNumber = Math.max(lastNumber, replay(kept, item));
    }
    const sessions = [...kept.values()].map((session) =>
      session.image([...(this.settled.get(session.session) ?? [])]),
    );
    return { sessions, lastNumber };
  }

  /** A shard's group says that it has settled an intent. */
  settle(session: number, seq: number): void {
    const settled = this.settled.get(session) ?? new Set();
    this.settled.set(session, settled.add(seq));
  }
}

class Kept {
  readonly session: number;
  readonly playerId: string;
  readonly name: string;
  attachEpoch = 0;
  eventsAcked = 0;
  eventsLast = 0;
  intentsDurable = 0;
  settled: readonly number[] = [];
  events: { readonly seq: number; readonly message: Uint8Array }[] = [];
  readonly rooms = new Map<number, { isMember: boolean; roomSeq: number }>();

  constructor(opened: Pick<SessionImage, "session" | "playerId" | "name">) {
    this.session = opened.session;
    this.playerId = opened.playerId;
    this.name = opened.name;
  }

  static of(image: KeptSession): Kept {
    const kept = new Kept(image);
    const { attachEpoch, eventsAcked, eventsLast, intentsDurable, settled } = image;
    Object.assign(kept, { attachEpoch, eventsAcked, eventsLast, intentsDurable, settled });
    kept.events = [...image.events];
    for (const { roomId, isMember, roomSeq } of image.rooms) kept.rooms.set(roomId, { isMember, roomSeq });
    return kept;
  }

  room(roomId: number): { isMember: boolean; roomSeq: number } {
    const room = this.rooms.get(roomId) ?? { isMember: false, roomSeq: 0 };
    this.rooms.set(roomId, room);
    return room;
  }

  image(settled: readonly number[]): KeptSession {
    const { session, playerId, name, attachEpoch, eventsAcked, eventsLast, intentsDurable } = this;
    return {
      session,
      playerId,
      name,
      attachEpoch,
      eventsAcked,
      eventsLast,
      intentsDurable,
      settled: [...this.settled, ...settled].filter((seq) => seq > intentsDurable),
      rooms: [...this.rooms].map(([roomId, room]) => ({ roomId, ...room })),
      events: this.events.filter(({ seq }) => seq > eventsAcked),
    };
  }
}

/** Puts one record into effect. Returns the session's number if it opens one, else 0. */
function replay(kept: Map<number, Kept>, { type, payload }: JournalItem): number {
  const from = new ByteReader(payload);
  switch (type) {
    case toStore.sessionOpened: {
      const opened = readSessionOpened(from);
      if (!kept.has(opened.session)) kept.set(opened.session, new Kept(opened));
      return opened.session;
    }
    case toStore.sessionProgress: {
      const record = readSessionProgress(from);
      const session = kept.get(record.session);
      if (session === undefined) return 0;
      session.attachEpoch = Math.max(session.attachEpoch, record.attachEpoch);
      session.eventsAcked = Math.max(session.eventsAcked, record.eventsAcked);
      session.eventsLast = Math.max(session.eventsLast, session.eventsAcked);
      session.intentsDurable = Math.max(session.intentsDurable, record.intentsDurable);
      return 0;
    }
    case toStore.sessionEvent: {
      const record = readSessionEvent(from);
      const session = kept.get(record.session);
      if (session === undefined || record.seq <= session.eventsLast) return 0;
      session.eventsLast = record.seq;
      session.events.push({ seq: record.seq, message: record.message });
      if (record.roomId !== 0) session.room(record.roomId).roomSeq = record.roomSeq;
      return 0;
    }
    case toStore.sessionRoom: {
      const { session, roomId, isMember } = readSessionRoom(from);
      const known = kept.get(session);
      if (known !== undefined) known.room(roomId).isMember = isMember;
      return 0;
    }
    case toStore.sessionClosed:
      kept.delete(from.u32());
      return 0;
    default:
      throw new RangeError(`net writes no records of type ${type}`);
  }
}
