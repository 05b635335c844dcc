/** What the schema cannot say: how keys relate to each other and to the limits. */
import type { Config } from "./config-schema.js";
import { limits } from "./limits.js";
import { ownerMax } from "./memory/ownership-table.js";
import { RECORD_LENGTH_DIVISOR } from "./memory/spsc-ring-layout.js";

/** One relation. It is only checked when every key it reads is itself valid. */
export interface ConfigCheck {
  /** The first key is the one the problem is reported for. */
  readonly keys: readonly string[];
  /** What it should have been, or null when all is well. */
  want(config: Config): string | null;
}

const CELLS_MAX = 65_534;
/** Whole segments go: a journal of few could not make room before it is full. */
const JOURNAL_SEGMENTS_MIN = 4;

/** Whether only this machine can reach what listens on `host`. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0;
}

function powersAround(value: number): string {
  const below = 2 ** Math.floor(Math.log2(value));
  return `a power of two, such as ${below} or ${below * 2}`;
}

/** Null when `text` is a database URL we can use, else what is wrong with it. */
function mysqlUrlProblem(text: string): string | null {
  const want = "mysql://user:password@host:port/database when store.kind is mysql";
  if (!URL.canParse(text)) return want;
  const url = new URL(text);
  const isComplete = url.protocol === "mysql:" && url.username !== "" && url.pathname.length > 1;
  return isComplete ? null : want;
}

export const configChecks: readonly ConfigCheck[] = [
  {
    keys: ["shards.ringBytes"],
    want: ({ shards }) => (isPowerOfTwo(shards.ringBytes) ? null : powersAround(shards.ringBytes)),
  },
  {
    keys: ["shards.peerRingBytes"],
    want: ({ shards }) => (isPowerOfTwo(shards.peerRingBytes) ? null : powersAround(shards.peerRingBytes)),
  },
  {
    keys: ["shards.ringBytes", "net.payloadBytesMax"],
    want: ({ shards, net }) => {
      const least = (net.payloadBytesMax + limits.intentOverheadBytesMax) * RECORD_LENGTH_DIVISOR;
      return shards.ringBytes >= least
        ? null
        : `at least ${least}, for net.payloadBytesMax = ${net.payloadBytesMax}`;
    },
  },
  {
    keys: ["shards.peerRingBytes", "net.payloadBytesMax"],
    want: ({ shards, net }) => {
      const least = (net.payloadBytesMax + limits.intentOverheadBytesMax) * RECORD_LENGTH_DIVISOR;
      return shards.peerRingBytes >= least
        ? null
        : `at least ${least}, for net.payloadBytesMax = ${net.payloadBytesMax}`;
    },
  },
  {
    keys: ["world.widthCells", "world.heightCells"],
    want: ({ world }) =>
      world.widthCells * world.heightCells <= CELLS_MAX
        ? null
        : `widthCells × heightCells of at most ${CELLS_MAX}, not ${world.widthCells * world.heightCells}`,
  },
  {
    keys: ["shards.count", "world.widthCells", "world.heightCells"],
    want: ({ shards, world }) => {
      const cells = world.widthCells * world.heightCells;
      return shards.count <= Math.min(cells, ownerMax + 1)
        ? null
        : `at most ${cells}: every shard owns a cell`;
    },
  },
  {
    keys: ["session.eventBytesKeptMax"],
    want: ({ session }) =>
      session.eventBytesKeptMax >= limits.eventBytesMax
        ? null
        : `at least ${limits.eventBytesMax}, the longest event`,
  },
  {
    keys: ["store.url", "store.kind"],
    want: ({ store }) => (store.kind === "mysql" ? mysqlUrlProblem(store.url) : null),
  },
  {
    keys: ["store.kind", "store.url"],
    want: ({ store }) =>
      store.kind === "sqlite" && store.url !== "" ? "mysql, because store.url is set" : null,
  },
  {
    keys: ["store.file", "store.kind"],
    want: ({ store }) =>
      /^[^/\\]+$/.test(store.file) && store.file !== "." && store.file !== ".."
        ? null
        : "a file name without a folder: it lies in dataFolder",
  },
  {
    keys: ["store.pendingRowsMax", "store.batchRowsMax"],
    want: ({ store }) =>
      store.pendingRowsMax >= store.batchRowsMax
        ? null
        : `at least store.batchRowsMax, which is ${store.batchRowsMax}`,
  },
  {
    keys: ["journal.bytesMax", "journal.segmentBytes"],
    want: ({ journal }) =>
      journal.bytesMax >= journal.segmentBytes * JOURNAL_SEGMENTS_MIN
        ? null
        : `at least ${journal.segmentBytes * JOURNAL_SEGMENTS_MIN}: ${JOURNAL_SEGMENTS_MIN} segments of journal.segmentBytes`,
  },
  {
    keys: ["journal.pendingBytesMax", "journal.commitBytes"],
    want: ({ journal }) =>
      journal.pendingBytesMax >= journal.commitBytes
        ? null
        : `at least journal.commitBytes, which is ${journal.commitBytes}`,
  },
  {
    keys: ["admin.token", "admin.host"],
    want: ({ admin }) =>
      isLoopback(admin.host) || admin.token.length >= 16
        ? null
        : `a secret of 16 or more characters, because admin.host ${admin.host} can be reached from other machines`,
  },
  {
    keys: ["admin.port", "net.port"],
    want: ({ admin, net }) =>
      admin.port !== 0 && admin.port === net.port ? "a port of its own, not net.port" : null,
  },
];
