/** Where a run was made, and of what: without it a figure says nothing. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { packageRoot } from "../engine/package-root.js";

const LOOK_MS = 500;
/** A server's load of which so much is others' cannot be judged by a few per cent. */
const BUSY_PART_MAX = 0.1;

export interface RunPlace {
  readonly node: string;
  readonly gridshard: string;
  readonly uws: string;
  /** Null where there is no git, or no repository. */
  readonly commit: string | null;
  /** Files differ from the commit. */
  readonly isDirty: boolean;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly os: string;
  /** Cores that others kept busy, just before the run. Load averages still tell of what ended a minute ago. */
  readonly busyCores: number;
}

export async function readPlace(): Promise<RunPlace> {
  const root = packageRoot();
  // Installed as a dependency, the repository around it is somebody else's.
  const isOwn = git(root, "rev-parse", "--show-prefix") === "";
  const status = isOwn ? git(root, "status", "--porcelain", "--untracked-files=no") : null;
  return {
    node: process.version,
    gridshard: versionOf(join(root, "package.json")),
    uws: versionOf(createRequire(import.meta.url).resolve("uWebSockets.js/package.json")),
    commit: isOwn ? git(root, "rev-parse", "--short", "HEAD") : null,
    isDirty: status !== null && status !== "",
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${release()} ${process.arch}`,
    busyCores: await busyCores(),
  };
}

/** While this process does nothing. */
async function busyCores(): Promise<number> {
  const read = () => {
    const times = cpus().map((cpu) => cpu.times);
    const all = times.flatMap((time) => Object.values(time)).reduce((sum, ms) => sum + ms, 0);
    return { all, idle: times.reduce((sum, { idle }) => sum + idle, 0) };
  };
  const from = read();
  await delay(LOOK_MS);
  const to = read();
  const part = 1 - (to.idle - from.idle) / (to.all - from.all);
  return Math.round(part * cpus().length * 100) / 100;
}

/** What git says, or null where it has nothing to say. */
function git(root: string, ...parameters: string[]): string | null {
  try {
    return execFileSync("git", ["-C", root, ...parameters], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    // No git, no repository, a repository of another user: a figure without its commit is still a figure.
    return null;
  }
}

function versionOf(file: string): string {
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** Two lines for the top of a report, and a third when the machine was not quiet. */
export function describePlace(place: RunPlace): string {
  const commit =
    place.commit === null ? "no commit known" : `${place.commit}${place.isDirty ? ", changed since" : ""}`;
  const isBusy = place.busyCores > place.cores * BUSY_PART_MAX;
  return [
    `gridshard ${place.gridshard} (${commit}), node ${place.node}, uWebSockets.js ${place.uws}`,
    `${place.cpu}, ${place.cores} cores, ${place.memoryGB} GB, ${place.os}, ${place.busyCores} cores busy`,
    ...(isBusy ? ["The machine is busy with something else: trust no figure of this run."] : []),
    "",
  ].join("\n");
}

/** What makes figures of two runs those of different machines, in words; empty when they are of one. */
export function machineDifferences(one: RunPlace, other: RunPlace): string[] {
  const facts = ["cpu", "cores", "memoryGB", "os"] as const;
  return facts.flatMap((fact) =>
    one[fact] === other[fact] ? [] : [`${fact}: ${other[fact]} before, ${one[fact]} now`],
  );
}
