/** Everything a battle says no with, 1100 and up. */
import type { GameRefusal } from "../game-refusal.js";

export const battleRefusals = {
  notFighting: { code: 1100, reason: "you are not fighting here", remedy: "watch" },
  outOfFight: { code: 1101, reason: "you are out of this fight", remedy: "wait for its end" },
  autoBattle: {
    code: 1102,
    reason: "in this battle everybody plays by themselves",
    remedy: "watch, or flee",
  },
  skillUnknown: { code: 1103, reason: "you do not have this skill", remedy: "use one of FighterInfo.skills" },
  skillNotReady: { code: 1104, reason: "this skill is not ready yet", remedy: "wait out its cooldown" },
  targetInvalid: { code: 1105, reason: "this skill cannot go there", remedy: "choose another fighter" },
  battleFull: { code: 1106, reason: "the battle is full", remedy: "challenge somebody else" },
  fighterGone: {
    code: 1107,
    reason: "whom you want to fight is not in the battle any more",
    remedy: "look again",
  },
} as const satisfies Record<string, GameRefusal>;
