import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "./config.js";
import { nodeAt } from "./config-keys.js";
import { limits } from "./limits.js";
import { encodePlayer, newPlayer } from "./player.js";

test("[CF10] the largest player fits its limit", () => {
  const player = newPlayer(
    "f".repeat(32),
    "\u{10ffff}".repeat(limits.playerNameLengthMax / 2).padEnd(24, "€"),
  );
  for (let slot = 0; slot < limits.inventorySlotsMax; slot++)
    player.inventory.push({ item: 65_535, count: 65_535 });
  assert.ok(encodePlayer(player).length <= limits.playerRowBytesMax);
});

test("[CF10] limits that repeat a bound of the config are that bound", () => {
  assert.equal(nodeAt(["shards", "ringBytes"])?.minimum, limits.ringBytesMin);
  assert.equal(nodeAt(["shards", "peerRingBytes"])?.minimum, limits.ringBytesMin);
  const { config } = loadConfig({ environment: {} });
  assert.ok(limits.eventBytesMax <= config.session.eventBytesKeptMax);
});
