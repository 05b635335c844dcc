/** What the tests need from the system beside Node.js: a MariaDB to kill and a browser to drive. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";

/** One program, and the Debian package that brings it. */
export interface SystemProgram {
  readonly program: string;
  readonly package: string;
}

export const systemPrograms: readonly SystemProgram[] = [
  { program: "mariadbd", package: "mariadb-server" },
  { program: "mariadb-install-db", package: "mariadb-server" },
  { program: "chromium", package: "chromium" },
];

/** Runs a program to its end; 0 is success. */
export type RunProgram = (program: string, options: readonly string[]) => number;

export interface SystemPackagesOptions {
  readonly programs?: readonly SystemProgram[];
  /** Folders to look in, as PATH has them. */
  readonly path?: string;
  readonly isRoot?: boolean;
  readonly run?: RunProgram;
  readonly say?: (line: string) => void;
}

/** Packages of the programs that are in none of the folders of `path`. */
export function missingPackages(programs: readonly SystemProgram[], path: string): string[] {
  const missing = programs.filter(({ program }) => findProgram(program, path) === null);
  return [...new Set(missing.map((one) => one.package))];
}

/**
 * Installs what is missing where that is possible (root, with apt-get). False when it is not: the command that
 * would do it has been said, and the caller ends with a failure. Tests are never left out instead.
 */
export function ensureSystemPackages(options: SystemPackagesOptions = {}): boolean {
  const { programs = systemPrograms, isRoot = process.getuid?.() === 0 } = options;
  const run = options.run ?? runProgram;
  const say = options.say ?? ((line) => console.error(line));
  const path = options.path ?? systemPath();
  const missing = missingPackages(programs, path);
  if (missing.length === 0) return true;
  const install = ["install", "-y", "--no-install-recommends", ...missing];
  const command = `sudo apt-get update && sudo apt-get ${install.join(" ")}`;
  if (!isRoot || findProgram("apt-get", path) === null) {
    say(`The tests need programs that are not here. On Debian or Ubuntu:\n  ${command}`);
    return false;
  }
  say(`Installing ${missing.join(", ")} …`);
  // Each of the two may fail for a moment's trouble of a mirror; what counts is whether the programs are there.
  run("apt-get", ["-o", "Acquire::Retries=3", "update"]);
  run("apt-get", ["-o", "Acquire::Retries=3", ...install]);
  const still = missingPackages(programs, path);
  if (still.length === 0) return true;
  say(`Could not install ${still.join(", ")}. Try by hand:\n  ${command}`);
  return false;
}

/** The folders of PATH, and those where Debian puts servers, which are not in everybody's PATH. */
function systemPath(): string {
  return [process.env.PATH ?? "", "/usr/sbin", "/usr/local/sbin"].join(delimiter);
}

function findProgram(program: string, path: string): string | null {
  for (const folder of path.split(delimiter)) {
    if (folder === "") continue;
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here: the next folder may have it.
    }
  }
  return null;
}

function runProgram(program: string, options: readonly string[]): number {
  const { status } = spawnSync(program, options, {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return status ?? 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = ensureSystemPackages() ? 0 : 1;
