/** The journal's disk, and the one of a real folder. Offsets and lengths are in bytes. */
import * as fs from "node:fs";
import { join } from "node:path";
import { assert } from "../../engine/assert.js";

/** A folder of files. Every call that fails rejects with an error that has a `code`, as Node's do. */
export interface Disk {
  /** Names of what is in the folder, in no order. */
  list(): Promise<string[]>;
  /** `create`: the file must not be there; `existing`: to read and write; `read`: to read only. */
  open(name: string, mode: "create" | "existing" | "read"): Promise<DiskFile>;
  remove(name: string): Promise<void>;
  /** Makes names that came and went survive a power cut. */
  syncFolder(): Promise<void>;
}

export interface DiskFile {
  /** As of opening, and of what was written through this very file since. */
  readonly length: number;
  /** All of `bytes`, or it rejects; then any part of them may be written. They must not change meanwhile. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Fills `into`; returns fewer bytes only at the end of the file. */
  read(into: Uint8Array, at: number): Promise<number>;
  /**
   * Makes what was written, and the length, survive a power cut. After it rejected once, a later success means nothing:
   * the system may have forgotten that there was something to write.
   */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * On Linux a file that is created is opened so that each write returns when it is on disk: one way to the thread pool and
 * back instead of two, with nothing between write and sync that waits for this thread. Elsewhere that flag promises less
 * than a sync does.
 */
const syncsWrites = process.platform === "linux";
const { O_CREAT, O_DSYNC, O_EXCL, O_RDWR } = fs.constants;
const flagsOf = {
  create: syncsWrites ? O_RDWR | O_CREAT | O_EXCL | O_DSYNC : "wx+",
  existing: "r+",
  read: "r",
} as const;

/** A real folder, which must be there. Nothing blocks the calling thread. */
export class FolderDisk implements Disk {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  list(): Promise<string[]> {
    return fs.promises.readdir(this.#path);
  }

  async open(name: string, mode: "create" | "existing" | "read"): Promise<DiskFile> {
    const fd = await call<number>((done) => fs.open(join(this.#path, name), flagsOf[mode], 0o640, done));
    try {
      const { size } = await call<fs.Stats>((done) => fs.fstat(fd, done));
      return new FolderFile(fd, { length: size, syncsWrites: syncsWrites && mode === "create" });
    } catch (error) {
      await call<void>((done) => fs.close(fd, done));
      throw error;
    }
  }

  remove(name: string): Promise<void> {
    return fs.promises.unlink(join(this.#path, name));
  }

  async syncFolder(): Promise<void> {
    // Windows cannot open a folder, and needs no such call.
    if (process.platform === "win32") return;
    const fd = await call<number>((done) => fs.open(this.#path, "r", done));
    try {
      await call<void>((done) => fs.fsync(fd, done));
    } finally {
      await call<void>((done) => fs.close(fd, done));
    }
  }
}

class FolderFile implements DiskFile {
  readonly #fd: number;
  #length: number;
  readonly #syncsWrites: boolean;

  constructor(fd: number, file: { readonly length: number; readonly syncsWrites: boolean }) {
    this.#fd = fd;
    this.#length = file.length;
    this.#syncsWrites = file.syncsWrites;
  }

  get length(): number {
    return this.#length;
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const from = done;
      done += await call<number>((callback) =>
        fs.write(this.#fd, bytes, from, bytes.length - from, at + from, callback),
      );
      this.#length = Math.max(this.#length, at + done);
    }
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const from = done;
      const read = await call<number>((callback) =>
        fs.read(this.#fd, into, from, into.length - from, at + from, callback),
      );
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  async sync(): Promise<void> {
    if (!this.#syncsWrites) await call<void>((done) => fs.fdatasync(this.#fd, done));
  }

  /** Never of a file that syncs its writes: this is no write. */
  async truncate(length: number): Promise<void> {
    assert(!this.#syncsWrites, "a file is cut only when it is opened to be mended");
    await call<void>((done) => fs.ftruncate(this.#fd, length, done));
    this.#length = length;
  }

  close(): Promise<void> {
    return call<void>((done) => fs.close(this.#fd, done));
  }
}

/** A call of Node's with a callback, as a promise. `fs.promises` would do the same with a handle object around. */
function call<T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value as T) : reject(error)));
  });
}
