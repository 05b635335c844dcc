/** SQLite databases in temporary folders, for tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataFolder } from "./data-folder.js";
import { SqliteStore } from "./sqlite-store.js";
import type { StorePlace } from "./store-contract.js";

/** An empty database in a folder of its own. */
export async function sqlitePlace(): Promise<StorePlace & { readonly folder: DataFolder }> {
  const path = mkdtempSync(join(tmpdir(), "gridshard-sqlite-"));
  const folder = DataFolder.acquire(path);
  return {
    folder,
    store: (migrations) => new SqliteStore(migrations === undefined ? { folder } : { folder, migrations }),
    async release() {
      folder.release();
      rmSync(path, { recursive: true });
    },
  };
}
