/**
 * Reads every field of a table with the generated accessors, the way a careless game would: no length is looked at
 * twice. For tests of the verifier: what it lets through must be readable like this.
 */
import type { FieldShape, TableSchema } from "./schema.js";

type Accessor = (index?: number) => unknown;

/** Calls `onValue` with every scalar and string of the table, in a fixed order. */
export function readEverything(table: object, schema: TableSchema, onValue: (value: unknown) => void): void {
  for (const { name, shape } of schema.fields) {
    const accessor = name.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
    if (shape.type !== "vector") {
      readOne(call(table, accessor), shape, onValue);
      continue;
    }
    const length = call(table, `${accessor}Length`) as number;
    onValue(length);
    for (let index = 0; index < length; index++) readOne(call(table, accessor, index), shape.of, onValue);
    // The accessor that returns a whole vector at once trusts the length most of all.
    if (`${accessor}Array` in table) {
      const whole = call(table, `${accessor}Array`) as Uint8Array | null;
      for (const value of whole ?? []) onValue(value);
    }
  }
}

function call(object: object, accessor: string, index?: number): unknown {
  return (object as Record<string, Accessor>)[accessor]!(index);
}

function readOne(value: unknown, shape: FieldShape, onValue: (value: unknown) => void): void {
  if (value === null || shape.type === "scalar" || shape.type === "string") onValue(value);
  else if (shape.type === "table") readEverything(value as object, shape.table(), onValue);
  else readStruct(value as object, onValue);
}

const accessorsOfClass = new Map<object, string[]>();

function readStruct(struct: object, onValue: (value: unknown) => void): void {
  const prototype = Object.getPrototypeOf(struct) as object;
  let accessors = accessorsOfClass.get(prototype);
  if (accessors === undefined) {
    accessors = Object.getOwnPropertyNames(prototype).filter(
      (name) => name !== "constructor" && name !== "__init",
    );
    accessorsOfClass.set(prototype, accessors);
  }
  for (const accessor of accessors) {
    const value = call(struct, accessor as string);
    if (typeof value === "object" && value !== null) readStruct(value, onValue);
    else onValue(value);
  }
}
