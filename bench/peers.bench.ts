/**
 * Other servers doing the same visible work: a thousand people wander, each sees who is in the cells around, twenty times
 * a second; and ten thousand rooms nobody is in. How each is written stands at the top of its file in bench/peers/servers. All
 * are asked by the same clients, which check that everybody sees whom they should.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChildServer, gameModule } from "./child-server.js";
import { floorOf, withFloor } from "./floor-run.js";
import { measure as measureIdleGridshard } from "./idle.bench.js";
import { type BenchOptions, type Figures, type Measured, measuredOf, type Want } from "./measured.js";
import type { PeerLoad, PeerWorld, Protocol } from "./peer-bots/peer-client.js";
import { measureLoad, PeerServer } from "./peer-bots/peer-run.js";
import { arePeersInstalled, installPeersCommand } from "./peers-folder.js";
import { cpuOf, residentBytesOf } from "./process-cpu.js";
import { measureRounds } from "./rounds.js";
import { heapLine } from "./shard-heap.js";

interface Plan {
  readonly world: PeerWorld;
  readonly clients: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly sampleEvery: number;
  /** Of the idle case; the rooms are those of one of the fields of games-idle. */
  readonly rooms: number;
  readonly idleRounds: number;
  readonly settleSeconds: number;
  readonly idleSeconds: number;
}

// 17 × 18 cells: nine cells hold about 28 of the thousand, edges reckoned in.
const full: Plan = {
  world: { widthCells: 17, heightCells: 18, cellSizeMeters: 24, tickHz: 20 },
  clients: 1000,
  rounds: 3,
  seconds: 10,
  warmupSeconds: 8,
  sampleEvery: 20,
  rooms: 10_000,
  idleRounds: 3,
  settleSeconds: 15,
  idleSeconds: 10,
};
const small: Plan = {
  world: { widthCells: 5, heightCells: 5, cellSizeMeters: 24, tickHz: 20 },
  clients: 30,
  rounds: 1,
  seconds: 1,
  warmupSeconds: 0.2,
  sampleEvery: 3,
  rooms: 100,
  idleRounds: 1,
  settleSeconds: 0.2,
  idleSeconds: 0.5,
};

const SEED = 1;
const INTENTS_PER_SECOND = 10;
const CONNECTS_PER_SECOND = 400;
/** As often as a room of games-idle would tick if it did not sleep. */
const ROOM_HZ = 10;
/** Of a peer that lost clients. */
const LOG_LINES_MAX = 8;

const BARE = "bare uWebSockets.js";
/** What a server without a world shows is not worth a look. */
const NOBODY = 0;
const COLYSEUS_CORES_RATIO_MAX = 0.25;
const COLYSEUS_BYTES_RATIO_MAX = 1;
const IDLE_RATIO_MAX = 1 / 20;

const GRIDSHARD = "gridshard, 1 shard";
const COLYSEUS = "Colyseus";
const COLYSEUS_UWS = "Colyseus on uWebSockets.js";
const SOCKET_IO = "socket.io";
const SOCKET_IO_ROOMS = "socket.io, a room a cell";
const WS = "ws, one loop";

interface Peer {
  readonly name: string;
  readonly protocol: Protocol;
  /** File in bench/peers/servers, and options besides the world. */
  readonly server: string;
  readonly options?: object;
}

const peers: readonly Peer[] = [
  { name: COLYSEUS, protocol: "colyseus", server: "colyseus" },
  { name: COLYSEUS_UWS, protocol: "colyseus", server: "colyseus", options: { transport: "uws" } },
  { name: SOCKET_IO, protocol: "socket.io", server: "socket-io", options: { sight: "joined" } },
  {
    name: "socket.io, a room a cell",
    protocol: "socket.io",
    server: "socket-io",
    options: { sight: "rooms" },
  },
  { name: WS, protocol: "ws", server: "ws-loop" },
];

export async function run(options: BenchOptions): Promise<Measured[]> {
  if (!arePeersInstalled()) {
    process.stderr.write(`the peers are not installed; in the repository: ${installPeersCommand}\n`);
    return [];
  }
  const base = options.smoke ? small : full;
  const plan = { ...base, seconds: options.seconds ?? base.seconds };
  return [
    ...(await runWorld({ ...plan, rounds: options.rounds ?? plan.rounds })),
    ...(await runIdle({ ...plan, idleRounds: options.rounds ?? plan.idleRounds })),
  ];
}

// ---- a world with a thousand people --------------------------------------------------------------------------

async function runWorld(plan: Plan): Promise<Measured[]> {
  // What the bare server sends: as much as gridshard did last, which is the first of all.
  let learned: Figures = {};
  const figures = await measureRounds({
    title: "peers",
    rounds: plan.rounds,
    subjects: [
      {
        name: GRIDSHARD,
        measure: async () => {
          learned = await measureGridshard(plan);
          return learned;
        },
      },
      { name: BARE, measure: () => measureBare(plan, learned) },
      ...peers.map((peer) => ({ name: peer.name, measure: () => measurePeer(plan, peer) })),
    ],
  });
  const { clients, seconds, world } = plan;
  const title = `${clients.toLocaleString("en")} people at ${world.tickHz} Hz, in sight of who is around`;
  return [...figures].map(([subject, rounds]) =>
    measuredOf({
      suite: "peers",
      case: title,
      subject,
      clients,
      seconds,
      rounds,
      wants: worldWants(subject),
    }),
  );
}

/** Where somebody sees what they should not, or does not see what they should, the servers did not do the same work. */
function worldWants(subject: string): Want[] {
  const sameWork: Want[] = [
    { figure: "wrongSights", atMost: 0 },
    { figure: "errors", atMost: 0 },
  ];
  // A thousand people and nine messages each a tick are more than it can send: its figures show by how much.
  if (subject === SOCKET_IO_ROOMS) return [];
  // It has no world: nobody could see wrongly there. How many times cheaper anybody could be at most is what it is for.
  if (subject === BARE) return [{ figure: "cpuCores", floor: COLYSEUS }];
  if (subject !== GRIDSHARD) return sameWork;
  return [
    { figure: "cpuCores", floor: COLYSEUS, atMost: COLYSEUS_CORES_RATIO_MAX },
    { figure: "cpuCores", floor: BARE },
    { figure: "bytesPerClientSecond", floor: COLYSEUS, atMost: COLYSEUS_BYTES_RATIO_MAX },
    ...[COLYSEUS, COLYSEUS_UWS, SOCKET_IO, WS].map(
      (floor) => ({ figure: "usPerClientTick", floor }) as const,
    ),
    { figure: "bytesPerClientSecond", floor: WS },
    ...sameWork,
  ];
}

function loadOf(plan: Plan, protocol: Protocol, url: string): PeerLoad {
  const { hostname, port } = new URL(url);
  const { world, clients, seconds, warmupSeconds, sampleEvery } = plan;
  return {
    ...{ protocol, host: hostname, port: Number(port), world, clients, seconds, warmupSeconds, sampleEvery },
    seed: SEED,
    intentsPerSecond: INTENTS_PER_SECOND,
    connectsPerSecond: CONNECTS_PER_SECOND,
  };
}

async function measureGridshard(plan: Plan): Promise<Figures> {
  const server = await ChildServer.start({
    config: {
      games: [gameModule("games-world")],
      world: { field: "bench-walk", ...plan.world },
      shards: { count: 1 },
    },
  });
  try {
    return await measureLoad(server.pid, loadOf(plan, "gridshard", server.url));
  } finally {
    await server.stop();
  }
}

/** The floor of the suite world: as many bytes to each client, of its own, in one message a tick; and the same input. */
function measureBare(plan: Plan, learned: Figures): Promise<Figures> {
  const { clients, world } = plan;
  const bytesPerClientSecond = learned.bytesPerClientSecond!;
  return withFloor(floorOf({ clients, tickHz: world.tickHz, bytesPerClientSecond }), ({ url, pid }) =>
    measureLoad(pid, { ...loadOf(plan, "gridshard", url), sampleEvery: NOBODY }),
  );
}

async function measurePeer(plan: Plan, peer: Peer): Promise<Figures> {
  const server = await PeerServer.start(peer.server, {
    ...plan.world,
    ...peer.options,
    clients: plan.clients,
  });
  try {
    const figures = await measureLoad(server.pid, loadOf(plan, peer.protocol, server.url));
    // Why clients were lost, if somebody knows it.
    if (figures.errors !== 0) {
      for (const line of server.log.slice(0, LOG_LINES_MAX))
        process.stderr.write(`    ${peer.name}: ${line}\n`);
    }
    return figures;
  } finally {
    await server.stop();
  }
}

// ---- rooms nobody is in --------------------------------------------------------------------------------------

/** What is measured of a server with so many rooms. */
type MeasureRooms = (plan: Plan, rooms: number) => Promise<Figures>;

const GRIDSHARD_ROOMS = "gridshard, dormant rooms";
const COLYSEUS_ROOMS = "Colyseus, empty rooms";
const idleServers: ReadonlyMap<string, MeasureRooms> = new Map([
  [
    GRIDSHARD_ROOMS,
    (plan: Plan, rooms: number) => measureIdleGridshard({ ...plan, seconds: plan.idleSeconds }, rooms),
  ],
  [COLYSEUS_ROOMS, (plan: Plan, rooms: number) => measureIdlePeer("idle-colyseus", plan, rooms)],
  [
    "setInterval for each room",
    (plan: Plan, rooms: number) => measureIdlePeer("idle-intervals", plan, rooms),
  ],
]);

async function runIdle(plan: Plan): Promise<Measured[]> {
  const without = (name: string) => `${name}: none`;
  const figures = await measureRounds({
    title: "peers, idle",
    rounds: plan.idleRounds,
    subjects: [...idleServers].flatMap(([name, measure]) => [
      { name: without(name), measure: () => measure(plan, 0) },
      { name, measure: () => measure(plan, plan.rooms) },
    ]),
  });
  return [...idleServers.keys()].map((subject) => {
    const empty = figures.get(without(subject))!;
    return measuredOf({
      suite: "peers",
      case: `${plan.rooms.toLocaleString("en")} rooms at ${ROOM_HZ} Hz, nobody connected`,
      subject,
      seconds: plan.idleSeconds,
      rounds: figures.get(subject)!.map((round, index) => ({
        cpuPercent: round.cpuPercent!,
        bytesEach: ((round.heapMB! - empty[index]!.heapMB!) * 1e6) / plan.rooms,
        rssMB: round.rssMB!,
      })),
      wants: subject === GRIDSHARD_ROOMS ? idleWants : [],
    });
  });
}

const idleWants: readonly Want[] = [
  { figure: "cpuPercent", floor: COLYSEUS_ROOMS, atMost: IDLE_RATIO_MAX },
  { figure: "bytesEach", floor: COLYSEUS_ROOMS, atMost: IDLE_RATIO_MAX },
];

async function measureIdlePeer(name: string, plan: Plan, rooms: number): Promise<Figures> {
  const server = await PeerServer.start(name, { rooms, tickHz: ROOM_HZ });
  try {
    const heapBytes = Number(await server.logged(heapLine));
    await delay(plan.settleSeconds * 1000);
    const before = cpuOf(server.pid).seconds;
    await delay(plan.idleSeconds * 1000);
    const cpuPercent = ((cpuOf(server.pid).seconds - before) / plan.idleSeconds) * 100;
    return { cpuPercent, heapMB: heapBytes / 1e6, rssMB: residentBytesOf(server.pid) / 1e6 };
  } finally {
    await server.stop();
  }
}
