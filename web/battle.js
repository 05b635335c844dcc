/** The panel of a battle: fighters, skills with their cooldowns, a log, and the result. */
import { describe, result, sentence } from "./battle-words.js";
import { byId, make } from "./dom.js";
import {
  capital,
  encodeUseSkill,
  logFlags,
  readBattleFrame,
  readBattleOver,
  readBattleStarted,
  readLogEntries,
  roomIntents,
  skills,
} from "./game.js";
import { portrait } from "./portrait.js";

const LOG_LINES_MAX = 60;

/** @typedef {import("./game.js").FighterInfo} FighterInfo */

/**
 * One fighter's card.
 * @typedef {object} Card
 * @property {FighterInfo} info
 * @property {any} element
 * @property {any} bar
 * @property {any} text
 * @property {{ health: number, isDefeated: boolean, hasFled: boolean, isOnGuard: boolean, cooldowns: number[] }} state
 */

export class BattlePanel {
  room = 0;
  isAuto = false;
  isOver = false;
  #root = byId("battle");
  #client;
  #onClose;
  #now;
  /** @type {Card[]} */
  #cards = [];
  #me = -1;
  #target = -1;
  #tickHz = 10;
  #tickMax = 0;
  /** Tick and time of the last frame: cooldowns are counted down from there. */
  #frameTick = 0;
  #frameMs = 0;
  /** @type {{ id: number, slot: number, button: any, total: number }[]} */
  #skillButtons = [];
  /** @type {any} */
  #parts = {};
  #hasFled = false;

  /**
   * @param {import("/lib/client/client.js").GridshardClient} client
   * @param {() => number} now
   * @param {() => void} onClose
   */
  constructor(client, now, onClose) {
    this.#client = client;
    this.#now = now;
    this.#onClose = onClose;
    addEventListener("keydown", (event) => this.#key(event));
  }

  get isOpen() {
    return !this.#root.hidden;
  }

  /** Whether the player has to fight, rather than to watch or read the result. */
  get isFighting() {
    return this.isOpen && !this.isAuto && !this.isOver;
  }

  /**
   * @param {number} room
   * @param {Uint8Array} body
   */
  onStarted(room, body) {
    const started = readBattleStarted(body);
    const isNew = this.room !== room || !this.isOpen;
    this.room = room;
    this.isAuto = started.isAuto;
    this.isOver = false;
    this.#tickHz = started.tickHz;
    this.#tickMax = started.tickMax;
    this.#me = started.fighters.findLastIndex((fighter) => fighter.entity === this.#client.entityId);
    if (isNew) {
      this.#hasFled = false;
      this.#target = -1;
      this.#frameTick = started.tick;
      this.#frameMs = this.#now();
      this.#build();
      const news = started.tick < started.tickHz * 2 ? "The fight begins." : "The fight is on.";
      this.#parts.log.append(make("li", { className: "small" }, news));
    }
    this.#showFighters(started.fighters);
    // Who joins a battle is told of it first and listed in it a moment later: the skills come with the second telling.
    if (isNew || document.activeElement === this.#root) {
      (this.#skillButtons[0]?.button ?? this.#root).focus({ preventScroll: true });
    }
  }

  /** @param {Uint8Array} body */
  onFrame(body) {
    if (!this.isOpen || this.isOver) return;
    const frame = readBattleFrame(body);
    // The wire has 16 bits of the tick; battles are far shorter.
    this.#frameTick = frame.tick;
    this.#frameMs = this.#now();
    frame.states.forEach((state, index) => {
      const card = this.#cards[index];
      if (card === undefined) return;
      card.state = state;
      this.#showState(card);
    });
    this.#keepTarget();
  }

  /** @param {Uint8Array} body */
  onLog(body) {
    if (!this.isOpen) return;
    for (const entry of readLogEntries(body)) {
      if (entry.actor === this.#me && (entry.flags & logFlags.fled) !== 0) this.#hasFled = true;
      if (this.isAuto || (entry.flags & logFlags.defeated) !== 0) this.#suffer(entry);
      this.#float(entry);
      this.#line(entry);
    }
  }

  /** @param {Uint8Array} body */
  onOver(body) {
    if (!this.isOpen) return;
    const over = readBattleOver(body);
    const side = this.#cards[this.#me]?.info.side ?? 0;
    const outcome = this.#hasFled
      ? "fled"
      : over.winningSide === side
        ? "won"
        : over.winningSide < 0
          ? "draw"
          : "lost";
    this.#showResult(outcome, over);
  }

  /** The room is gone; without a result there is nothing more to show. */
  onLeft() {
    if (!this.isOpen || this.isOver) return;
    if (this.#hasFled)
      this.#showResult("fled", { ticks: this.#frameTick, experience: 0, gold: 0, items: [] });
    else this.close();
  }

  close() {
    if (!this.isOpen) return;
    this.#root.hidden = true;
    this.#root.replaceChildren();
    this.#cards = [];
    this.#skillButtons = [];
    this.room = 0;
    this.#onClose();
  }

  /** Every picture: the cooldowns sweep and the clock runs. */
  draw() {
    if (!this.isOpen || this.isOver) return;
    const passed = ((this.#now() - this.#frameMs) / 1000) * this.#tickHz;
    const state = this.#cards[this.#me]?.state;
    for (const { slot, button, total } of this.#skillButtons) {
      const left = Math.max(0, (state?.cooldowns[slot] ?? 0) - passed);
      button.style.setProperty("--left", total > 0 ? Math.min(1, left / total).toFixed(3) : "0");
      const text = left > 0.5 ? `${Math.ceil(left / this.#tickHz)}` : "";
      const wait = button.querySelector(".wait");
      if (wait.textContent !== text) wait.textContent = text;
    }
    const seconds = Math.max(0, Math.floor((this.#tickMax - this.#frameTick - passed) / this.#tickHz));
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (this.#parts.clock.textContent !== clock) this.#parts.clock.textContent = clock;
  }

  #build() {
    const clock = make("span", { className: "clock", title: "Until the battle ends in a draw" });
    const flee = make(
      "button",
      { type: "button", className: "flee", click: () => this.#flee() },
      "Flee ",
      kbd("F"),
    );
    const ours = make("ul", { className: "side ours", "aria-label": "Your side" });
    const theirs = make("ul", { className: "side theirs", "aria-label": "Opponents: choose a target" });
    const log = make("ol", { className: "log", "aria-live": "polite", "aria-label": "What happens" });
    const bar = make("div", { className: "skills", role: "toolbar", "aria-label": "Skills" });
    this.#parts = { clock, flee, ours, theirs, log, bar };
    this.#root.className = this.isAuto ? "panel auto" : "panel";
    this.#root.replaceChildren(
      make("header", {}, make("h2", {}, this.isAuto ? "Auto-battle" : "Battle"), clock, flee),
      make(
        "div",
        { className: "sides" },
        ours,
        make("span", { className: "versus", "aria-hidden": "true" }, "vs"),
        theirs,
      ),
      log,
      bar,
    );
    this.#root.hidden = false;
  }

  /** @param {FighterInfo[]} fighters */
  #showFighters(fighters) {
    const known = this.#cards;
    const mySide = fighters[this.#me]?.side ?? 0;
    this.#cards = fighters.map((info) => {
      const card = known[info.index];
      return card?.info.entity === info.entity && card.info.name === info.name
        ? card
        : this.#card(info, mySide);
    });
    const { ours, theirs, bar } = this.#parts;
    ours.replaceChildren(
      ...this.#cards.filter((card) => card.info.side === mySide).map((card) => card.element),
    );
    theirs.replaceChildren(
      ...this.#cards.filter((card) => card.info.side !== mySide).map((card) => card.element),
    );
    for (const card of this.#cards) this.#showState(card);
    this.#keepTarget();
    if (this.isAuto) return;
    const mine = this.#cards[this.#me]?.info.skills ?? [];
    if (mine.join() === this.#skillButtons.map((skill) => skill.id).join()) return;
    this.#skillButtons = mine.map((id, slot) => this.#skillButton(id, slot));
    bar.replaceChildren(...this.#skillButtons.map((skill) => skill.button));
  }

  /**
   * @param {FighterInfo} info
   * @param {number} mySide
   * @returns {Card}
   */
  #card(info, mySide) {
    const isMine = info.side === mySide;
    const bar = make("i");
    const text = make("span", { className: "health" });
    const name = make("b", {}, info.kind === 0 ? info.name : capital(info.name));
    const inner = make(
      isMine ? "div" : "button",
      isMine
        ? { className: "fighter" }
        : { className: "fighter", type: "button", click: () => this.#choose(info.index) },
      portrait({
        kind: info.kind,
        look: info.look,
        id: info.entity,
        size: 44,
        face: isMine ? 1 : -1,
      }),
      make(
        "span",
        { className: "who" },
        make("span", { className: "line" }, name, make("span", { className: "chip" }, `${info.level}`)),
        make("span", { className: "bar" }, bar),
        text,
      ),
    );
    if (info.index === this.#me) inner.classList.add("me");
    const element = make("li", {}, inner);
    const state = {
      health: info.health,
      isDefeated: info.health === 0,
      hasFled: false,
      isOnGuard: false,
      cooldowns: [],
    };
    return { info, element, bar, text, state };
  }

  /** @param {Card} card */
  #showState(card) {
    const { info, state } = card;
    card.bar.style.width = `${(100 * state.health) / info.healthMax}%`;
    card.bar.dataset.level =
      state.health * 2 > info.healthMax ? "good" : state.health * 4 > info.healthMax ? "fair" : "poor";
    card.text.textContent = state.hasFled
      ? "fled"
      : state.isDefeated
        ? "defeated"
        : `${state.health} / ${info.healthMax}${state.isOnGuard ? " · on guard" : ""}`;
    card.element.classList.toggle("out", state.isDefeated || state.hasFled);
    card.element.classList.toggle("guard", state.isOnGuard);
  }

  /**
   * @param {number} id
   * @param {number} slot
   */
  #skillButton(id, slot) {
    const skill = skills[id];
    const name = capital(skill?.name ?? `skill ${id}`);
    const button = make(
      "button",
      { type: "button", className: "skill", title: describe(skill), click: () => this.#use(slot) },
      kbd(`${slot + 1}`),
      make("span", { className: "name" }, name),
      make("span", { className: "wait" }),
    );
    return { id, slot, button, total: skill?.cooldownTicks ?? 0 };
  }

  /** @param {number} index */
  #choose(index) {
    this.#target = index;
    for (const card of this.#cards) {
      const isTarget = card.info.index === index;
      card.element.classList.toggle("target", isTarget);
      if (card.element.firstChild instanceof HTMLButtonElement) {
        card.element.firstChild.setAttribute("aria-pressed", String(isTarget));
      }
    }
  }

  /** Aims at somebody who still stands. */
  #keepTarget() {
    if (this.isAuto) return;
    const isGood = (/** @type {Card | undefined} */ card) =>
      card !== undefined &&
      !card.state.isDefeated &&
      !card.state.hasFled &&
      card.info.side !== this.#mySide();
    if (isGood(this.#cards[this.#target])) {
      this.#choose(this.#target);
      return;
    }
    const next = this.#cards.find(isGood);
    if (next !== undefined) this.#choose(next.info.index);
  }

  #mySide() {
    return this.#cards[this.#me]?.info.side ?? 0;
  }

  #nextTarget() {
    const foes = this.#cards.filter(
      (card) => card.info.side !== this.#mySide() && !card.state.isDefeated && !card.state.hasFled,
    );
    const at = foes.findIndex((card) => card.info.index === this.#target);
    const next = foes[(at + 1) % Math.max(1, foes.length)];
    if (next !== undefined) this.#choose(next.info.index);
  }

  /** @param {number} slot */
  #use(slot) {
    const skill = this.#skillButtons[slot];
    if (skill === undefined || this.isOver) return;
    const aim = skills[skill.id]?.aim;
    const target = aim === "self" || aim === "ally" ? this.#me : Math.max(0, this.#target);
    this.#client.sendRoomIntent(this.room, roomIntents.useSkill, encodeUseSkill(skill.id, target));
    skill.button.animate([{ scale: 0.94 }, { scale: 1 }], 140);
  }

  #flee() {
    if (!this.isOver) this.#client.sendRoomIntent(this.room, roomIntents.flee);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.isOpen || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (this.isOver) {
      if (event.code === "Escape") this.close();
      return;
    }
    const digit = /^(?:Digit|Numpad)([1-5])$/.exec(event.code);
    if (digit !== null) this.#use(Number(digit[1]) - 1);
    else if (event.code === "KeyF") this.#flee();
    else if (event.code === "KeyQ") this.#nextTarget();
  }

  /**
   * An auto-battle sends no frames, and no battle sends one after the last blow: the log says it all.
   * @param {{ tick: number, target: number, flags: number, amount: number }} entry
   */
  #suffer({ tick, target, flags, amount }) {
    if (this.isAuto) {
      this.#frameTick = tick;
      this.#frameMs = this.#now();
    }
    const card = this.#cards[target];
    if (card === undefined) return;
    const change = (flags & logFlags.healing) !== 0 ? amount : -amount;
    card.state.health = Math.max(0, Math.min(card.info.healthMax, card.state.health + change));
    if ((flags & logFlags.defeated) !== 0) {
      card.state.health = 0;
      card.state.isDefeated = true;
    }
    this.#showState(card);
  }

  /** @param {{ actor: number, skill: number, target: number, flags: number, amount: number }} entry */
  #float(entry) {
    const card = this.#cards[entry.target];
    if (card === undefined || entry.amount === 0) return;
    const isHealing = (entry.flags & logFlags.healing) !== 0;
    const number = make(
      "span",
      {
        className: `float${isHealing ? " healing" : ""}${entry.flags & logFlags.critical ? " critical" : ""}`,
      },
      `${isHealing ? "+" : "−"}${entry.amount}`,
    );
    number.addEventListener("animationend", () => number.remove());
    card.element.append(number);
    if (!isHealing)
      card.element.animate([{ translate: "-3px" }, { translate: "3px" }, { translate: "0" }], 160);
  }

  /** @param {{ tick: number, actor: number, skill: number, target: number, flags: number, amount: number }} entry */
  #line(entry) {
    if (entry.amount === 0 && (entry.flags & logFlags.healing) !== 0) return;
    const { log } = this.#parts;
    const line = make("li", {}, ...sentence(entry, this.#me, (index) => this.#name(index)));
    if (this.#cards[entry.actor]?.info.side === this.#mySide()) line.className = "ours";
    if (entry.flags & logFlags.defeated) line.className += " defeat";
    log.append(line);
    while (log.childElementCount > LOG_LINES_MAX) log.firstElementChild.remove();
    log.scrollTop = log.scrollHeight;
  }

  /** @param {number} index */
  #name(index) {
    const info = this.#cards[index]?.info;
    return info === undefined ? "somebody" : info.kind === 0 ? info.name : capital(info.name);
  }

  /**
   * @param {Parameters<typeof result>[0]} outcome
   * @param {Parameters<typeof result>[1]} over
   */
  #showResult(outcome, over) {
    this.isOver = true;
    const more = make(
      "button",
      { type: "button", className: "primary", click: () => this.close() },
      "Continue",
    );
    const card = result(outcome, over, this.#tickHz);
    card.append(more);
    this.#parts.bar.replaceChildren(card);
    this.#parts.flee.hidden = true;
    this.#parts.clock.textContent = "";
    this.#root.classList.add("over");
    more.focus({ preventScroll: true });
  }
}

/** @param {string} key */
function kbd(key) {
  return make("kbd", {}, key);
}
