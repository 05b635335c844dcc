/** The first message on every connection. */
import { encodeWelcome } from "../engine/wire/codec.js";
import { PROTOCOL_VERSION } from "../engine/wire/message-types.js";
import type { NetContext } from "./net-context.js";
import type { Session } from "./session.js";

/** The world tick that is running now. */
export function tickNow(context: NetContext): number {
  const { clock, config, lanes } = context;
  const elapsedMs = clock.nowMs() - lanes.control.originMs;
  return Math.max(0, Math.floor((elapsedMs * config.world.tickHz) / 1000));
}

export class Welcomes {
  readonly #context: NetContext;
  /** The owners of all cells as of a version of the table: thousands of cells, and as many clients may come a second. */
  #owners = new Uint8Array(0);
  #ownersVersion = Number.NaN;

  constructor(context: NetContext) {
    this.#context = context;
  }

  write(session: Session, with_: { readonly token: string; readonly recovered: boolean }): Uint8Array {
    const { config, serverVersion } = this.#context;
    const { world, session: sessionConfig, shards } = config;
    return encodeWelcome({
      protocol: PROTOCOL_VERSION,
      session: session.number,
      entity: session.number,
      playerId: session.playerId,
      name: session.name,
      resumeToken: with_.token,
      recovered: with_.recovered,
      eventsAcked: session.events.acked,
      // Received, not applied: what is still on its way must not be sent again, and numbers go on from here.
      intentsApplied: session.intents.received,
      tick: tickNow(this.#context),
      tickPeriodMs: 1000 / world.tickHz,
      worldWidthCells: world.widthCells,
      worldHeightCells: world.heightCells,
      cellSizeMeters: world.cellSizeMeters,
      sessionGraceMs: sessionConfig.graceMs,
      shardCount: shards.count,
      owners: this.#ownersNow(),
      fieldType: world.field,
      serverVersion,
    });
  }

  #ownersNow(): Uint8Array {
    const { ownership } = this.#context.lanes;
    // Read before the owners: a change in between is seen the next time.
    const version = ownership.version();
    if (version !== this.#ownersVersion) {
      this.#ownersVersion = version;
      this.#owners = Uint8Array.from({ length: ownership.cellCount }, (_, cell) => ownership.owner(cell));
    }
    return this.#owners;
  }
}
