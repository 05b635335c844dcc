/** The shape of the config, with its defaults. engine/config.ts reads and reports; this file only says what there is. */
import { z } from "zod";

const port = z.int().min(0).max(65535);
const ms = (least: number, most: number) => z.int().min(least).max(most);

export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  dataFolder: z
    .string()
    .min(1)
    .default("data")
    .describe("Folder for the embedded database and the server's key; made if missing"),
  games: z
    .array(z.string().min(1))
    .min(1)
    .max(16)
    .default(["gridshard:games"])
    .describe("Modules that export a game by default: a path, or gridshard:games for the reference games"),
  log: z.strictObject({ level: z.enum(["error", "warn", "info", "debug"]).default("info") }).prefault({}),
  net: z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1"),
      port: port.default(7350).describe("0: any free port"),
      transport: z.enum(["auto", "uws", "ws"]).default("auto"),
      origins: z
        .array(z.string().min(1))
        .max(64)
        .default([])
        .describe(
          'Allowed Origin headers besides the server\'s own; "*" allows any. Clients that send none are allowed',
        ),
      clientVersionMin: z
        .string()
        .regex(/^\d+\.\d+\.\d+$/)
        .default("0.1.0"),
      connectionsMax: z.int().min(1).max(100_000).default(10_000),
      payloadBytesMax: z.int().min(64).max(65_536).default(4096),
      idleTimeoutSeconds: z.int().min(8).max(960).default(60),
      bufferedBytesMax: z
        .int()
        .min(4096)
        .max(16_777_216)
        .default(65_536)
        .describe("A client with more than this unread is slow: state is skipped"),
      frameWaitMsMax: ms(0, 1000).default(10).describe("How long a tick's frames wait for a late shard"),
      handshakesPerSecond: z.int().min(1).max(100_000).default(2000),
      guestTicketsPerMinutePerAddress: z.int().min(1).max(1_000_000).default(600),
    })
    .prefault({}),
  session: z
    .strictObject({
      graceMs: ms(0, 600_000).default(30_000).describe("How long a player stays without a socket"),
      eventsKeptMax: z
        .int()
        .min(16)
        .max(65_536)
        .default(1024)
        .describe("Unacknowledged events kept per session"),
      eventBytesKeptMax: z.int().min(4096).max(16_777_216).default(262_144),
      ticketHours: z.int().min(1).max(8760).default(720),
    })
    .prefault({}),
  world: z
    .strictObject({
      field: z.string().min(1).default("open-world"),
      widthCells: z.int().min(1).max(255).default(24),
      heightCells: z.int().min(1).max(255).default(24),
      cellSizeMeters: z.number().min(4).max(1024).default(24),
      sightRadiusCells: z.int().min(0).max(4).default(1),
      movesPerCellMax: z
        .int()
        .min(8)
        .max(65_535)
        .default(128)
        .describe("Moves told per cell and tick; in a denser crowd they take turns"),
      seed: z.int().min(0).max(0x7fff_ffff).default(1),
      tickHz: z.int().min(1).max(100).default(20),
      saveSeconds: z
        .int()
        .min(1)
        .max(3600)
        .default(30)
        .describe("How often a walking player's position goes to the store"),
    })
    .prefault({}),
  shards: z
    .strictObject({
      count: z.int().min(1).max(64).default(2),
      entitiesMax: z.int().min(64).max(1_000_000).default(20_000).describe("Per shard, ghosts included"),
      roomsMax: z.int().min(1).max(1_000_000).default(50_000).describe("Per shard"),
      tickBudgetPercent: z
        .int()
        .min(10)
        .max(100)
        .default(80)
        .describe("Share of the tick period that rooms may use before the rest is deferred"),
      restartsMax: z
        .int()
        .min(0)
        .max(1000)
        .default(5)
        .describe("Restarts of threads within restartWindowSeconds before the process gives up"),
      restartWindowSeconds: z.int().min(1).max(86_400).default(60),
      handoffIntentsMax: z.int().min(1).max(1024).default(64),
      handoffHysteresisMeters: z.number().min(0).max(64).default(1),
      ringBytes: z
        .int()
        .min(65_536)
        .max(67_108_864)
        .default(1_048_576)
        .describe("Each lane's ring; a power of two"),
      peerRingBytes: z
        .int()
        .min(65_536)
        .max(67_108_864)
        .default(262_144)
        .describe("Each lane between two shards; a power of two"),
    })
    .prefault({}),
  rooms: z
    .record(
      z.string(),
      z.strictObject({
        tickHz: z.number().min(0).max(100).optional(),
        membersMax: z.int().min(1).max(10_000).optional(),
      }),
    )
    .default({})
    .describe("Overrides per room type"),
  store: z
    .strictObject({
      kind: z.enum(["sqlite", "mysql"]).default("sqlite"),
      file: z.string().min(1).default("gridshard.db").describe("SQLite: file within dataFolder"),
      url: z
        .string()
        .default("")
        .describe("MySQL: mysql://user:password@host:port/database")
        .meta({ secret: true }),
      flushMs: ms(1, 60_000).default(200),
      batchRowsMax: z.int().min(1).max(1000).default(500),
      pendingRowsMax: z.int().min(100).max(10_000_000).default(200_000),
      startWaitMs: ms(0, 600_000)
        .default(5000)
        .describe("How long a start waits for the database before it goes on without"),
    })
    .prefault({}),
  journal: z
    .strictObject({
      commitMs: ms(0, 1000)
        .default(2)
        .describe(
          "How long a record waits for company before it is written and synced; a sync under way gathers more",
        ),
      commitBytes: z
        .int()
        .min(4096)
        .max(16_777_216)
        .default(262_144)
        .describe("A group this large is written at once"),
      segmentBytes: z
        .int()
        .min(65_536)
        .max(1_073_741_824)
        .default(33_554_432)
        .describe("A file of the journal; a quarter of bytesMax at most"),
      bytesMax: z
        .int()
        .min(1_048_576)
        .max(1_099_511_627_776)
        .default(1_073_741_824)
        .describe(
          "Bound of the journal on disk: beyond it durable intents are refused until the store has caught up",
        ),
      pendingBytesMax: z
        .int()
        .min(1_048_576)
        .max(1_073_741_824)
        .default(67_108_864)
        .describe("Records in memory that the disk has not taken yet"),
      checkpointSeconds: z
        .int()
        .min(1)
        .max(3600)
        .default(10)
        .describe("How often durable rooms that change, and entities in awake cells, are checkpointed"),
    })
    .prefault({}),
  tables: z
    .strictObject({
      folder: z
        .string()
        .default("")
        .describe(
          "Folder with tables of static game data that replace the shipped ones, one <name>.json each; watched",
        ),
    })
    .prefault({}),
  admin: z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1"),
      port: port.default(7351),
      token: z
        .string()
        .default("")
        .describe("Bearer token for everything but /healthz and /readyz; required when host is not loopback")
        .meta({ secret: true }),
    })
    .prefault({}),
  stop: z.strictObject({ deadlineMs: ms(100, 600_000).default(10_000) }).prefault({}),
});

/** The effective config: every key present. */
export type Config = z.infer<typeof configSchema>;
