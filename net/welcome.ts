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

export function writeWelcome(
  session: Session,
  with_: { readonly token: string; readonly recovered: boolean; readonly context: NetContext },
): Uint8Array {
  const { config, lanes, serverVersion } = with_.context;
  const { world, session: sessionConfig, shards } = config;
  const cells = world.widthCells * world.heightCells;
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
    tick: tickNow(with_.context),
    tickPeriodMs: 1000 / world.tickHz,
    worldWidthCells: world.widthCells,
    worldHeightCells: world.heightCells,
    cellSizeMeters: world.cellSizeMeters,
    sessionGraceMs: sessionConfig.graceMs,
    shardCount: shards.count,
    owners: Uint8Array.from({ length: cells }, (_, cell) => lanes.ownership.owner(cell)),
    fieldType: world.field,
    serverVersion,
  });
}
