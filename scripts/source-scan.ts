/** The project's TypeScript sources, and what can be told of them without a compiler. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const skippedFolders: readonly string[] = ["node_modules", "dist", ".out", ".git", "generated", "data"];

/** Paths of all files ending in `ending`, relative to `root`, with forward slashes, in order. */
export function filesUnder(root: string, ending: string, folder = ""): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!skippedFolders.includes(entry.name)) found.push(...filesUnder(root, ending, path));
    } else if (path.endsWith(ending)) found.push(path);
  }
  return found.sort();
}

/** A source, and the same with every comment blanked, and with comments and the insides of strings blanked. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** As long as `text`, line for line: comments are spaces. */
  readonly uncommented: string;
  /** As `uncommented`, and strings are spaces too, their quotes aside. */
  readonly code: string;
}

export function readSource(root: string, path: string): Source {
  return { path, ...blanked(readFileSync(join(root, path), "utf8")) };
}

/** What an import statement, a re-export or a dynamic import names. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")`, type imports included. */
const IMPORT = /(?:(?<!\.\s*)\bfrom|\bimport\s*\(?)\s*(["'])([^"'\n]+)\1/g;

export function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  for (const match of source.uncommented.matchAll(IMPORT)) {
    // What merely looks like an import, inside a string or a template, is blank in `code`.
    if (source.code[match.index] === " ") continue;
    imports.push({ specifier: match[2]!, line: lineAt(source.text, match.index) });
  }
  return imports;
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

const spaces = (text: string) => text.replace(/[^\n]/g, " ");

/** Regular expressions that stand where a value may begin; a division stands after a value. */
const REGEX = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
const VALUE_BEFORE = /[\w$)\]]\s*$/;
const KEYWORD_BEFORE = /\b(?:return|typeof|case|in|of|void|delete)\s*$/;
const STRING = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/y;
const LINE_COMMENT = /\/\/[^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//y;
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/y;

/** Blanks comments, strings, regular expressions and the texts of templates; keeps every newline in its place. */
export function blanked(text: string): { text: string; uncommented: string; code: string } {
  let uncommented = "";
  let code = "";
  let at = 0;
  /** For every template that is open, how deep in braces its present `${` is. */
  const templates: number[] = [];
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text)?.[0] ?? null;
    if (match !== null) at += match.length;
    return match;
  };
  const templateText = () => {
    const taken = take(TEMPLATE_TEXT) ?? "";
    uncommented += taken;
    code += spaces(taken);
    if (text.startsWith("${", at)) {
      templates.push(0);
      uncommented += "${";
      code += "  ";
      at += 2;
    } else if (at < text.length) {
      uncommented += "`";
      code += "`";
      at++;
    }
  };
  while (at < text.length) {
    const comment = take(LINE_COMMENT) ?? take(BLOCK_COMMENT);
    if (comment !== null) {
      uncommented += spaces(comment);
      code += spaces(comment);
      continue;
    }
    const isValueBefore = VALUE_BEFORE.test(code.slice(-80)) && !KEYWORD_BEFORE.test(code.slice(-80));
    const quoted = take(STRING) ?? (isValueBefore ? null : take(REGEX));
    if (quoted !== null) {
      uncommented += quoted;
      code += quoted[0]! + spaces(quoted.slice(1, -1)) + quoted.at(-1)!;
      continue;
    }
    const character = text[at++]!;
    uncommented += character;
    if (character === "}" && templates.at(-1) === 0) {
      templates.pop();
      code += " ";
      templateText();
      continue;
    }
    code += character;
    if (character === "`") templateText();
    else if (templates.length > 0 && character === "{") templates[templates.length - 1]! += 1;
    else if (templates.length > 0 && character === "}") templates[templates.length - 1]! -= 1;
  }
  return { text, uncommented, code };
}
