/**
 * Checks the rows of a table file: a list of objects with the same columns. What is wrong is told as a person who
 * edits the file needs it: row, column, got, want.
 */

/** What one column takes. */
export interface Column<Value> {
  /** In words, after "want". */
  readonly want: string;
  accepts(value: unknown): value is Value;
}

export type Columns<Row> = { readonly [Name in keyof Row]: Column<Row[Name]> };

export function integer(least: number, most: number): Column<number> {
  return {
    want: `an integer in ${least}..${most}`,
    accepts: (value): value is number => Number.isInteger(value) && isWithin(value as number, least, most),
  };
}

export function number(least: number, most: number): Column<number> {
  return {
    want: `a number in ${least}..${most}`,
    accepts: (value): value is number => Number.isFinite(value) && isWithin(value as number, least, most),
  };
}

export function text(lengthMax: number): Column<string> {
  return {
    want: `a text of 1..${lengthMax} characters`,
    accepts: (value): value is string =>
      typeof value === "string" && value.length > 0 && value.length <= lengthMax,
  };
}

export const flag: Column<boolean> = {
  want: "true or false",
  accepts: (value): value is boolean => typeof value === "boolean",
};

export function oneOf<const Value extends string>(...values: readonly Value[]): Column<Value> {
  return {
    want: `one of ${values.join(", ")}`,
    accepts: (value): value is Value => values.includes(value as Value),
  };
}

export function listOf<Value>(of: Column<Value>, countMax: number): Column<readonly Value[]> {
  return {
    want: `a list of 0..${countMax}, each ${of.want}`,
    accepts: (value): value is readonly Value[] =>
      Array.isArray(value) && value.length <= countMax && value.every((one) => of.accepts(one)),
  };
}

export function record<Row>(columns: Columns<Row>): Column<Row> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  return {
    want: `{${names.map((name) => `${name}: ${columns[name].want}`).join(", ")}}`,
    accepts: (value): value is Row =>
      isObject(value) &&
      Object.keys(value).length === names.length &&
      names.every((name) => Object.hasOwn(value, name) && columns[name].accepts(value[name])),
  };
}

/** The rows of a file. Row 1 is the first. @throws Error that names row, column, got and want */
export function parseRows<Row>(json: unknown, columns: Columns<Row>, countMax: number): Row[] {
  if (!Array.isArray(json) || json.length < 1 || json.length > countMax)
    throw new Error(`got ${shown(json)}, want a list of 1..${countMax} rows`);
  return json.map((row: unknown, at) => parseRow(row, columns, at + 1));
}

function parseRow<Row>(row: unknown, columns: Columns<Row>, number: number): Row {
  if (!isObject(row))
    throw new Error(`row ${number}: got ${shown(row)}, want an object with a value for each column`);
  const names = Object.keys(columns) as (keyof Row & string)[];
  for (const name of Object.keys(row)) {
    if (!Object.hasOwn(columns, name))
      throw new Error(`row ${number}: got a column ${shown(name)}, want only ${names.join(", ")}`);
  }
  // Columns in the same order whatever the file's, so that all rows have one shape.
  const parsed: Partial<Row> = {};
  for (const name of names) {
    const value = Object.hasOwn(row, name) ? row[name] : undefined;
    const column = columns[name];
    if (!column.accepts(value)) throw badCell({ row: number, column: name, got: value, want: column.want });
    parsed[name] = value;
  }
  return parsed as Row;
}

/** One cell that cannot be. */
export function badCell(cell: {
  readonly row: number;
  readonly column: string;
  readonly got: unknown;
  readonly want: string;
}): Error {
  return new Error(
    `row ${cell.row}, column ${shown(cell.column)}: got ${shown(cell.got)}, want ${cell.want}`,
  );
}

const SHOWN_LENGTH_MAX = 100;

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
}

function isWithin(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
