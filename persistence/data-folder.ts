/**
 * The folder that holds a node's own files: the embedded database, and the journal. One process owns it at a time.
 *
 * Ownership is a file, `gridshard.lock`, that names its owner by process id and start time: after `kill -9` the next
 * process can tell that nobody is there. Taking over from a dead owner is a race that exactly one process may win:
 * the one that creates `gridshard.lock.heir-of-<nonce of the dead owner>`, a name that can be created once only. It
 * then replaces the lock. An heir that dies halfway is itself succeeded in the same way.
 *
 * The process holds the folder, not a thread: a persistence thread that is rebuilt inherits it.
 */
import {
  accessSync,
  constants,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { secretBytes } from "../engine/prng.js";
import { syncFolder } from "../engine/whole-file.js";

const LOCK_FILE = "gridshard.lock";
const HEIR_PREFIX = `${LOCK_FILE}.heir-of-`;
const TEMPORARY_PREFIX = `${LOCK_FILE}.new-`;
/** Each try lost is a try somebody else won, so a few are enough. */
const TRIES_MAX = 32;

/** The folder cannot be used. The message names it and says what to do. */
export class DataFolderUnusable extends Error {
  override readonly name = "DataFolderUnusable";
}

/** Another process that still runs owns the folder. */
export class DataFolderOwned extends Error {
  override readonly name = "DataFolderOwned";
}

/** A held folder as it travels to another thread of the process that holds it. */
export interface DataFolderHold {
  readonly path: string;
  readonly nonce: string;
}

interface Owner {
  readonly pid: number;
  /** What the system says of the process's start; "" where it does not say. */
  readonly startedAt: string;
  readonly nonce: string;
}

export class DataFolder {
  readonly path: string;
  readonly #nonce: string;

  private constructor(path: string, nonce: string) {
    this.path = path;
    this.#nonce = nonce;
  }

  /** Creates the folder when it is missing and takes it for this process. Throws the two errors above. */
  static acquire(folder: string): DataFolder {
    const path = resolve(folder);
    return usable(path, () => {
      makeFolder(path);
      accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
      const nonce = Buffer.from(secretBytes(8)).toString("hex");
      takeLock(path, { pid: process.pid, startedAt: startOf(process.pid) ?? "", nonce });
      syncFolder(path);
      return new DataFolder(path, nonce);
    });
  }

  /** The folder in another thread of the process that holds it. Throws {@link DataFolderOwned} when it no longer does. */
  static inherit(hold: DataFolderHold): DataFolder {
    return usable(hold.path, () => {
      const owner = readOwner(join(hold.path, LOCK_FILE));
      if (owner?.nonce !== hold.nonce || owner.pid !== process.pid)
        throw new DataFolderOwned(`${hold.path} is no longer held by this process: start it again`);
      return new DataFolder(hold.path, hold.nonce);
    });
  }

  get hold(): DataFolderHold {
    return { path: this.path, nonce: this.#nonce };
  }

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Lets go of the folder. Every thread must have closed its files in it. */
  release(): void {
    const lock = join(this.path, LOCK_FILE);
    if (readOwner(lock)?.nonce === this.#nonce) rmSync(lock);
  }
}

function takeLock(path: string, me: Owner): void {
  const lock = join(path, LOCK_FILE);
  const temporary = join(path, `${TEMPORARY_PREFIX}${me.nonce}`);
  // Written in full before it gets its name: nobody ever reads half a lock.
  writeFileSync(temporary, JSON.stringify(me), { flush: true });
  try {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (linkIfFree(temporary, lock)) break;
      const chain = claims(path);
      const last = chain.at(-1);
      if (last === undefined) continue;
      if (isAlive(last))
        throw new DataFolderOwned(
          `${path} is in use by process ${last.pid}: stop that process, or give this one another data folder`,
        );
      const heir = join(path, `${HEIR_PREFIX}${last.nonce}`);
      if (!linkIfFree(temporary, heir)) continue;
      // The lock may have been replaced between the look and the claim; then this claim is on nobody.
      if (claims(path).at(-1)?.nonce !== me.nonce) {
        rmSync(heir, { force: true });
        continue;
      }
      renameSync(temporary, lock);
      break;
    }
    if (readOwner(lock)?.nonce !== me.nonce)
      throw new DataFolderOwned(`${path}: other processes are starting in it at this moment; start one`);
    sweep(path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** The lock's owner, the owner's heir, the heir's heir …; the last one counts. */
function claims(path: string): Owner[] {
  const chain: Owner[] = [];
  let owner = readOwner(join(path, LOCK_FILE));
  while (owner !== null) {
    chain.push(owner);
    owner = readOwner(join(path, `${HEIR_PREFIX}${owner.nonce}`));
  }
  return chain;
}

/** Removes what dead heirs left. A claim on somebody who no longer has the lock is void, whoever made it. */
function sweep(path: string): void {
  for (const name of readdirSync(path)) {
    if (name.startsWith(HEIR_PREFIX)) rmSync(join(path, name), { force: true });
  }
}

function linkIfFree(existing: string, name: string): boolean {
  try {
    linkSync(existing, name);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function readOwner(file: string): Owner | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
  try {
    const owner = JSON.parse(text) as Partial<Owner>;
    if (typeof owner.pid === "number" && typeof owner.nonce === "string")
      return { pid: owner.pid, nonce: owner.nonce, startedAt: String(owner.startedAt ?? "") };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new DataFolderUnusable(`${file} is not a lock of ours: remove it if no server runs in that folder`);
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
    if (codeOf(error) !== "EPERM") throw error;
  }
  // A process id is used again some day; the time of its start is not.
  const startedAt = startOf(owner.pid);
  return startedAt === null || owner.startedAt === "" || startedAt === owner.startedAt;
}

/** When the process started, in clock ticks since this boot and with the boot's id; null where there is no /proc. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields 3 and 22 of proc(5); the second, in brackets, may itself hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie holds nothing: it only waits for its parent to look.
    if (fields[0] === "Z") return "ended";
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]!}`;
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "EACCES" || code === "ESRCH") return null;
    throw error;
  }
}

function usable<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new DataFolderUnusable(
      `the data folder ${path} cannot be used (${code}): ${remedies[code] ?? otherRemedy}`,
      {
        cause: error,
      },
    );
  }
}

const otherRemedy = "check the disk and the folder, or choose another with the data folder setting";
const remedies: Readonly<Record<string, string>> = {
  EACCES: "give this user the right to read and write it, or choose another",
  EPERM: "give this user the right to read and write it, or choose another",
  EROFS: "its file system is mounted read-only; mount it writable, or choose another",
  ENOTDIR: "part of that path is a file; remove it, or choose another",
  EEXIST: "there is a file of that name; remove it, or choose another",
  ENOSPC: "its disk is full; make room, or choose another",
};

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** Makes a folder and what is missing above it. Node's own recursion does not end below `/proc`. */
function makeFolder(path: string, isParentMade = false): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    if (code !== "ENOENT" || isParentMade) throw error;
    makeFolder(dirname(path));
    makeFolder(path, true);
  }
}
