/**
 * The reliable intents bots send to the reference games, as fixed bytes: one FlatBuffers table each, laid out as
 * vtable, then table, so that sending one costs no builder.
 */
export const openWorldIntents = { challenge: 1, drinkPotion: 4 } as const;
export const battleIntents = { useSkill: 1 } as const;

const TABLE_AT = 12;
const FIELDS_AT = TABLE_AT + 4;
const BODY_BYTES = 20;

/** A table whose fields begin at {@link FIELDS_AT}; `fieldOffsets` count from the table's start. */
function emptyTable(tableBytes: number, fieldOffsets: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BODY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, TABLE_AT, true);
  view.setUint16(4, 4 + fieldOffsets.length * 2, true);
  view.setUint16(6, tableBytes, true);
  for (const [index, offset] of fieldOffsets.entries()) view.setUint16(8 + index * 2, offset, true);
  view.setInt32(TABLE_AT, TABLE_AT - 4, true); // back to the vtable
  return bytes;
}

/** Body of open-world's Challenge. */
export function challengeBody(entity: number): Uint8Array<ArrayBuffer> {
  const bytes = emptyTable(8, [4]);
  new DataView(bytes.buffer).setUint32(FIELDS_AT, entity, true);
  return bytes;
}

/** Body of battle's UseSkill. */
export function useSkillBody(skill: number, target: number): Uint8Array<ArrayBuffer> {
  const bytes = emptyTable(6, [4, 5]);
  bytes[FIELDS_AT] = skill;
  bytes[FIELDS_AT + 1] = target;
  return bytes;
}
