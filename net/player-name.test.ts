import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeName, type NameProblem } from "./player-name.js";

const good = [
  "Ann",
  "a",
  "7",
  "Jürgen",
  "Zoë 2",
  "O'Brien",
  "山田太郎",
  "한국어이름",
  "Дмитрий",
  "Ελένη",
  "محمد",
  "שלום",
  "हिन्दी",
  "ไทยแลนด์",
  "ひらがなカナ漢字",
  "x_X",
  "A.B-C",
  "Ann 山田",
  "1234567890123456",
];
for (const name of good) {
  test(`[HS1] a name people have is accepted: ${name}`, () => {
    assert.deepEqual(judgeName(name), { isValid: true, name });
  });
}

const bad: readonly (readonly [what: string, name: unknown, NameProblem])[] = [
  ["a number", 7, "notText"],
  ["nothing", undefined, "notText"],
  ["a list", ["Ann"], "notText"],
  ["an empty text", "", "empty"],
  ["seventeen letters", "a".repeat(17), "tooLong"],
  ["forty-nine bytes", "漢".repeat(16) + "a", "tooLong"],
  ["a megabyte", "a".repeat(1_000_000), "tooLong"],
  ["one letter under a tower of marks", `a${"\u0301".repeat(30)}`, "tooLong"],
  ["three combining marks", "q\u0323\u0331\u0308", "marks"],
  ["a space in front", " Ann", "spaces"],
  ["a space behind", "Ann ", "spaces"],
  ["two spaces", "Ann  B", "spaces"],
  ["a no-break space", "Ann\u00a0B", "spaces"],
  ["an ideographic space", "Ann\u3000B", "spaces"],
  ["a line feed", "Ann\nB", "character"],
  ["a null", "Ann\0", "character"],
  ["a tab", "A\tB", "character"],
  ["an escape", "A\u001b[31m", "character"],
  ["a zero-width space", "A\u200bB", "character"],
  ["a zero-width joiner", "A\u200dB", "character"],
  ["a soft hyphen", "A\u00adB", "character"],
  ["a right-to-left override", "A\u202eB", "character"],
  ["an isolate", "A\u2066B", "character"],
  ["a byte order mark", "\ufeffAnn", "character"],
  ["a word joiner", "A\u2060B", "character"],
  ["a tag character", "A\u{e0041}B", "character"],
  ["a variation selector", "A\ufe0f", "character"],
  ["a Hangul filler", "A\u3164B", "character"],
  ["a half-width Hangul filler", "A\uffa0B", "character"],
  ["a blank of braille", "A\u2800B", "character"],
  ["a Mongolian vowel separator", "A\u180eB", "character"],
  ["a combining grapheme joiner", "A\u034fB", "character"],
  ["a line separator", "A\u2028B", "character"],
  ["a lone surrogate", "A\ud800", "character"],
  ["a private character", "A\ue000", "character"],
  ["an unassigned character", "A\u0378", "character"],
  ["a letter that is not composed", "e\u0301a", "notNormal"],
  ["full-width letters", "Ａｎｎ", "notNormal"],
  ["a ligature", "ﬁx", "notNormal"],
  ["mathematical letters", "𝐀𝐧𝐧", "notNormal"],
  ["circled letters", "Ⓐnn", "notNormal"],
  ["punctuation alone", "...", "noLetter"],
  ["a picture alone", "😀", "noLetter"],
  ["Cyrillic letters among Latin ones", "Аnn", "mixedScripts"],
  ["a Greek letter among Latin ones", "Annα", "mixedScripts"],
  ["Cyrillic with Greek", "Дα", "mixedScripts"],
];
for (const [what, name, problem] of bad) {
  test(`[HS1] a name is refused with its reason: ${what}`, () => {
    assert.deepEqual(judgeName(name), { isValid: false, problem });
  });
}
