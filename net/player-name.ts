/** The one rule for names. A name is shown to others, so it must not be able to look like anything else. */

export const nameGraphemesMax = 16;
export const nameBytesMax = 48;
/** More combining marks than this on one letter climb out of the line. */
export const combiningMarksMax = 2;

/** Every way a name can be wrong, and what to tell the person. */
export const nameProblems = {
  notText: "the name must be a text",
  empty: "the name is empty",
  tooLong: `the name is longer than ${nameGraphemesMax} characters or ${nameBytesMax} bytes`,
  spaces: "only single spaces within the name are allowed",
  character: "the name has a character that is not allowed",
  notNormal: "the name is not in its normal form",
  marks: "too many combining marks follow one another",
  noLetter: "the name needs at least one letter or number",
  mixedScripts: "the name mixes scripts that look alike",
} as const;
export type NameProblem = keyof typeof nameProblems;

export type NameVerdict =
  | { readonly isValid: true; readonly name: string }
  | { readonly isValid: false; readonly problem: NameProblem };

/** Nothing in these needs the tables of Unicode: all visible, one byte and one grapheme a letter, of one script. */
const plain = /^[!-~]+(?: [!-~]+)*$/;
const plainLetterOrNumber = /[A-Za-z0-9]/;
// Control, format (bidi, zero width, soft hyphen, tags), surrogates, private use, unassigned, line separators.
const forbidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
// Assigned, printable by category, and yet nothing to see: fillers, variation selectors, the blank of braille.
const invisible = /[\p{Default_Ignorable_Code_Point}\u2800]/u;
const foreignSpace = /(?! )\p{Zs}/u;
const tooManyMarks = new RegExp(`\\p{M}{${combiningMarksMax + 1},}`, "u");
const letterOrNumber = /[\p{L}\p{N}]/u;
const latin = /\p{Script=Latin}/u;
const latinLookAlikes =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}]/u;
const cyrillic = /\p{Script=Cyrillic}/u;
const greek = /\p{Script=Greek}/u;
const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });
const utf8 = new TextEncoder();

/** Judges a name as it arrived; nothing is trimmed or mended, so what is accepted is exactly what was asked for. */
export function judgeName(name: unknown): NameVerdict {
  const problem = typeof name === "string" ? problemOf(name) : "notText";
  return problem === null ? { isValid: true, name: name as string } : { isValid: false, problem };
}

function problemOf(name: string): NameProblem | null {
  if (name === "") return "empty";
  // What most names are, and each is judged whenever its player comes.
  if (name.length <= nameGraphemesMax && plain.test(name)) {
    return plainLetterOrNumber.test(name) ? null : "noLetter";
  }
  // Bytes before anything that takes work in proportion to the length.
  if (name.length > nameBytesMax || utf8.encode(name).length > nameBytesMax) return "tooLong";
  if (forbidden.test(name) || invisible.test(name)) return "character";
  if (foreignSpace.test(name) || name.trim() !== name || name.includes("  ")) return "spaces";
  if (name.normalize("NFC") !== name || name.normalize("NFKC") !== name) return "notNormal";
  if (tooManyMarks.test(name)) return "marks";
  if ([...graphemes.segment(name)].length > nameGraphemesMax) return "tooLong";
  if (!letterOrNumber.test(name)) return "noLetter";
  if (latin.test(name) && latinLookAlikes.test(name)) return "mixedScripts";
  if (cyrillic.test(name) && greek.test(name)) return "mixedScripts";
  return null;
}
