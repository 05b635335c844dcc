import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { StaticFiles, serverMounts } from "./static-files.js";

function folderOf(t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "gridshard-files-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const get = (files: StaticFiles, path: string, ifNoneMatch = "", method = "GET") =>
  files.answer({ method, path, ifNoneMatch, host: "", origin: "", address: "", body: new Uint8Array(0) });

test("[SF1] files are served with their type, and / is index.html", (t) => {
  const folder = folderOf(t, { "index.html": "<p>", "a/b.js": "1", "c.css": "x", "d.bin": "?" });
  const files = new StaticFiles([{ path: "/", folder }]);
  assert.equal(get(files, "/")!.headers["content-type"], "text/html; charset=utf-8");
  assert.equal(Buffer.from(get(files, "/a/b.js")!.body as Uint8Array).toString(), "1");
  assert.equal(get(files, "/a/b.js")!.headers["content-type"], "text/javascript; charset=utf-8");
  assert.equal(get(files, "/d.bin"), null, "what has no known type is not served");
  assert.equal(get(files, "/", "", "HEAD")!.body, "");
});

test("[SF2] there is no way out of the folder", (t) => {
  const folder = folderOf(t, { "index.html": "in", ".secret.js": "hidden" });
  const outside = folderOf(t, { "key.js": "out" });
  symlinkSync(join(outside, "key.js"), join(folder, "link.js"));
  const files = new StaticFiles([{ path: "/", folder }]);
  const tries = [
    "/../key.js",
    "/%2e%2e/key.js",
    "//etc/passwd",
    "/..\\key.js",
    "/.secret.js",
    "/link.js",
    "/index.html/",
    "/\0",
  ];
  for (const path of [...tries, "", "/constructor", "/__proto__"]) assert.equal(get(files, path), null, path);
});

test("[SF3] an ETag that still fits is answered with 304, and a changed file is read again", (t) => {
  const folder = folderOf(t, { "a.js": "old" });
  const files = new StaticFiles([{ path: "/", folder }]);
  const { etag } = get(files, "/a.js")!.headers;
  assert.equal(get(files, "/a.js", etag)!.status, 304);
  writeFileSync(join(folder, "a.js"), "new");
  utimesSync(join(folder, "a.js"), 5, 5);
  const changed = get(files, "/a.js", etag)!;
  assert.equal(Buffer.from(changed.body as Uint8Array).toString(), "new");
  rmSync(join(folder, "a.js"));
  assert.equal(get(files, "/a.js"), null);
});

test("[SF4] pages may load from us and talk to us alone", (t) => {
  const files = new StaticFiles([{ path: "/", folder: folderOf(t, { "index.html": "" }) }]);
  const { headers } = get(files, "/")!;
  assert.match(headers["content-security-policy"]!, /default-src 'self'/);
  assert.match(headers["content-security-policy"]!, /connect-src 'self' ws: wss:/);
  assert.equal(headers["x-content-type-options"], "nosniff");
});

test("[SF4] a page's import map is allowed by its hash, and no other script within a page", (t) => {
  const page = '<script type="importmap">{"imports":{}}</script><script type="module" src="a.js"></script>';
  const files = new StaticFiles([{ path: "/", folder: folderOf(t, { "index.html": page }) }]);
  const hash = createHash("sha256").update('{"imports":{}}').digest("base64");
  const policy = get(files, "/")!.headers["content-security-policy"]!;
  assert.ok(policy.includes(`script-src 'self' 'sha256-${hash}'`), policy);
});

test("[SF5] a server serves what its pages import, and neither tests nor what runs on the server", () => {
  const { paths } = new StaticFiles(serverMounts());
  for (const path of [
    "/lib/engine/wire/codec.js",
    "/lib/engine/wire/generated/welcome.js",
    "/lib/flatbuffers/flatbuffers.js",
  ]) {
    assert.ok(paths.includes(path), path);
  }
  assert.deepEqual(
    paths.filter((path) => /\.test\.|\/net\/|\/shards\/|persistence|package\.json/.test(path)),
    [],
  );
});
