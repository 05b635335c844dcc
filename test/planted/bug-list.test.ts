import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../engine/package-root.js";
import { timesFound } from "../../scripts/planted-bugs.js";
import { bugList } from "./bug-list.js";

test("[CR8] every planted bug has its one place in the sources, and tests that must notice it", () => {
  assert.ok(bugList.length >= 12);
  assert.equal(new Set(bugList.map(({ name }) => name)).size, bugList.length);
  for (const bug of bugList) {
    assert.equal(timesFound(packageRoot(), bug), 1, `${bug.name}: ${bug.file}`);
    assert.notEqual(bug.find, bug.replace);
    assert.ok(bug.tests.length > 0);
    for (const path of bug.tests) assert.ok(existsSync(join(packageRoot(), path)), `${bug.name}: ${path}`);
  }
});
