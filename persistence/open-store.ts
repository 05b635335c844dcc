/** The store that the config names. */
import { readFileSync } from "node:fs";
import { assert } from "../engine/assert.js";
import type { Config } from "../engine/config-schema.js";
import type { DataFolder } from "./data-folder.js";
import { MysqlStore, type MysqlStoreOptions } from "./mysql-store.js";
import { SqliteStore } from "./sqlite-store.js";
import type { AuditedStore } from "./store.js";

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
