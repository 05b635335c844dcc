import assert from "node:assert/strict";
import { test } from "node:test";
import { transportContract } from "./transport-contract.js";
import { loadUws, UwsTransport, UwsUnavailable } from "./uws-transport.js";

transportContract("uws", (options) => new UwsTransport(options));

test("[TR19] a native binary that is not known is not loaded", () => {
  assert.throws(() => loadUws({}), UwsUnavailable);
});

test("[TR19] a native binary that differs from the known one is not loaded", () => {
  const file = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  assert.throws(() => loadUws({ [file]: "0".repeat(64) }), /SHA-256/);
});
