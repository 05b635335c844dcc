/**
 * What the durable rooms of a shard hand to the journal: the inputs of each tick, one record for each room that had any,
 * and now and then the whole room. A room's checkpoint stands behind the inputs of its tick.
 */
import { AssertionFailed } from "../engine/assert.js";
import { ByteWriter } from "../engine/lane/bytes.js";
import { limits } from "../engine/limits.js";
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import type { Outlet } from "./outlet.js";
import { writeRoomCheckpoint } from "./room-checkpoint.js";
import type { RoomHost } from "./room-host.js";
import { inputBytesMax, type RoomInput, TICKED_BYTES, writeRoomInput, writeTicked } from "./room-inputs.js";
import type { Schedule } from "./schedule.js";

/** Bytes of a record of inputs around them, on the way out and on the way back. */
const RECORD_HEAD_BYTES = 32;
/** Writers kept for the next tick. */
const SPARE_MAX = 4096;

export class RoomJournal {
  readonly #outlet: Outlet;
  readonly #counters: Counters;
  readonly #schedule: Schedule;
  readonly #inputBytesMax: number;
  readonly #periodTicks: number;
  readonly #open: RoomHost[] = [];
  readonly #spare: ByteWriter[] = [];
  readonly #out = new ByteWriter(limits.roomCheckpointBytesMax);

  constructor(options: {
    readonly outlet: Outlet;
    readonly counters: Counters;
    readonly schedule: Schedule;
    /** World ticks within which every room that changes is checkpointed. */
    readonly periodTicks: number;
  }) {
    this.#outlet = options.outlet;
    this.#counters = options.counters;
    this.#schedule = options.schedule;
    this.#inputBytesMax = options.outlet.store.ring.recordLengthMax - RECORD_HEAD_BYTES;
    this.#periodTicks = options.periodTicks;
  }

  /** Whether there is room for it: what a game says at greater length than any record is the game's mistake. */
  takes(input: RoomInput): boolean {
    return inputBytesMax(input) <= this.#inputBytesMax;
  }

  /** Before the room is given it. */
  input(host: RoomHost, input: RoomInput): void {
    writeRoomInput(this.#writer(host, inputBytesMax(input)), input);
    host.notedTick = input.tick;
    this.#counters.add(shardMetric.room_inputs_total);
  }

  /** Behind a tick of the room that somebody could notice. */
  ticked(host: RoomHost): void {
    host.notedTick = host.tick;
    writeTicked(this.#writer(host, TICKED_BYTES), host.tick);
    this.#counters.add(shardMetric.room_inputs_total);
  }

  #writer(host: RoomHost, bytesMax: number): ByteWriter {
    host.hasNews = true;
    if (host.inputs !== undefined && host.inputs.length + bytesMax > this.#inputBytesMax)
      this.#handOver(host);
    if (host.inputs === undefined) {
      host.inputs = this.#spare.pop() ?? new ByteWriter(64);
      this.#open.push(host);
    }
    return host.inputs;
  }

  #handOver(host: RoomHost): void {
    const { inputs } = host;
    if (inputs === undefined) return;
    this.#outlet.roomInputs({ roomId: host.roomId, cell: host.cell, inputs: inputs.bytes() });
    host.inputs = undefined;
    if (this.#spare.length < SPARE_MAX) this.#spare.push(inputs.clear());
  }

  /** The room has ended. What it took in before stays true of it. */
  closed(host: RoomHost): void {
    this.#handOver(host);
    this.#outlet.roomClosed(host.roomId);
  }

  /** Hands over what all rooms took in during this tick. */
  endTick(): void {
    for (const host of this.#open) this.#handOver(host);
    this.#open.length = 0;
  }

  /**
   * Writes a checkpoint of every room whose turn it is and who has something to say. `fail` stops a room that cannot:
   * it is too large, or it threw.
   */
  checkpoint(
    tick: number,
    rooms: readonly (RoomHost | undefined)[],
    fail: (host: RoomHost, error: unknown) => void,
  ): void {
    for (let index = tick % this.#periodTicks; index < rooms.length; index += this.#periodTicks) {
      const host = rooms[index];
      if (host === undefined || !host.isDurable || (!host.hasNews && host.tick === host.checkpointTick))
        continue;
      if (!this.#outlet.takesVolatile) return;
      const out = this.#out.clear();
      try {
        writeRoomCheckpoint(out, host, this.#schedule);
      } catch (error) {
        if (error instanceof AssertionFailed) throw error;
        fail(host, error);
        continue;
      }
      if (out.length > limits.roomCheckpointBytesMax) {
        fail(host, new Error(`got ${out.length} bytes, want at most ${limits.roomCheckpointBytesMax}`));
        continue;
      }
      // A replay from before it must come to the very same: what follows is true of both, or of neither.
      if (host.tick !== host.notedTick) this.ticked(host);
      this.#handOver(host);
      host.hasNews = false;
      host.checkpointTick = host.tick;
      this.#outlet.roomCheckpoint({ roomId: host.roomId, cell: host.cell, checkpoint: out.bytes() });
      this.#counters.add(shardMetric.room_checkpoints_total);
    }
  }
}
