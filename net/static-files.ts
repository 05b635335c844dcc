/**
 * The demo page, the client library and what it imports, straight from the folders they are built into. The list of
 * what there is is made at start; a path that is not in it does not exist, so there is nothing to traverse.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../engine/package-root.js";
import type { HttpAnswer, HttpRequest } from "./transport.js";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};

const FILES_MAX = 4096;
const FILE_BYTES_MAX = 16_777_216;
const securityHeaders = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;
const contentPolicy =
  "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self' 'unsafe-inline'; " +
  "object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
/** Browsers take import maps only inline; its hash allows this one and no other inline script. */
const importMap = /<script type="importmap">([\s\S]*?)<\/script>/;

interface CachedFile {
  readonly file: string;
  readonly type: string;
  modifiedMs: number;
  body: Uint8Array;
  etag: string;
  policy: string;
}

/** A folder whose files are served below a path, and which of them. */
export interface Mount {
  readonly path: string;
  readonly folder: string;
  readonly only?: (relative: string) => boolean;
}

export class StaticFiles {
  readonly #files = new Map<string, CachedFile>();

  constructor(mounts: readonly Mount[]) {
    for (const mount of mounts) {
      for (const relative of filesBelow(mount.folder)) {
        const type = types[extname(relative)];
        if (type === undefined || this.#files.size >= FILES_MAX) continue;
        if (mount.only !== undefined && !mount.only(relative)) continue;
        const file = join(mount.folder, relative);
        this.#files.set(mount.path + relative, {
          file,
          type,
          modifiedMs: -1,
          body: new Uint8Array(0),
          etag: "",
          policy: contentPolicy,
        });
      }
    }
    const index = this.#files.get("/index.html");
    if (index !== undefined) this.#files.set("/", index);
  }

  get paths(): string[] {
    return [...this.#files.keys()];
  }

  /** null: there is no such file. */
  answer(request: HttpRequest): HttpAnswer | null {
    const cached = this.#files.get(request.path);
    if (cached === undefined || !refresh(cached)) return null;
    const headers = {
      ...securityHeaders,
      "content-security-policy": cached.policy,
      "content-type": cached.type,
      "cache-control": "no-cache",
      etag: cached.etag,
    };
    if (request.ifNoneMatch === cached.etag) return { status: 304, headers, body: "" };
    return { status: 200, headers, body: request.method === "HEAD" ? "" : cached.body };
  }
}

/** Reads the file if it has changed. False when it is gone. */
function refresh(cached: CachedFile): boolean {
  const found = statSync(cached.file, { throwIfNoEntry: false });
  if (found === undefined || found.size > FILE_BYTES_MAX) return false;
  if (found.mtimeMs === cached.modifiedMs) return true;
  cached.body = new Uint8Array(readFileSync(cached.file));
  cached.modifiedMs = found.mtimeMs;
  cached.etag = `"${createHash("sha256").update(cached.body).digest("base64url").slice(0, 22)}"`;
  cached.policy = policyOf(cached);
  return true;
}

function policyOf(file: CachedFile): string {
  const map = file.type.startsWith("text/html") ? importMap.exec(new TextDecoder().decode(file.body)) : null;
  if (map === null) return contentPolicy;
  const hash = createHash("sha256").update(map[1]!).digest("base64");
  return `${contentPolicy}; script-src 'self' 'sha256-${hash}'`;
}

/** Relative paths with forward slashes; nothing when there is no such folder. */
function filesBelow(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    );
}

/** What a server serves: `web/` at the root, and below `/lib/` what the pages import. */
export function serverMounts(): Mount[] {
  const compiled = dirname(dirname(fileURLToPath(import.meta.url)));
  const flatbuffers = dirname(createRequire(import.meta.url).resolve("flatbuffers/package.json"));
  const isModule = (relative: string) =>
    /\.js(\.map)?$/.test(relative) && !/\.(test|fuzz|bench)/.test(relative);
  return [
    { path: "/", folder: join(packageRoot(), "web") },
    { path: "/lib/client/", folder: join(compiled, "client"), only: isModule },
    { path: "/lib/engine/wire/", folder: join(compiled, "engine", "wire"), only: isModule },
    // What the verifier of the wire imports.
    { path: "/lib/engine/", folder: join(compiled, "engine"), only: (relative) => relative === "assert.js" },
    {
      path: "/lib/games/",
      folder: join(compiled, "games"),
      only: (relative) =>
        (isModule(relative) && /(^|\/)generated\//.test(relative)) ||
        /^tables\/[a-z0-9-]+\.json$/.test(relative),
    },
    { path: "/lib/flatbuffers/", folder: join(flatbuffers, "mjs") },
  ];
}
