/**
 * Checks a FlatBuffers table before anything reads it. The JavaScript runtime of FlatBuffers trusts every offset
 * and length; what this lets through can be read completely, by any accessor generated from the same schema,
 * without leaving the message and within bounded work. After the C++ `Verifier` of FlatBuffers; stricter in UTF-8,
 * in numbers (no NaN, no infinity) and in how often bytes may be shared.
 */
import { assert } from "../assert.js";
import { readI32, readU16 } from "./bytes-le.js";
import type { FieldShape, StructField, TableSchema } from "./schema.js";
import { isUtf8 } from "./utf8.js";

/** Why a table was turned down; 0 when it was not. */
export const verdicts = {
  good: 0,
  /** Something lies outside of the message. */
  bounds: 1,
  /** Something is not aligned relative to the start of the buffer. */
  alignment: 2,
  /** A vtable contradicts itself or its table. */
  vtable: 3,
  /** An offset that points nowhere forward. */
  offset: 4,
  /** Tables inside tables, too deep. */
  depth: 5,
  /** Too many tables. */
  tables: 6,
  /** Far more to read than was sent, because parts are shared. */
  work: 7,
  /** A string without its terminating zero. */
  terminator: 8,
  utf8: 9,
  /** A required field is missing. */
  required: 10,
  /** NaN or an infinity. */
  number: 11,
} as const;

/** Bounds on one message. */
export interface VerifierLimits {
  /** Tables below tables, the root being the first. */
  readonly depthMax: number;
  /** Tables in all, counting one again for every way that leads to it. */
  readonly tablesMax: number;
  /**
   * How many times its own length a message may make a reader read. Strings and vectors can be shared in
   * FlatBuffers, so a small message could otherwise unfold to a thousand times its length.
   */
  readonly readFactorMax: number;
}

export const verifierLimits: VerifierLimits = { depthMax: 16, tablesMax: 1024, readFactorMax: 4 };

/**
 * Verifies the buffer `bytes[at..end)`, which begins with the offset of its root table. Returns one of
 * {@link verdicts}. Never throws, never allocates, never reads outside; the memory may be shared as long as nobody
 * writes to it meanwhile.
 */
export type Verifier = (bytes: Uint8Array, at: number, end: number) => number;

/** The JavaScript runtime reads vtables as signed numbers: with more, it would look in front of the table. */
const TABLE_BYTES_MAX = 0x7fff;

const SCALAR = 0;
const FLOAT = 1;
const STRUCT = 2;
const STRING = 3;
const TABLE = 4;
const SCALAR_VECTOR = 5;
const FLOAT_VECTOR = 6;
const STRUCT_VECTOR = 7;
const STRING_VECTOR = 8;
const TABLE_VECTOR = 9;

/** A field, with everything the check needs in plain numbers. */
class FieldCheck {
  readonly kind: number;
  /** Offset of its entry in the vtable. */
  readonly entry: number;
  readonly isRequired: boolean;
  /** Bytes and alignment minus one of what stands in the table itself. */
  readonly inlineSize: number;
  readonly inlineMask: number;
  /** Bytes and alignment minus one of one element, of vectors. */
  readonly elementSize: number;
  readonly elementMask: number;
  /** Where floating point numbers are in the struct: offset, size, offset, size … */
  readonly floats: Int32Array;
  /** Set after construction, because schemas may be recursive. */
  table: TableCheck | undefined;

  constructor(entry: number, isRequired: boolean, shape: FieldShape) {
    const element = shape.type === "vector" ? shape.of : shape;
    const { size, align } = inlineOf(element);
    this.kind = kindOf(shape);
    this.entry = entry;
    this.isRequired = isRequired;
    this.inlineSize = shape.type === "vector" ? 4 : size;
    this.inlineMask = (shape.type === "vector" ? 4 : align) - 1;
    this.elementSize = size;
    this.elementMask = align - 1;
    const floats = element.type === "struct" ? (element.floats ?? []) : [];
    this.floats = Int32Array.from(floats.flatMap(({ offset, size }) => [offset, size]));
    if (element.type === "struct") assertStruct(element);
  }
}

function inlineOf(shape: FieldShape): { size: number; align: number } {
  if (shape.type === "scalar") return { size: shape.size, align: shape.size };
  if (shape.type === "struct") return { size: shape.size, align: shape.align };
  return { size: 4, align: 4 };
}

function kindOf(shape: FieldShape): number {
  if (shape.type === "scalar") return shape.isFloat ? FLOAT : SCALAR;
  if (shape.type === "struct") return STRUCT;
  if (shape.type === "string") return STRING;
  if (shape.type === "table") return TABLE;
  const { of } = shape;
  if (of.type === "scalar") return of.isFloat ? FLOAT_VECTOR : SCALAR_VECTOR;
  if (of.type === "struct") return STRUCT_VECTOR;
  return of.type === "string" ? STRING_VECTOR : TABLE_VECTOR;
}

function assertStruct(struct: StructField): void {
  assert(
    struct.size > 0 && struct.size % struct.align === 0,
    "a struct's size is a multiple of its alignment",
  );
  for (const { offset, size } of struct.floats ?? []) {
    assert(offset >= 0 && offset + size <= struct.size, "a float lies inside its struct");
  }
}

class TableCheck {
  fields: readonly FieldCheck[] = [];
}

/** Each schema becomes one node, so recursive schemas end. */
function compileTable(schema: TableSchema, known: Map<TableSchema, TableCheck>): TableCheck {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const check = new TableCheck();
  known.set(schema, check);
  check.fields = schema.fields.map(({ name, vtableOffset, isRequired, shape }) => {
    assert(
      vtableOffset >= 4 && vtableOffset % 2 === 0,
      `${schema.name}.${name}: a vtable entry is 4, 6, 8 …`,
    );
    const field = new FieldCheck(vtableOffset, isRequired, shape);
    const element = shape.type === "vector" ? shape.of : shape;
    if (element.type === "table") field.table = compileTable(element.table(), known);
    return field;
  });
  return check;
}

/** What one run of a verifier is about, so that its functions need few arguments and no objects. */
class Run {
  readonly limits: VerifierLimits;
  bytes: Uint8Array = new Uint8Array(0);
  /** The buffer is bytes[at..end); alignment counts from `at`. */
  at = 0;
  end = 0;
  tablesLeft = 0;
  bytesLeft = 0;

  constructor(limits: VerifierLimits) {
    this.limits = limits;
  }
}

/** Compiles a verifier for buffers whose root is the table `schema`. Do it once per schema. */
export function compileVerifier(schema: TableSchema, limits: VerifierLimits = verifierLimits): Verifier {
  const root = compileTable(schema, new Map());
  const run = new Run(limits);
  return (bytes, at, end) => {
    if (at < 0 || end > bytes.length || end - at < 4) return verdicts.bounds;
    run.bytes = bytes;
    run.at = at;
    run.end = end;
    run.tablesLeft = limits.tablesMax;
    run.bytesLeft = (end - at) * limits.readFactorMax;
    return checkTableAt(run, root, at, limits.depthMax);
  };
}

/** Position an offset at `from` points to, or minus a verdict. */
function follow(run: Run, from: number): number {
  const offset = readI32(run.bytes, from);
  // Whatever it points to comes after the four bytes of the offset itself.
  if (offset < 4) return -verdicts.offset;
  const to = from + offset;
  if (to > run.end - 4) return -verdicts.bounds;
  if (((to - run.at) & 3) !== 0) return -verdicts.alignment;
  return to;
}

function checkTableAt(run: Run, check: TableCheck, from: number, depthLeft: number): number {
  if (depthLeft === 0) return verdicts.depth;
  if (--run.tablesLeft < 0) return verdicts.tables;
  const table = follow(run, from);
  if (table < 0) return -table;
  const { bytes, at, end } = run;
  const vtable = table - readI32(bytes, table);
  if (vtable < at || vtable > end - 4) return verdicts.bounds;
  if (((vtable - at) & 1) !== 0) return verdicts.alignment;
  const vtableSize = readU16(bytes, vtable);
  const tableSize = readU16(bytes, vtable + 2);
  if (vtableSize < 4 || (vtableSize & 1) !== 0 || tableSize < 4) return verdicts.vtable;
  if (vtableSize > TABLE_BYTES_MAX || tableSize > TABLE_BYTES_MAX) return verdicts.vtable;
  if (vtable + vtableSize > end || table + tableSize > end) return verdicts.bounds;
  run.bytesLeft -= tableSize;
  if (run.bytesLeft < 0) return verdicts.work;
  const { fields } = check;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    const offset = field.entry < vtableSize ? readU16(bytes, vtable + field.entry) : 0;
    if (offset === 0) {
      if (field.isRequired) return verdicts.required;
      continue;
    }
    if (offset < 4 || offset + field.inlineSize > tableSize) return verdicts.vtable;
    const position = table + offset;
    if (((position - at) & field.inlineMask) !== 0) return verdicts.alignment;
    if (field.kind === SCALAR) continue;
    const verdict = checkField(run, field, position, depthLeft);
    if (verdict !== verdicts.good) return verdict;
  }
  return verdicts.good;
}

function checkField(run: Run, field: FieldCheck, position: number, depthLeft: number): number {
  switch (field.kind) {
    case FLOAT:
      return isNumber(run.bytes, position, field.inlineSize) ? verdicts.good : verdicts.number;
    case STRUCT:
      return checkStructFloats(run.bytes, field, position);
    case STRING:
      return checkStringAt(run, position);
    case TABLE:
      return checkTableAt(run, field.table!, position, depthLeft - 1);
    default:
      return checkVectorAt(run, field, position, depthLeft);
  }
}

function checkVectorAt(run: Run, field: FieldCheck, from: number, depthLeft: number): number {
  const vector = follow(run, from);
  if (vector < 0) return -vector;
  const { bytes, at, end } = run;
  const length = readI32(bytes, vector);
  const first = vector + 4;
  const { elementSize } = field;
  // Dividing instead of multiplying: no length overflows.
  if (length < 0 || length > (end - first) / elementSize) return verdicts.bounds;
  if (((first - at) & field.elementMask) !== 0) return verdicts.alignment;
  run.bytesLeft -= length * elementSize;
  if (run.bytesLeft < 0) return verdicts.work;
  if (field.kind === SCALAR_VECTOR) return verdicts.good;
  const last = first + length * elementSize;
  for (let position = first; position < last; position += elementSize) {
    const verdict = checkElement(run, field, position, depthLeft);
    if (verdict !== verdicts.good) return verdict;
  }
  return verdicts.good;
}

function checkElement(run: Run, field: FieldCheck, position: number, depthLeft: number): number {
  switch (field.kind) {
    case FLOAT_VECTOR:
      return isNumber(run.bytes, position, field.elementSize) ? verdicts.good : verdicts.number;
    case STRUCT_VECTOR:
      return checkStructFloats(run.bytes, field, position);
    case STRING_VECTOR:
      return checkStringAt(run, position);
    default:
      return checkTableAt(run, field.table!, position, depthLeft - 1);
  }
}

function checkStringAt(run: Run, from: number): number {
  const string = follow(run, from);
  if (string < 0) return -string;
  const length = readI32(run.bytes, string);
  const first = string + 4;
  if (length < 0 || length >= run.end - first) return verdicts.bounds;
  if (run.bytes[first + length] !== 0) return verdicts.terminator;
  run.bytesLeft -= length;
  if (run.bytesLeft < 0) return verdicts.work;
  return isUtf8(run.bytes, first, first + length) ? verdicts.good : verdicts.utf8;
}

function checkStructFloats(bytes: Uint8Array, field: FieldCheck, position: number): number {
  const { floats } = field;
  for (let index = 0; index < floats.length; index += 2) {
    if (!isNumber(bytes, position + floats[index]!, floats[index + 1]!)) return verdicts.number;
  }
  return verdicts.good;
}

/** NaN and the infinities are the numbers whose exponent is all ones. */
function isNumber(bytes: Uint8Array, at: number, size: number): boolean {
  const high = bytes[at + size - 1]! & 0x7f;
  const low = bytes[at + size - 2]!;
  return high !== 0x7f || (size === 4 ? (low & 0x80) !== 0x80 : (low & 0xf0) !== 0xf0);
}
