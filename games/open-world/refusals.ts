/** Everything the open world says no with, 1000 to 1099. */
import type { GameRefusal } from "../game-refusal.js";

export const openWorldRefusals = {
  tooFar: { code: 1000, reason: "it is too far away", remedy: "go nearer" },
  oneself: { code: 1001, reason: "nobody can fight themselves", remedy: "challenge somebody else" },
  busy: { code: 1002, reason: "you are fighting already", remedy: "wait for the end of the battle" },
  targetBusy: { code: 1003, reason: "it is just beginning another fight", remedy: "try again" },
  targetImmune: { code: 1004, reason: "it is recovering from a fight", remedy: "wait a few seconds" },
  targetDead: { code: 1005, reason: "it is dead", remedy: "wait until it is back" },
  noAnswer: { code: 1006, reason: "it did not answer", remedy: "try again" },
  battleOutOfReach: { code: 1007, reason: "its battle cannot be joined now", remedy: "try again later" },
  autoBattleInvalid: {
    code: 1008,
    reason: "there is no such auto battle",
    remedy: "1 to 8 of a known species",
  },
  itemNotHeld: { code: 1009, reason: "you do not have this item", remedy: "look into your inventory" },
  healthFull: { code: 1010, reason: "you are in full health", remedy: "keep the potion" },
  giftInvalid: {
    code: 1011,
    reason: "this is not a gift",
    remedy: "give either gold, or 1 to 99 of one item",
  },
  giftToOneself: { code: 1012, reason: "nobody can give to themselves", remedy: "give to somebody else" },
  giftToCreature: { code: 1013, reason: "creatures take no gifts", remedy: "give to a person" },
  giftPending: {
    code: 1014,
    reason: "a gift of yours is still on its way",
    remedy: "wait until it has arrived",
  },
  tooFewHeld: { code: 1015, reason: "you do not have that many", remedy: "give fewer" },
  tooLittleGold: { code: 1016, reason: "you do not have that much gold", remedy: "give less" },
  receiverFull: { code: 1017, reason: "there is no room for it over there", remedy: "give fewer" },
  giftReturned: {
    code: 1018,
    reason: "there was no room for your gift, so you have it back",
    remedy: "look into your inventory; what did not fit there was sold",
  },
} as const satisfies Record<string, GameRefusal>;
