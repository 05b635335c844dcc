/** The effective config as an operator reads it: every value and where it came from, secrets hidden. */
import type { LoadedConfig } from "./config.js";
import { configKeys } from "./config-keys.js";

/** One line per key: `net.port = 7350 (default)`. */
export function printConfig(loaded: LoadedConfig): string {
  const rows = configKeys.map(({ key, path, node }) => {
    let value: unknown = loaded.config;
    for (const name of path) value = (value as Record<string, unknown>)[name];
    const shown = node.secret === true && value !== "" ? "(hidden)" : JSON.stringify(value);
    return { text: `${key} = ${shown}`, origin: originOf(loaded, key) };
  });
  const width = Math.max(...rows.map((row) => row.text.length));
  return rows.map((row) => `${row.text.padEnd(width)}  ${row.origin}\n`).join("");
}

function originOf(loaded: LoadedConfig, key: string): string {
  const own = loaded.origins.get(key);
  if (own !== undefined) return own;
  // A record such as `rooms` may be set one entry at a time.
  const within = [...loaded.origins].find(([set]) => set.startsWith(`${key}.`));
  return within?.[1] ?? "default";
}
