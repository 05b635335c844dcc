/**
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4): finds every error burst up to 32 bits, which CRC-32 does too, and more
 * of the scattered ones. Tables for eight bytes a step ("slicing-by-8", Kounavis and Berry 2005).
 */
const POLYNOMIAL = 0x82f63b78;

/** Eight tables of 256 words, one after the other. */
const tables = (() => {
  const words = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    words[byte] = crc;
  }
  for (let at = 256; at < words.length; at++) {
    const before = words[at - 256]!;
    words[at] = (before >>> 8) ^ words[before & 0xff]!;
  }
  return words;
})();

/** The CRC of `bytes[from, to)`, unsigned. `seed` is the CRC of what comes before. */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length, seed = 0): number {
  const t = tables;
  let crc = ~seed;
  let at = from;
  for (const end = to - 7; at < end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      t[1792 + (crc & 0xff)]! ^
      t[1536 + ((crc >>> 8) & 0xff)]! ^
      t[1280 + ((crc >>> 16) & 0xff)]! ^
      t[1024 + (crc >>> 24)]! ^
      t[768 + bytes[at + 4]!]! ^
      t[512 + bytes[at + 5]!]! ^
      t[256 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!;
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}
