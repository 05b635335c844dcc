/** Whom to fight without lifting a finger. */
import { byId, make } from "./dom.js";
import { capital, species } from "./game.js";
import { portrait } from "./portrait.js";

const COUNTS = [1, 2, 3, 5];

export class AutoMenu {
  #root = byId("auto-menu");
  #count = 1;
  #begin;

  /** @param {(kind: number, count: number) => void} begin */
  constructor(begin) {
    this.#begin = begin;
  }

  toggle() {
    if (!this.#root.hidden) {
      this.close();
      return;
    }
    this.#build();
    this.#root.hidden = false;
    byId("auto").setAttribute("aria-expanded", "true");
    this.#root.querySelector(".species button")?.focus();
  }

  close() {
    if (this.#root.hidden) return;
    const hadFocus = this.#root.contains(document.activeElement);
    this.#root.hidden = true;
    byId("auto").setAttribute("aria-expanded", "false");
    if (hadFocus) byId("auto").focus();
  }

  #build() {
    const kinds = species
      .slice(1)
      .map(({ name }, index) =>
        make(
          "button",
          { type: "button", click: () => this.#choose(index + 1) },
          portrait({ kind: index + 1, id: 7, look: 0, size: 40 }),
          capital(name),
        ),
      );
    const counts = COUNTS.map((count) =>
      make(
        "button",
        {
          type: "button",
          "aria-pressed": count === this.#count,
          click: () => {
            this.#count = count;
            for (const button of counts)
              button.setAttribute("aria-pressed", String(button.value === String(count)));
          },
          value: String(count),
        },
        `${count}`,
      ),
    );
    this.#root.replaceChildren(
      make("h3", {}, "Your character fights by itself, against"),
      make("div", { className: "counts", role: "group", "aria-label": "How many" }, ...counts),
      make("div", { className: "species" }, ...kinds),
    );
  }

  /** @param {number} kind */
  #choose(kind) {
    this.close();
    this.#begin(kind, this.#count);
  }
}
