/** What a battle reads like: sentences of the log, the result, and what a skill is for. */
import { make } from "./dom.js";
import { capital, itemName, logFlags, skills } from "./game.js";

/**
 * @param {{ actor: number, skill: number, target: number, flags: number, amount: number }} entry
 * @param {number} me which fighter the player is
 * @param {(fighter: number) => string} nameOf
 * @returns {(Node | string)[]}
 */
export function sentence({ actor, skill, target, flags, amount }, me, nameOf) {
  const isMe = actor === me;
  const who = make("b", {}, isMe ? "You" : nameOf(actor));
  const self = isMe ? "yourself" : "itself";
  const whom = make("b", {}, actor === target ? self : target === me ? "you" : nameOf(target));
  if (flags & logFlags.fled) return [who, " got away"];
  if (flags & logFlags.stayed) return [who, " could not get away"];
  if (flags & logFlags.joined) return [who, " joined the fight"];
  if (flags & logFlags.withdrew) return [who, " withdrew"];
  const name = skills[skill]?.name ?? "something";
  if (flags & logFlags.healing) return [who, ` used ${name}: `, whom, ` +${amount}`];
  if (amount === 0 && actor === target) return [who, ` used ${name}`];
  const how = `${flags & logFlags.critical ? " — critical!" : ""}${flags & logFlags.guarded ? " (guarded)" : ""}`;
  const end = flags & logFlags.defeated ? [", ", make("em", {}, "defeated")] : [];
  return [who, ` used ${name} on `, whom, ` −${amount}${how}`, ...end];
}

/**
 * @param {"won" | "lost" | "draw" | "fled"} outcome
 * @param {{ ticks: number, experience: number, gold: number, items: { item: number, count: number }[] }} over
 * @param {number} tickHz
 */
export function result(outcome, over, tickHz) {
  const titles = { won: "Victory", lost: "Defeat", draw: "Draw", fled: "You got away" };
  const gains = [
    ...(over.experience > 0 ? [make("li", { className: "xp" }, `+${over.experience} experience`)] : []),
    ...(over.gold > 0 ? [make("li", { className: "gold" }, `+${over.gold} gold`)] : []),
    ...over.items.map(({ item, count }) =>
      make("li", {}, `${capital(itemName(item))}${count > 1 ? ` × ${count}` : ""}`),
    ),
  ];
  const seconds = (over.ticks / tickHz).toFixed(over.ticks < 100 * tickHz ? 1 : 0);
  return make(
    "div",
    { className: `result ${outcome}` },
    make("h2", {}, titles[outcome]),
    gains.length > 0
      ? make("ul", {}, ...gains)
      : make("p", {}, outcome === "lost" ? "You wake up where it is safe." : "Nothing gained, nothing lost."),
    make("p", { className: "small" }, `after ${seconds} s`),
  );
}

/** @param {import("/lib/games/battle/tables.js").Skill | undefined} skill */
export function describe(skill) {
  if (skill === undefined) return "";
  const aims = { foe: "one opponent", foes: "all opponents", self: "yourself", ally: "yourself" };
  const wait = skill.cooldownTicks > 0 ? `, ready again after ${skill.cooldownTicks / 10} s` : "";
  return `${capital(skill.name)}: ${aims[skill.aim]}${wait}`;
}
