/** The panels at the window's edges: you, the connection, the minimap, and passing words. */
import { byId, make } from "./dom.js";
import { capital, itemName, levelProgress, POTION } from "./game.js";
import { shardHue } from "./ground.js";
import { newGuestAddress } from "./identity.js";
import { portrait } from "./portrait.js";

const TOASTS_MAX = 4;
const TOAST_MS = 4200;

export class Hud {
  /** @type {{ level: number, experience: number, gold: number, inventory: readonly { item: number, count: number }[] } | undefined} */
  player;
  #actions;
  #noticeUntilMs = 0;
  #noticeText = "";
  /** @type {HTMLCanvasElement | undefined} */
  #mapGround;
  #face = -1;
  #health = -1;
  /** Who is near enough to be given something; "" when nobody is. */
  #neighbour = "";

  /**
   * @param {object} actions
   * @param {(item: number) => void} actions.drop
   * @param {() => void} actions.drink
   * @param {(gift: { item?: number, count?: number, gold?: number }) => void} actions.give to who is near
   * @param {() => void} actions.rename
   * @param {() => void} actions.leave
   */
  constructor(actions) {
    this.#actions = actions;
    byId("me-open").addEventListener("click", () => this.toggleBag());
  }

  show() {
    byId("hud").hidden = false;
  }

  /**
   * @param {string} name
   * @param {import("/lib/client/client.js").Entity} entity
   */
  showMe(name, { kind, id, look, health }) {
    if (byId("me-name").textContent !== name) byId("me-name").textContent = name;
    if (this.#health !== health) {
      this.#health = health;
      byId("me-health").style.width = `${(health * 100) / 255}%`;
      byId("me-health").dataset.level = health > 128 ? "good" : health > 64 ? "fair" : "poor";
    }
    if (this.#face === look) return;
    this.#face = look;
    byId("me-face").replaceChildren(portrait({ kind, id, look, size: 46 }));
  }

  /** @param {NonNullable<Hud["player"]>} player */
  showPlayer(player) {
    const before = this.player;
    this.player = player;
    const progress = levelProgress(player.level, player.experience);
    byId("me-level").textContent = `level ${player.level}`;
    byId("me-xp").style.width = `${progress.share * 100}%`;
    byId("me-xp-text").textContent = `${player.experience} xp`;
    byId("me-xp-text").title = `${progress.left} more for level ${player.level + 1}`;
    byId("me-gold").textContent = `${player.gold} gold`;
    if (before !== undefined && player.level > before.level) this.toast(`Level ${player.level}!`, "good");
    if (!byId("bag").hidden) this.#showBag();
  }

  /** @param {string} name of who could be given something, "" for nobody */
  showNeighbour(name) {
    if (name === this.#neighbour) return;
    this.#neighbour = name;
    if (!byId("bag").hidden) this.#showBag();
  }

  toggleBag() {
    const bag = byId("bag");
    bag.hidden = !bag.hidden;
    byId("me-open").setAttribute("aria-expanded", String(!bag.hidden));
    if (!bag.hidden) this.#showBag();
  }

  closeBag() {
    if (!byId("bag").hidden) this.toggleBag();
  }

  #showBag() {
    const player = this.player;
    const stacks = player?.inventory ?? [];
    const progress = player === undefined ? undefined : levelProgress(player.level, player.experience);
    byId("bag").replaceChildren(
      make(
        "p",
        { className: "small" },
        progress === undefined || player === undefined
          ? ""
          : `${progress.left} experience to level ${player.level + 1}`,
      ),
      make("h3", {}, "Bag"),
      stacks.length === 0
        ? make("p", { className: "small" }, "Empty. What you defeat may leave something behind.")
        : make("ul", { className: "items" }, ...stacks.map((stack) => this.#stack(stack))),
      ...this.#givingGold(player?.gold ?? 0),
      make(
        "div",
        { className: "row links" },
        make(
          "button",
          { type: "button", className: "quiet", click: () => this.#actions.rename() },
          "Change name",
        ),
        make("a", { href: newGuestAddress(), target: "_blank", rel: "noopener" }, "New guest"),
        make("button", { type: "button", className: "quiet", click: () => this.#actions.leave() }, "Leave"),
      ),
    );
  }

  /** @param {number} gold */
  #givingGold(gold) {
    if (this.#neighbour === "") return [];
    const sums = [1, 10, 100].filter((sum) => sum <= gold);
    return [
      make("p", { className: "small" }, `${this.#neighbour} is near: you can give`),
      make(
        "div",
        { className: "row" },
        ...sums.map((sum) =>
          make(
            "button",
            {
              type: "button",
              title: `To ${this.#neighbour}`,
              click: () => this.#actions.give({ gold: sum }),
            },
            `${sum} gold`,
          ),
        ),
        ...(sums.length === 0 ? [make("span", { className: "small" }, "things from your bag")] : []),
      ),
    ];
  }

  /** @param {{ item: number, count: number }} stack */
  #stack({ item, count }) {
    const name = capital(itemName(item));
    const buttons =
      item === POTION
        ? [
            make(
              "button",
              { type: "button", title: "Drink one", click: () => this.#actions.drink() },
              "Drink",
            ),
          ]
        : [];
    if (this.#neighbour !== "") {
      buttons.push(
        make(
          "button",
          {
            type: "button",
            className: "quiet",
            "aria-label": `Give ${name} to ${this.#neighbour}`,
            title: `Give one to ${this.#neighbour}`,
            click: () => this.#actions.give({ item, count: 1 }),
          },
          "Give",
        ),
      );
    }
    return make(
      "li",
      {},
      make("i", { className: "gem", style: `--hue: ${(item * 67) % 360}` }),
      make("span", { className: "what" }, name, make("span", { className: "count" }, ` × ${count}`)),
      ...buttons,
      make(
        "button",
        {
          type: "button",
          className: "quiet",
          "aria-label": `Drop ${name}`,
          title: "Throw away",
          click: () => this.#actions.drop(item),
        },
        "Drop",
      ),
    );
  }

  /**
   * @param {import("/lib/client/client.js").ClientStats} stats
   * @param {number} players in sight
   */
  showStats(stats, players) {
    byId("net-ping").textContent = Number.isNaN(stats.pingMs) ? "–" : `${stats.pingMs} ms`;
    byId("net-tick").textContent = `${stats.tick}`;
    byId("net-rate").textContent =
      stats.receivedKilobytesPerSecond > 0 ? `${stats.receivedKilobytesPerSecond.toFixed(1)} kB/s` : "–";
    byId("net-shard").textContent = `${stats.shard}`;
    byId("net-shard").style.color = `hsl(${shardHue(stats.shard)} 70% 72%)`;
    byId("net-players").textContent = `${players}`;
  }

  /**
   * @param {import("/lib/client/client.js").WorldShape} shape
   * @param {Uint8Array} owners
   */
  paintMap(shape, owners) {
    const canvas = document.createElement("canvas");
    canvas.width = shape.widthCells;
    canvas.height = shape.heightCells;
    const c = canvas.getContext("2d");
    if (c === null) return;
    for (let cell = 0; cell < shape.widthCells * shape.heightCells; cell++) {
      const owner = owners[cell];
      c.fillStyle = owner === undefined ? "#22302f" : `hsl(${shardHue(owner)} 26% 24%)`;
      c.fillRect(cell % shape.widthCells, Math.floor(cell / shape.widthCells), 1, 1);
    }
    this.#mapGround = canvas;
  }

  /**
   * @param {import("/lib/client/client.js").World} world
   * @param {number} x
   * @param {number} y
   */
  drawMap(world, x, y) {
    const canvas = byId("minimap");
    const c = canvas.getContext("2d");
    if (this.#mapGround === undefined || c === null || canvas.offsetParent === null) return;
    const { widthCells, heightCells, cellSizeMeters } = world.shape;
    const scale = canvas.width / Math.max(widthCells, heightCells);
    c.clearRect(0, 0, canvas.width, canvas.height);
    c.imageSmoothingEnabled = false;
    c.drawImage(this.#mapGround, 0, 0, widthCells * scale, heightCells * scale);
    c.fillStyle = "rgb(255 255 255 / .14)";
    for (const cell of world.cells()) {
      c.fillRect((cell % widthCells) * scale, Math.floor(cell / widthCells) * scale, scale, scale);
    }
    for (const entity of world.entities.values()) {
      c.fillStyle = entity.kind === 0 ? "#e8f0ee" : "rgb(255 160 140 / .8)";
      const size = entity.kind === 0 ? 2 : 1.4;
      c.fillRect(
        (entity.x / cellSizeMeters) * scale - size / 2,
        (entity.y / cellSizeMeters) * scale - size / 2,
        size,
        size,
      );
    }
    c.fillStyle = "#ffd166";
    c.beginPath();
    c.arc((x / cellSizeMeters) * scale, (y / cellSizeMeters) * scale, 3, 0, Math.PI * 2);
    c.fill();
  }

  /**
   * @param {string} text
   * @param {"info" | "good" | "bad"} [kind]
   */
  toast(text, kind = "info") {
    const toasts = byId("toasts");
    if (toasts.lastElementChild?.textContent === text) toasts.lastElementChild.remove();
    const toast = make("li", { className: kind }, text);
    toasts.append(toast);
    while (toasts.childElementCount > TOASTS_MAX) toasts.firstElementChild.remove();
    setTimeout(() => toast.remove(), TOAST_MS);
  }

  /**
   * A word of the server's, with a countdown if it is about something to come.
   * @param {string} text
   * @param {number} seconds
   * @param {number} nowMs
   */
  notice(text, seconds, nowMs) {
    this.#noticeText = text;
    this.#noticeUntilMs = nowMs + Math.max(8, seconds) * 1000;
    byId("notice").dataset.counts = String(seconds > 0);
    byId("notice").hidden = false;
    this.tickNotice(nowMs);
  }

  hideNotice() {
    byId("notice").hidden = true;
  }

  /** @param {number} nowMs */
  tickNotice(nowMs) {
    const notice = byId("notice");
    if (notice.hidden) return;
    const left = Math.ceil((this.#noticeUntilMs - nowMs) / 1000);
    if (left <= 0) {
      notice.hidden = true;
      return;
    }
    const text = notice.dataset.counts === "true" ? `${this.#noticeText} — ${left} s` : this.#noticeText;
    if (notice.textContent !== text) notice.textContent = text;
  }
}
