/** Where the other servers are: in the repository, with an installation of their own that the product's never makes. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../engine/package-root.js";

export function peersFolder(): string {
  return join(packageRoot(), "bench", "peers");
}

export const installPeersCommand = "npm ci --legacy-peer-deps --prefix bench/peers";

export function arePeersInstalled(): boolean {
  return existsSync(join(peersFolder(), "node_modules", "@colyseus", "core", "package.json"));
}
