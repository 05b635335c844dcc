import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseMysqlUrl } from "./open-store.js";
import { StoreRejected } from "./store.js";
import { exactNumber } from "./store-values.js";

test("[ST40] a MySQL URL names user, password, host, port and database, each escaped as URLs are", () => {
  assert.deepEqual(parseMysqlUrl("mysql://game%40eu:p%2Fw@db.example:3307/world%201"), {
    host: "db.example",
    port: 3307,
    user: "game@eu",
    password: "p/w",
    database: "world 1",
  });
  assert.deepEqual(parseMysqlUrl("mysql://root@[::1]/game?socket=/run/s&tls=off"), {
    host: "::1",
    port: 3306,
    user: "root",
    password: "",
    database: "game",
    socketPath: "/run/s",
  });
});

test("[ST41] TLS, once asked for, verifies the server's certificate and name", () => {
  const folder = mkdtempSync(join(tmpdir(), "gridshard-ca-"));
  const ca = join(folder, "ca.pem");
  writeFileSync(ca, "certificate");
  assert.deepEqual(parseMysqlUrl(`mysql://u@h/d?tls=verify&ca=${ca}`).tls, {
    rejectUnauthorized: true,
    verifyIdentity: true,
    ca: "certificate",
  });
  rmSync(folder, { recursive: true });
});

test("[ST42] a URL that is none is refused without showing its password", () => {
  for (const url of [
    "",
    "nonsense",
    "postgres://u:secret@h/d",
    "mysql://u:secret@h",
    "mysql://h/d",
    "mysql://u:secret@h/d?tls=maybe",
  ])
    assert.throws(
      () => parseMysqlUrl(url),
      (error) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, /^store\.url: /);
        assert.ok(!error.message.includes("secret"));
        return true;
      },
    );
});

test("[ST43] a number that the program cannot hold exactly is refused, never rounded", () => {
  assert.equal(exactNumber("9007199254740991", "gold"), Number.MAX_SAFE_INTEGER);
  assert.equal(exactNumber(-5n, "gold"), -5);
  for (const value of ["9007199254740992", 2n ** 60n, 0.5])
    assert.throws(() => exactNumber(value, "gold of player x"), StoreRejected);
});
