/** The store that the config names, and patience with one that is not up yet. */
import { readFileSync } from "node:fs";
import { setTimeout as systemSleep } from "node:timers/promises";
import { assert } from "../engine/assert.js";
import type { Config } from "../engine/config-schema.js";
import type { Log } from "../engine/log.js";
import type { Clock } from "../engine/time.js";
import type { DataFolder } from "./data-folder.js";
import { MysqlStore, type MysqlStoreOptions } from "./mysql-store.js";
import { SqliteStore } from "./sqlite-store.js";
import { type AuditedStore, type Store, StoreUnavailable } from "./store.js";

const FIRST_WAIT_MS = 50;
const WAIT_MS_MAX = 1000;

/** A store as configured, not open. The SQLite store's file is in `folder`, which this process holds; MySQL needs none. */
export function createStore(config: Config["store"], folder: DataFolder | null): AuditedStore {
  if (config.kind === "sqlite") {
    assert(folder !== null, "the embedded store has its file in a folder");
    return new SqliteStore({ folder, fileName: config.file });
  }
  return new MysqlStore(parseMysqlUrl(config.url));
}

/**
 * Reads `mysql://user:password@host:port/database`. `?socket=/path` goes by a unix socket instead of host and port;
 * `?tls=verify` asks for TLS to a server whose certificate names the host, with `&ca=/path` signed by that authority.
 * Throws TypeError, without the URL's password, when it is none of that.
 */
export function parseMysqlUrl(text: string): MysqlStoreOptions {
  const url = URL.canParse(text) ? new URL(text) : null;
  const database = decodeURIComponent(url?.pathname.slice(1) ?? "");
  if (url?.protocol !== "mysql:" || database === "" || url.username === "")
    throw new TypeError("store.url: want mysql://user:password@host:port/database");
  const tls = url.searchParams.get("tls");
  if (tls !== null && tls !== "verify" && tls !== "off")
    throw new TypeError(`store.url: tls: got ${JSON.stringify(tls)}, want verify or off`);
  const ca = url.searchParams.get("ca");
  const socketPath = url.searchParams.get("socket");
  const authority = ca === null ? {} : { ca: readFileSync(ca, "utf8") };
  return {
    // IPv6 addresses stand in brackets in a URL only.
    host: url.hostname.replace(/^\[|\]$/g, "") || "127.0.0.1",
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
    ...(socketPath === null ? {} : { socketPath }),
    ...(tls === "verify" ? { tls: { rejectUnauthorized: true, verifyIdentity: true, ...authority } } : {}),
  };
}

/**
 * Opens a store that may still be starting. Throws its last StoreUnavailable when `waitMs` have passed, and at once
 * what is for good.
 */
export async function openWithin(
  store: Store,
  options: {
    readonly waitMs: number;
    readonly clock: Clock;
    readonly log: Log;
    readonly sleep?: (ms: number) => Promise<unknown>;
  },
): Promise<void> {
  const { waitMs, clock, log, sleep = systemSleep } = options;
  const deadlineMs = clock.nowMs() + waitMs;
  for (let nextMs = FIRST_WAIT_MS; ; nextMs = Math.min(nextMs * 2, WAIT_MS_MAX)) {
    try {
      await store.open();
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || error.isForGood || clock.nowMs() >= deadlineMs) throw error;
      log.warn("the store cannot be opened yet", { reason: error.message });
      await sleep(Math.min(nextMs, Math.max(0, deadlineMs - clock.nowMs())));
    }
  }
}
