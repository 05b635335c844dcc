// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
/** Length, alignment and byte offset of every field of the structs of battle.fbs. */

export const BattleFrameHeaderLayout = {
  size: 4,
  align: 2,
  tick: 0,
  fighters: 2,
  reserved: 3,
} as const;

export const FighterStateLayout = {
  size: 8,
  align: 2,
  health: 0,
  status: 2,
  cooldown0: 3,
  cooldown1: 4,
  cooldown2: 5,
  cooldown3: 6,
  cooldown4: 7,
} as const;

export const ItemGainLayout = {
  size: 4,
  align: 2,
  item: 0,
  count: 2,
} as const;

export const LogEntryLayout = {
  size: 8,
  align: 2,
  tick: 0,
  actor: 2,
  skill: 3,
  target: 4,
  flags: 5,
  amount: 6,
} as const;
