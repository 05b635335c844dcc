/** What a shard pays to hand over a row, or anything else, to the store's thread: encoding and the lane, nothing after. */
import { ByteWriter } from "../../engine/lane/bytes.js";
import { LaneWriter } from "../../engine/lane/lane.js";
import { silentLog } from "../../engine/log.js";
import { Counters, createCounters } from "../../engine/memory/counters.js";
import { createDoorbell, Doorbell } from "../../engine/memory/doorbell.js";
import { createRing, RingReader, RingWriter } from "../../engine/memory/spsc-ring.js";
import { shardCatalogue } from "../../engine/metrics.js";
import { newPlayer, type PlayerRow } from "../../engine/player.js";
import { Outlet } from "../../shards/outlet.js";
import { type BenchOptions, type Figures, type Measured, measuredOf } from "../measured.js";
import { nanosecondsEach } from "./nanoseconds.js";

const RING_BYTES = 1 << 22;
const ROW_NS_MAX = 1000;

function outletOf(): { readonly outlet: Outlet; readonly empty: () => void } {
  const ring = createRing(RING_BYTES);
  const net = createRing(RING_BYTES);
  const bell = new Doorbell(createDoorbell());
  const lane = (memory: typeof ring) =>
    new LaneWriter(new RingWriter(memory), bell, { outboxBytesMax: 1 << 20 });
  const counters = new Counters(createCounters(shardCatalogue), shardCatalogue);
  const outlet = new Outlet({ net: lane(net), store: lane(ring) }, { counters, log: silentLog });
  const readers = [ring, net].map((memory) => new RingReader(memory));
  let tick = 0;
  const empty = () => {
    outlet.endGroup({ tick, wallMs: 1_700_000_000_000 + tick * 50, stamp: ++tick });
    outlet.finishTick(tick);
    for (const reader of readers) reader.drain(() => {}, 1_000_000);
  };
  return { outlet, empty };
}

function players(count: number): PlayerRow[] {
  return Array.from({ length: count }, (_, index) => ({
    ...newPlayer(index.toString(16).padStart(32, "a"), `player number ${index}`),
    x: index * 1.5,
    y: index / 3,
    gold: index,
    inventory: Array.from({ length: 8 }, (_, slot) => ({ item: slot + 1, count: 1 + (index % 9) })),
  }));
}

export async function run({ smoke, rounds = smoke ? 1 : 15 }: BenchOptions): Promise<Measured[]> {
  const count = smoke ? 100 : 5000;
  const { outlet, empty } = outletOf();
  const rows = players(count);
  const inputs = new ByteWriter().raw(new Uint8Array(20)).bytes();
  const each = (hand: (row: PlayerRow, index: number) => void) =>
    nanosecondsEach(rounds, count, () => {
      for (let index = 0; index < count; index++) hand(rows[index]!, index);
      empty();
    });
  const row = (subject: string, figures: readonly Figures[]): Measured =>
    measuredOf({
      suite: "shards/hand-over",
      case: `handing over ${count.toLocaleString("en")} a tick`,
      subject,
      rounds: figures,
      wants: [{ figure: "ns", ...(smoke ? {} : { atMost: ROW_NS_MAX }) }],
    });
  return [
    row(
      "a player with eight stacks",
      each((player) => outlet.player(player)),
    ),
    row(
      "a line of the ledger",
      each(({ playerId, gold }, line) => {
        outlet.ledger({
          playerId,
          version: 7,
          line: line & 0xff,
          atMs: 1_700_000_000_000,
          reason: "battle",
          gold,
          item: 0,
          count: 0,
        });
      }),
    ),
    row(
      "a grant taken",
      each(({ playerId }) => outlet.granted({ grantId: playerId, playerId })),
    ),
    row(
      "what a room took in",
      each((_, index) => outlet.roomInputs({ roomId: index, cell: 3, inputs })),
    ),
    row(
      "an intent settled",
      each((_, index) => outlet.settled({ session: index, room: 0, seqs: [index] })),
    ),
  ];
}
