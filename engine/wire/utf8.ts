/**
 * Whether `bytes[from..end)` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above
 * U+10FFFF). Allocates nothing and reads nothing outside; TextDecoder would copy, and refuses shared memory.
 */
export function isUtf8(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end) {
    const lead = bytes[at++]!;
    if (lead < 0x80) continue;
    if (lead < 0xc2) return false;
    // Bounds of the first continuation byte, after table 3-7 of the Unicode standard.
    let low = 0x80;
    let high = 0xbf;
    let more = 1;
    if (lead >= 0xf0) {
      if (lead > 0xf4) return false;
      more = 3;
      if (lead === 0xf0) low = 0x90;
      else if (lead === 0xf4) high = 0x8f;
    } else if (lead >= 0xe0) {
      more = 2;
      if (lead === 0xe0) low = 0xa0;
      else if (lead === 0xed) high = 0x9f;
    }
    if (at + more > end) return false;
    const second = bytes[at++]!;
    if (second < low || second > high) return false;
    for (; more > 1; more--) if ((bytes[at++]! & 0xc0) !== 0x80) return false;
  }
  return true;
}
