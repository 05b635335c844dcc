import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../engine/package-root.js";
import { findDrift, generate, ownJobs } from "./generate-wire.js";
import { SchemaError, WireCompiler } from "./wire-compiler.js";

const compiler = await WireCompiler.open();

test("[WR1] the generated code is what the schemas say", () => {
  const drifts = ownJobs().flatMap((job) => findDrift(compiler, job));
  const list = drifts.map(({ path, problem }) => `${relative(packageRoot(), path)}: ${problem}`);
  assert.deepEqual(list, [], "run: npm run wire");
});

test("[WR12] a game of one's own is generated from one file, and drift is seen", () => {
  const folder = mkdtempSync(join(tmpdir(), "gridshard-wire-"));
  try {
    const schema = join(folder, "my-game.fbs");
    const out = join(folder, "out");
    writeFileSync(
      schema,
      "namespace mine; enum Mood : byte { Calm, Wild } struct At { x:float; y_far:double; }\n" +
        "table Jump { at:At; mood:Mood; who:string (required); } root_type Jump;",
    );
    const job = { schema, out, types: "gridshard/game" };
    assert.equal(generate(compiler, job), 5);
    assert.deepEqual(findDrift(compiler, job), []);
    const tables = readFileSync(join(out, "my-game-schema.ts"), "utf8");
    assert.match(tables, /import type \{ TableSchema \} from "gridshard\/game";/);
    assert.match(tables, /export const JumpSchema: TableSchema/);
    assert.match(tables, /floats: \[\{ offset: 0, size: 4 \}, \{ offset: 8, size: 8 \}\]/);
    assert.match(readFileSync(join(out, "my-game-layout.ts"), "utf8"), /yFar: 8/);
    assert.doesNotMatch(readFileSync(join(out, "mood.ts"), "utf8"), /enum Mood/);

    writeFileSync(schema, "namespace mine; table Jump { who:string; }");
    writeFileSync(join(out, "own.ts"), "export const mine = 1;\n");
    assert.deepEqual(
      findDrift(compiler, job)
        .map(({ path, problem }) => `${relative(out, path)}: ${problem}`)
        .sort(),
      [
        "at.ts: left over",
        "jump.ts: different",
        "mood.ts: left over",
        "my-game-layout.ts: left over",
        "my-game-schema.ts: different",
      ],
    );
    generate(compiler, job);
    assert.deepEqual(findDrift(compiler, job), []);
    assert.equal(readFileSync(join(out, "own.ts"), "utf8"), "export const mine = 1;\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("[WR12] what the verifier cannot check, and what flatc does not understand, is refused by name", () => {
  const folder = mkdtempSync(join(tmpdir(), "gridshard-wire-"));
  try {
    const refuse = (text: string, message: RegExp): void => {
      writeFileSync(join(folder, "bad.fbs"), text);
      const job = { schema: folder, out: join(folder, "out"), types: "gridshard/game" };
      assert.throws(
        () => generate(compiler, job),
        (error) => {
          assert.ok(error instanceof SchemaError);
          assert.match(error.message, message);
          return true;
        },
      );
    };
    refuse("table A { a:int; } union U { A } table B { u:U; }", /B\.u_type: UType is not supported/);
    refuse("struct S { size:int; }", /S\.size: a struct field cannot have this name/);
    refuse("struct S { list:[int:3]; } table T { s:S; }", /T\.s: Array in a struct is not supported/);
    refuse("table T { a:Missing; }", /Missing/);
    refuse("tabl", /error/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
