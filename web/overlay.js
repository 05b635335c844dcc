/** The card over everything: who are you, why the world stands still, and what to do about it. */
import { byId, make } from "./dom.js";

/**
 * @typedef {object} Choice
 * @property {string} label
 * @property {() => void} choose
 * @property {boolean} [isPrimary]
 * @property {string} [href] a link instead of a button
 */

/**
 * @typedef {object} Message
 * @property {string} kind also the mark's class
 * @property {string} title
 * @property {string} [text]
 * @property {string} [note]
 * @property {readonly Choice[]} [choices]
 * @property {string} [name] asks for a name, with this one filled in
 */

export class Overlay {
  #root = byId("overlay");
  #shown = "";
  /** @type {(() => void) | undefined} */
  #primary;

  constructor() {
    byId("overlay-card").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#primary?.();
    });
    // What lies under the card is out of reach for the keyboard, too.
    this.#root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Tab") return;
      const reachable = [...this.#root.querySelectorAll("input:not([hidden]), button, a")].filter(
        (element) => element.offsetParent !== null,
      );
      const first = reachable[0];
      const last = reachable.at(-1);
      if (event.shiftKey && document.activeElement === first) last?.focus();
      else if (!event.shiftKey && document.activeElement === last) first?.focus();
      else return;
      event.preventDefault();
    });
  }

  get isOpen() {
    return !this.#root.hidden;
  }

  /** The name typed in. */
  get name() {
    return byId("overlay-name").value.trim();
  }

  /** @param {Message} message */
  show(message) {
    const isNew = this.#shown !== message.kind;
    this.#shown = message.kind;
    this.#root.hidden = false;
    this.#root.dataset.kind = message.kind;
    byId("overlay-title").textContent = message.title;
    this.setText(message.text ?? "");
    byId("overlay-note").textContent = message.note ?? "";
    this.#primary = message.choices?.find((choice) => choice.isPrimary)?.choose;
    byId("overlay-field").hidden = message.name === undefined;
    if (message.name !== undefined && isNew) byId("overlay-name").value = message.name;
    if (isNew || message.choices !== undefined) {
      byId("overlay-buttons").replaceChildren(...(message.choices ?? []).map(button));
    }
    if (!isNew) return;
    if (message.name !== undefined) byId("overlay-name").select();
    else byId("overlay-buttons").querySelector("button, a")?.focus();
  }

  /** @param {string} text */
  setText(text) {
    const element = byId("overlay-text");
    if (element.textContent !== text) element.textContent = text;
  }

  hide() {
    this.#root.hidden = true;
    this.#shown = "";
    if (this.#root.contains(document.activeElement))
      /** @type {HTMLElement} */ (document.activeElement).blur();
  }
}

/** @param {Choice} choice */
function button({ label, choose, isPrimary, href }) {
  if (href !== undefined)
    return make("a", { className: "button", href, target: "_blank", rel: "noopener" }, label);
  if (isPrimary) return make("button", { type: "submit", className: "primary" }, label);
  return make("button", { type: "button", click: choose }, label);
}
