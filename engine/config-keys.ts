/** Every key of the config, read off the schema: its environment variable, and what it wants in words. */
import { z } from "zod";
import { configSchema } from "./config-schema.js";

/** The part of JSON Schema that zod emits for the config. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  /** The value is never shown. Written by `.meta({ secret: true })`. */
  readonly secret?: boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
}

/** One value an operator may set. */
export interface ConfigKey {
  /** As in `net.port`. */
  readonly key: string;
  readonly path: readonly string[];
  /** As in `GRIDSHARD_NET_PORT`. */
  readonly variable: string;
  readonly node: SchemaNode;
}

/** The schema as JSON Schema, for editors: what a file may contain. */
export function configJsonSchema(): SchemaNode {
  return z.toJSONSchema(configSchema, {
    io: "input",
    override: ({ jsonSchema }) => {
      // A section's default is what its keys say; `{}` would tell an editor nothing.
      if (jsonSchema.properties !== undefined) delete jsonSchema.default;
    },
  }) as SchemaNode;
}

const root = configJsonSchema();

function keysOf(node: SchemaNode, path: readonly string[]): ConfigKey[] {
  if (node.properties === undefined) {
    return [{ key: path.join("."), path, variable: variableOf(path), node }];
  }
  return Object.entries(node.properties)
    .filter(([name]) => name !== "$schema")
    .flatMap(([name, child]) => keysOf(child, [...path, name]));
}

function variableOf(path: readonly string[]): string {
  const words = path.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return `GRIDSHARD_${words.join("_")}`;
}

/** All keys, in the order of the schema. `rooms` is one key that holds a record. */
export const configKeys: readonly ConfigKey[] = keysOf(root, []);

/** The schema at a path, or undefined where the config has nothing by that name. */
export function nodeAt(path: readonly PropertyKey[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const step of path) {
    if (node === undefined) return undefined;
    const { properties, additionalProperties } = node as SchemaNode;
    if (properties !== undefined && Object.hasOwn(properties, step)) node = properties[String(step)];
    else node = typeof additionalProperties === "object" ? additionalProperties : undefined;
  }
  return node;
}

/** What a value must be, in words. */
export function wantOf(node: SchemaNode): string {
  if (node.enum !== undefined) return `one of ${node.enum.join(", ")}`;
  switch (node.type) {
    case "integer":
      return `an integer in ${node.minimum}..${node.maximum}`;
    case "number":
      return `a number in ${node.minimum}..${node.maximum}`;
    case "array":
      return `a list of ${node.minItems ?? 0}..${node.maxItems} texts`;
    case "object":
      return "a section: an object of keys";
    default:
      if (node.pattern !== undefined) return `a text matching ${node.pattern}`;
      return (node.minLength ?? 0) > 0 ? "a text that is not empty" : "a text";
  }
}

/** The value that a text from the environment or the command line stands for: JSON or a bare scalar. */
export function valueOfText(node: SchemaNode, text: string): unknown {
  if (node.type === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: a list may be written with commas; anything else is reported as it stands.
    return node.type === "array" ? text.split(",").map((part) => part.trim()) : text;
  }
}

/** The key nearest to a mistyped one, when there is one near enough to suggest. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 4)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance: insertions, deletions and substitutions from one text to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const substitution = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, substitution));
    }
    row = next;
  }
  return row[to.length]!;
}
