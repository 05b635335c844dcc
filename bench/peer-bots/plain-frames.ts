/** The bytes of bench/peers/servers/world.js: people as number and place, a tick before them. */
import type { PersonKey, PersonPlace } from "../sight-check.js";

const PERSON_BYTES = 6;
const UNITS_PER_METER = 100;
export const TICK_BYTES = 2;
export const HELLO_BYTES = 2;

export const read16 = (bytes: Uint8Array, at: number) => bytes[at]! | (bytes[at + 1]! << 8);

/** Where a person is among those from `from` on; undefined when they are not. */
export function findPerson(bytes: Uint8Array, from: number, person: number): PersonPlace | undefined {
  for (let at = from; at < bytes.length; at += PERSON_BYTES) {
    if (read16(bytes, at) === person) return placeAt(bytes, at);
  }
  return undefined;
}

export function readPeople(bytes: Uint8Array, from: number, into: Map<PersonKey, PersonPlace>): void {
  for (let at = from; at < bytes.length; at += PERSON_BYTES) into.set(read16(bytes, at), placeAt(bytes, at));
}

function placeAt(bytes: Uint8Array, at: number): PersonPlace {
  return { x: read16(bytes, at + 2) / UNITS_PER_METER, y: read16(bytes, at + 4) / UNITS_PER_METER };
}
