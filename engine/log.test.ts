import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type LogLevel, logLevels } from "./log.js";

function linesAt(level: LogLevel): string[] {
  const lines: string[] = [];
  const log = createLog("test", { level, wallMs: () => 0, sink: (line) => lines.push(line) });
  log.error("first", { code: 1 });
  log.warn("second");
  log.info("third", { what: 'quotes " and\nlines' });
  log.debug("fourth");
  return lines;
}

test("[LG1] a line is one JSON object: time, level, thread, message and fields", () => {
  const [first, , third] = linesAt("debug");
  const expected = {
    time: "1970-01-01T00:00:00.000Z",
    level: "error",
    thread: "test",
    message: "first",
    code: 1,
  };
  assert.deepEqual(JSON.parse(first!), expected);
  assert.equal(third!.indexOf("\n"), third!.length - 1);
});

test("[LG2] lines below the level are not written", () => {
  for (const [at, level] of logLevels.entries()) assert.equal(linesAt(level).length, at + 1);
});
