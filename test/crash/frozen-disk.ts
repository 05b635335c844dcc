/**
 * A file system of its own, on a file, that can be frozen: whoever writes to it then waits in the kernel, as with a disk
 * that has stopped answering. Needs Linux, root, a loop device, `mkfs.ext4` and `fsfreeze`.
 */
import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BYTES = 1 << 29;
const COMMAND_MS_MAX = 30_000;

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { stdio: "pipe", timeout: COMMAND_MS_MAX });

export class FrozenDisk {
  /** Where it is mounted. */
  readonly path: string;
  readonly #home: string;
  #isFrozen = false;

  private constructor(home: string, path: string) {
    this.#home = home;
    this.path = path;
  }

  /** Throws what is missing on this machine. */
  static mount(): FrozenDisk {
    const home = mkdtempSync(join(tmpdir(), "gridshard-disk-"));
    const [image, path] = [join(home, "image"), join(home, "mounted")];
    try {
      const file = openSync(image, "w");
      ftruncateSync(file, BYTES);
      closeSync(file);
      mkdirSync(path);
      run("mkfs.ext4", "-q", image);
      run("mount", "-o", "loop", image, path);
    } catch (error) {
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
    return new FrozenDisk(home, path);
  }

  freeze(): void {
    run("fsfreeze", "--freeze", this.path);
    this.#isFrozen = true;
  }

  thaw(): void {
    if (this.#isFrozen) run("fsfreeze", "--unfreeze", this.path);
    this.#isFrozen = false;
  }

  remove(): void {
    this.thaw();
    run("umount", this.path);
    rmSync(this.#home, { recursive: true, force: true });
  }
}
