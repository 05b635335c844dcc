/** Ids of the shipped skills. */
export const skillIds = {
  strike: 1,
  heavyBlow: 2,
  guard: 3,
  heal: 4,
  fireball: 5,
  bite: 6,
  drain: 7,
  slam: 8,
  splash: 9,
} as const;

/** Ids of the shipped items. */
export const itemIds = { jelly: 1, potion: 2, tusk: 3, fang: 4, dust: 5, ore: 6 } as const;
