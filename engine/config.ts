/**
 * The effective config: defaults, then gridshard.json, then GRIDSHARD_* variables, then the command line. The only
 * reader of the environment. Everything wrong is reported at once, with what was found and what was wanted.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { configChecks } from "./config-checks.js";
import { type ConfigKey, configKeys, nearest, nodeAt, valueOfText, wantOf } from "./config-keys.js";
import { type Config, configSchema } from "./config-schema.js";

/** Where a value came from: `default`, the file's name, a variable's name, or `--set`. */
export type ConfigOrigin = string;

export interface LoadedConfig {
  readonly config: Config;
  /** By key, as in `net.port`; what is not in it is a default. */
  readonly origins: ReadonlyMap<string, ConfigOrigin>;
}

export interface ConfigSources {
  /** A file that must exist. Without it, gridshard.json of the working folder if there is one. */
  readonly file?: string | undefined;
  /** Default: the process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** From the command line: `net.port=0`. The strongest source. */
  readonly settings?: readonly string[] | undefined;
}

/** A config nobody can run with: exit code 78. The message lists every problem, one a line. */
export class ConfigInvalid extends Error {
  override readonly name = "ConfigInvalid";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const heading =
      problems.length === 1 ? "the config has a problem" : `the config has ${problems.length} problems`;
    super([`${heading}:`, ...problems.map((problem) => `  ${problem}`)].join("\n"));
    this.problems = problems;
  }
}

const DEFAULT_FILE = "gridshard.json";
const FILE_VARIABLE = "GRIDSHARD_CONFIG";
/** Variables with our prefix that are no config: the seed a fuzz test replays. */
const OTHER_VARIABLES: readonly string[] = [FILE_VARIABLE, "GRIDSHARD_SEED"];
const GOT_LENGTH_MAX = 80;

type Section = { [key: string]: unknown };

/** @throws ConfigInvalid */
export function loadConfig(sources: ConfigSources = {}): LoadedConfig {
  const environment = sources.environment ?? process.env;
  const problems: string[] = [];
  const origins = new Map<string, ConfigOrigin>();
  const raw = readFile(sources.file ?? environment[FILE_VARIABLE], origins, problems);
  applyEnvironment(raw, environment, origins, problems);
  for (const setting of sources.settings ?? []) applySetting(raw, setting, origins, problems);
  const config = parse(raw, origins, problems);
  if (problems.length > 0) throw new ConfigInvalid(problems);
  return { config, origins };
}

/** The problem of one key, in the one form that every problem has. */
function problemOf(key: string, value: unknown, want: string, origin: ConfigOrigin | undefined): string {
  const isSecret = nodeAt(key.split("."))?.secret === true && value !== "";
  const text = isSecret ? "(hidden)" : (JSON.stringify(value) ?? String(value));
  const got = text.length > GOT_LENGTH_MAX ? `${text.slice(0, GOT_LENGTH_MAX)}…` : text;
  return `${key}: got ${got}, want ${want}${origin === undefined ? "" : ` (from ${origin})`}`;
}

function unknownKey(key: string, siblings: readonly string[], origin: ConfigOrigin | undefined): string {
  const near = nearest(key, siblings);
  const want = near === undefined ? `one of ${siblings.join(", ")}` : `${near} perhaps`;
  return `${key}: there is no such key, want ${want}${origin === undefined ? "" : ` (from ${origin})`}`;
}

function readFile(
  named: string | undefined,
  origins: Map<string, ConfigOrigin>,
  problems: string[],
): Section {
  const file = named ?? DEFAULT_FILE;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(resolve(file), "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (named === undefined && code === "ENOENT") return {};
    problems.push(
      code === undefined
        ? `${file}: got something that is not JSON (${message}), want a JSON object`
        : `${file}: got ${code}, want a file that can be read`,
    );
    return {};
  }
  if (!isSection(value)) {
    problems.push(problemOf(file, value, "a JSON object", undefined));
    return {};
  }
  markOrigins(value, [], file, origins);
  return value;
}

function markOrigins(
  value: Section,
  path: readonly string[],
  file: string,
  origins: Map<string, ConfigOrigin>,
): void {
  for (const [name, child] of Object.entries(value)) {
    const at = [...path, name];
    origins.set(at.join("."), file);
    if (isSection(child)) markOrigins(child, at, file, origins);
  }
}

function applyEnvironment(
  raw: Section,
  environment: Readonly<Record<string, string | undefined>>,
  origins: Map<string, ConfigOrigin>,
  problems: string[],
): void {
  const byVariable = new Map<string, ConfigKey>(configKeys.map((key) => [key.variable, key]));
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith("GRIDSHARD_") || text === undefined || OTHER_VARIABLES.includes(variable))
      continue;
    const key = byVariable.get(variable);
    if (key === undefined) {
      const near = nearest(variable, [...byVariable.keys()]);
      problems.push(
        `${variable}: there is no such variable, want ${near === undefined ? "one that docs/OPERATING.md lists" : `${near} perhaps`}`,
      );
      continue;
    }
    put(raw, key.path, valueOfText(key.node, text));
    origins.set(key.key, variable);
  }
}

function applySetting(
  raw: Section,
  setting: string,
  origins: Map<string, ConfigOrigin>,
  problems: string[],
): void {
  const at = setting.indexOf("=");
  const key = at < 0 ? setting : setting.slice(0, at);
  if (at < 1) {
    problems.push(`--set: got ${JSON.stringify(setting)}, want key=value as in net.port=7350`);
    return;
  }
  const path = key.split(".");
  const node = nodeAt(path);
  if (node === undefined) {
    problems.push(
      unknownKey(
        key,
        configKeys.map((known) => known.key),
        "--set",
      ),
    );
    return;
  }
  put(raw, path, valueOfText(node, setting.slice(at + 1)));
  origins.set(key, "--set");
}

function parse(raw: Section, origins: ReadonlyMap<string, ConfigOrigin>, problems: string[]): Config {
  const parsed = configSchema.safeParse(raw);
  const bad = new Set<string>();
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const path = issue.path.map(String);
      if (issue.code === "unrecognized_keys") {
        for (const name of issue.keys) reportUnknown([...path, name], origins, problems);
        for (const name of issue.keys) remove(raw, [...path, name]);
        continue;
      }
      reportBad(raw, path, bad, origins, problems);
    }
    for (const key of bad) remove(raw, key.split("."));
  }
  // What was bad is out of the way by now, so that the relations of what is left can be reported with it.
  const config = parsed.success ? parsed.data : configSchema.parse(raw);
  for (const { keys, want } of configChecks) {
    if (keys.some((key) => isBad(key, bad))) continue;
    const wanted = want(config);
    const key = keys[0]!;
    if (wanted !== null)
      problems.push(problemOf(key, valueAt(config, key.split(".")), wanted, origins.get(key)));
  }
  return config;
}

function reportUnknown(
  path: readonly string[],
  origins: ReadonlyMap<string, ConfigOrigin>,
  problems: string[],
): void {
  const parent = path.slice(0, -1);
  const prefix = parent.length === 0 ? "" : `${parent.join(".")}.`;
  const siblings = Object.keys(nodeAt(parent)?.properties ?? {}).filter((name) => name !== "$schema");
  const key = path.join(".");
  problems.push(
    unknownKey(
      key,
      siblings.map((name) => prefix + name),
      origins.get(key),
    ),
  );
}

function reportBad(
  raw: Section,
  path: readonly string[],
  bad: Set<string>,
  origins: ReadonlyMap<string, ConfigOrigin>,
  problems: string[],
): void {
  // An item of a list is reported as its list.
  const known = nodeAt(path) === undefined ? path.slice(0, -1) : path;
  const key = known.join(".");
  if (bad.has(key)) return;
  bad.add(key);
  problems.push(problemOf(key, valueAt(raw, known), wantOf(nodeAt(known) ?? {}), origins.get(key)));
}

function isBad(key: string, bad: ReadonlySet<string>): boolean {
  return bad.has(key) || bad.has(key.split(".")[0]!);
}

function isSection(value: unknown): value is Section {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const name of path) at = isSection(at) ? at[name] : undefined;
  return at;
}

/** Sets a value; what stands in the way of a section is left, to be reported as what it is. */
function put(raw: Section, path: readonly string[], value: unknown): void {
  let section = raw;
  for (const name of path.slice(0, -1)) {
    if (!Object.hasOwn(section, name)) section[name] = {};
    const child = section[name];
    if (!isSection(child)) return;
    section = child;
  }
  section[path.at(-1)!] = value;
}

function remove(raw: Section, path: readonly string[]): void {
  const section = valueAt(raw, path.slice(0, -1));
  if (isSection(section)) delete section[path.at(-1)!];
}
