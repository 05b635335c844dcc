/** A room type that is watched: every call of its hooks, with a hash of the room behind it. For tests. */
import { AssertionFailed } from "../engine/assert.js";
import { ByteWriter, type Room, type RoomContext, type RoomType } from "../engine/room/game.js";

/** One call of a room's hook, and the room behind it. */
export interface HookCall {
  readonly hook: string;
  /** Ticks that the room had made. */
  readonly tick: number;
  /** Hash of its checkpoint and its members. */
  readonly state: number;
}

/** Where calls are written down, so that no thread can lose them. */
export interface Probe {
  /** `number` counts the room's calls over all its lives. */
  onCall(roomId: number, number: number, call: HookCall, isReplaying: boolean): void;
  /** Whether the thread is to die in this very call. */
  isDoomed(): boolean;
}

/** What the thread that was doomed dies of. */
export class DeathInRoom extends AssertionFailed {}

export function probedRoom(type: RoomType, probe: Probe): RoomType {
  return { ...type, create: (context) => probed(type.create(context), context, probe) };
}

function probed(room: Room, context: RoomContext, probe: Probe): Room {
  const out = new ByteWriter(1024);
  let calls = 0;
  const note = (hook: string): void => {
    calls++;
    room.checkpoint?.(out.clear());
    for (const { session, isSuspended } of context.members.values()) out.u32(session).u8(isSuspended ? 1 : 0);
    const state = hashOf(out.bytes());
    const { isReplaying } = context as RoomContext & { readonly isReplaying: boolean };
    probe.onCall(context.roomId, calls, { hook, tick: context.tick, state }, isReplaying);
    if (!isReplaying && probe.isDoomed()) throw new DeathInRoom("the thread dies here");
  };
  return {
    onCreate: (options) => {
      room.onCreate?.(options);
      note("onCreate");
    },
    onJoin: (member) => {
      room.onJoin?.(member);
      note(`onJoin ${member.session}`);
    },
    onDrop: (member) => {
      room.onDrop?.(member);
      note(`onDrop ${member.session}`);
    },
    onReconnect: (member) => {
      room.onReconnect?.(member);
      note(`onReconnect ${member.session}`);
    },
    onLeave: (member) => {
      room.onLeave?.(member);
      note(`onLeave ${member.session}`);
    },
    onIntent: (member, intent) => {
      room.onIntent?.(member, intent);
      note(`onIntent ${member.session} ${intent.seq}`);
    },
    onAct: (act) => {
      room.onAct?.(act);
      note(`onAct ${act.kind} of ${act.fromEntity}`);
    },
    onTick: () => {
      room.onTick?.();
      note("onTick");
    },
    onTimer: (id) => {
      room.onTimer?.(id);
      note(`onTimer ${id}`);
    },
    onDispose: () => room.onDispose?.(),
    checkpoint: (to) => {
      room.checkpoint?.(to.u32(calls));
    },
    restore: (from) => {
      calls = from.u32();
      room.restore?.(from);
    },
  };
}

/** FNV-1a over two halves of 24 bits: one number that a change in any byte changes. */
function hashOf(bytes: Uint8Array): number {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let at = 0; at < bytes.length; at++) {
    low = Math.imul(low ^ bytes[at]!, 0x01000193);
    high = Math.imul(high ^ bytes[at]!, 0x85ebca6b) + low;
  }
  return (low >>> 8) * 0x100_0000 + ((high >>> 8) & 0xff_ffff);
}
