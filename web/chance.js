/** Chance that is the same for everybody who looks. */

/** A 32-bit hash ("lowbias32"). @param {number} value */
export function hash(value) {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * What makes individuals of a kind differ. People go by their look, which stays when their entity's id changes.
 * @param {{ kind: number, id: number, look: number }} entity
 */
export function seedOf({ kind, id, look }) {
  return hash(kind === 0 ? look + 1 : id) & 0xffff;
}
