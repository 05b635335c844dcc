/**
 * The world on a canvas that fills the window. World coordinates are meters, x to the right and y down; the camera
 * follows the player. Everything is drawn every frame from the client's model, nothing is kept but what fades.
 */
import { hash, seedOf } from "./chance.js";
import { ellipse, shadow } from "./figures.js";
import { Ground } from "./ground.js";

/** @typedef {import("/lib/client/client.js").Entity} Entity */
/** @typedef {import("/lib/client/client.js").World} World */

/**
 * How a game wants an entity drawn.
 * @typedef {object} Appearance
 * @property {import("./figures.js").Draw} draw
 * @property {string} tint
 * @property {number} size meters of half a body
 * @property {number} height of the figure, in sizes: where its label goes
 * @property {string} label
 * @property {boolean} isPerson
 * @property {"" | "swords" | "alarm"} mark shown above the head
 * @property {boolean} isGone fades away
 */

/** What is remembered of an entity from frame to frame. */
class Sprite {
  x = 0;
  y = 0;
  face = 1;
  step = 0;
  speed = 0;
  shownMs = 0;
  health = 255;
  hitMs = -1e9;
  /** @type {Entity} */
  entity;
  /** Frame in which it was last in sight. */
  frame = 0;
  alpha = 0;

  /** @param {Entity} entity */
  constructor(entity) {
    this.entity = entity;
    this.health = entity.health;
  }
}

const METERS_ACROSS = 42;

export class Scene {
  /** CSS pixels per meter. */
  scale = 24;
  cameraX = 0;
  cameraY = 0;
  hasCamera = false;
  /** Id of the entity the pointer or the keyboard is on. */
  marked = 0;
  /** @type {Ground} */
  ground;
  #canvas;
  #c;
  #width = 0;
  #height = 0;
  #ratio = 1;
  /** Where the camera's point is shown, in CSS pixels from the top. */
  #middleY = 0;
  /** @type {Map<number, Sprite>} */
  #sprites = new Map();
  /** @type {Sprite[]} */
  #order = [];
  #frame = 0;
  #appearanceOf;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(entity: Entity) => Appearance} appearanceOf
   */
  constructor(canvas, appearanceOf) {
    this.#canvas = canvas;
    const context = canvas.getContext("2d", { alpha: false });
    if (context === null) throw new Error("this browser has no canvas");
    this.#c = context;
    this.ground = new Ground(context);
    this.#appearanceOf = appearanceOf;
    this.resize();
    addEventListener("resize", () => this.resize());
    addEventListener("orientationchange", () => this.resize());
  }

  resize() {
    this.#ratio = Math.min(3, devicePixelRatio || 1);
    this.#width = innerWidth;
    this.#height = innerHeight;
    this.#canvas.width = Math.round(this.#width * this.#ratio);
    this.#canvas.height = Math.round(this.#height * this.#ratio);
    this.scale = Math.min(44, Math.max(20, Math.max(this.#width, this.#height) / METERS_ACROSS));
    this.#middleY = this.#height / 2;
  }

  /**
   * The entity drawn nearest to a point of the window, within a finger's width.
   * @param {number} clientX
   * @param {number} clientY
   * @param {number} except
   * @returns {Entity | undefined}
   */
  pick(clientX, clientY, except) {
    const x = (clientX - this.#width / 2) / this.scale + this.cameraX;
    const y = (clientY - this.#middleY) / this.scale + this.cameraY;
    let nearest;
    let distance = Math.max(1.6, 30 / this.scale);
    for (const sprite of this.#sprites.values()) {
      if (sprite.entity.id === except || sprite.frame !== this.#frame) continue;
      const far = Math.hypot(sprite.x - x, sprite.y - 0.6 - y);
      if (far < distance) {
        distance = far;
        nearest = sprite.entity;
      }
    }
    return nearest;
  }

  /**
   * @param {object} view
   * @param {World} view.world
   * @param {number} view.tick tick to draw others at
   * @param {number} view.meId
   * @param {number} view.meX where to draw the player
   * @param {number} view.meY
   * @param {boolean} view.isRaised a panel covers the lower half: show the player above it
   * @param {number} view.nowMs
   * @param {number} view.elapsedMs since the last frame
   */
  draw({ world, tick, meId, meX, meY, isRaised, nowMs, elapsedMs }) {
    this.#frame++;
    const middle = this.#height * (!isRaised ? 0.5 : this.#width < 620 ? 0.34 : 0.24);
    this.#middleY += (middle - this.#middleY) * (elapsedMs / (elapsedMs + 120));
    this.#follow(meX, meY, elapsedMs, world.entities.has(meId));
    const c = this.#c;
    c.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    c.fillStyle = "#0a0f12";
    c.fillRect(0, 0, this.#width, this.#height);
    this.ground.draw(world, {
      left: this.#screenX(0),
      top: this.#screenY(0),
      scale: this.scale,
      width: this.#width,
      height: this.#height,
      ratio: this.#ratio,
      elapsedMs,
    });
    this.#order.length = 0;
    for (const entity of world.entities.values()) {
      let sprite = this.#sprites.get(entity.id);
      if (sprite === undefined || sprite.entity !== entity) {
        sprite = new Sprite(entity);
        this.#sprites.set(entity.id, sprite);
      }
      const isMe = entity.id === meId;
      const place = isMe ? undefined : world.place(entity, tick);
      this.#advance(sprite, place?.x ?? meX, place?.y ?? meY, nowMs, elapsedMs);
    }
    for (const [id, sprite] of this.#sprites) {
      if (sprite.frame !== this.#frame) {
        sprite.alpha -= elapsedMs / 220;
        if (sprite.alpha <= 0) {
          this.#sprites.delete(id);
          continue;
        }
      }
      if (this.#isOnScreen(sprite)) this.#order.push(sprite);
    }
    this.#order.sort(byDepth);
    for (const sprite of this.#order) this.#drawSprite(sprite, sprite.entity.id === meId, nowMs);
    for (const sprite of this.#order) if (sprite.entity.id !== meId) this.#drawLabel(sprite, false, nowMs);
    // One's own name is never covered.
    const mine = this.#sprites.get(meId);
    if (mine !== undefined) this.#drawLabel(mine, true, nowMs);
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} elapsedMs
   * @param {boolean} isHere
   */
  #follow(x, y, elapsedMs, isHere) {
    if (!isHere) return;
    const far = Math.hypot(x - this.cameraX, y - this.cameraY);
    if (!this.hasCamera || far > 12) {
      this.cameraX = x;
      this.cameraY = y;
      this.hasCamera = true;
      return;
    }
    const share = elapsedMs / (elapsedMs + 90);
    this.cameraX += (x - this.cameraX) * share;
    this.cameraY += (y - this.cameraY) * share;
  }

  /**
   * @param {Sprite} sprite
   * @param {number} x
   * @param {number} y
   * @param {number} nowMs
   * @param {number} elapsedMs
   */
  #advance(sprite, x, y, nowMs, elapsedMs) {
    const isNew = sprite.frame === 0;
    const dx = isNew ? 0 : x - sprite.x;
    const dy = isNew ? 0 : y - sprite.y;
    const way = Math.hypot(dx, dy);
    const speed = elapsedMs > 0 ? Math.min(20, (way * 1000) / elapsedMs) : 0;
    sprite.speed += (speed - sprite.speed) * 0.25;
    if (way < 3) sprite.step += way * 3.4;
    if (speed > 0.6 && sprite.speed > 0.6 && Math.abs(dx) > Math.abs(dy) * 0.3) sprite.face = dx < 0 ? -1 : 1;
    sprite.x = x;
    sprite.y = y;
    if (isNew) sprite.face = hash(sprite.entity.id) % 2 === 0 ? 1 : -1;
    if (sprite.entity.health < sprite.health) sprite.hitMs = nowMs;
    sprite.health = sprite.entity.health;
    const isGone = this.#appearanceOf(sprite.entity).isGone;
    const fade = (isGone ? -elapsedMs : elapsedMs) / 220;
    sprite.alpha = Math.max(0, Math.min(1, sprite.alpha + fade));
    sprite.frame = this.#frame;
  }

  /**
   * @param {Sprite} sprite
   * @param {boolean} isMe
   * @param {number} nowMs
   */
  #drawSprite(sprite, isMe, nowMs) {
    const c = this.#c;
    const { entity } = sprite;
    if (sprite.alpha <= 0) return;
    const looks = this.#appearanceOf(entity);
    const unit = looks.size * this.scale;
    c.save();
    c.globalAlpha = sprite.alpha;
    c.translate(this.#screenX(sprite.x), this.#screenY(sprite.y));
    c.scale(unit, unit);
    if (isMe) this.#ring("#ffd166", 1.15, nowMs);
    else if (entity.id === this.marked) this.#ring("#ff7b72", 1.2, nowMs);
    shadow(c, 0.85);
    looks.draw(
      c,
      {
        face: sprite.face,
        step: sprite.step,
        isWalking: sprite.speed > 0.25,
        timeMs: nowMs,
        seed: seedOf(entity),
      },
      nowMs - sprite.hitMs < 130 ? "#ffffff" : looks.tint,
    );
    c.restore();
  }

  /**
   * @param {string} colour
   * @param {number} radius
   * @param {number} nowMs
   */
  #ring(colour, radius, nowMs) {
    const c = this.#c;
    const pulse = 1 + Math.sin(nowMs / 420) * 0.04;
    c.strokeStyle = colour;
    c.lineWidth = 0.09;
    c.beginPath();
    c.ellipse(0, 0, radius * pulse, radius * 0.46 * pulse, 0, 0, Math.PI * 2);
    c.stroke();
  }

  /**
   * @param {Sprite} sprite
   * @param {boolean} isMe
   * @param {number} nowMs
   */
  #drawLabel(sprite, isMe, nowMs) {
    const { entity } = sprite;
    const looks = this.#appearanceOf(entity);
    const isMarked = entity.id === this.marked;
    const c = this.#c;
    const x = this.#screenX(sprite.x);
    let y = this.#screenY(sprite.y) - looks.size * looks.height * this.scale;
    if (sprite.alpha <= 0) return;
    c.globalAlpha = sprite.alpha;
    if (entity.health < 255 && !looks.isGone) {
      const width = Math.max(26, looks.size * this.scale * 2);
      c.fillStyle = "rgb(0 0 0 / .55)";
      c.fillRect(x - width / 2 - 1, y - 5, width + 2, 6);
      c.fillStyle = entity.health > 128 ? "#67d391" : entity.health > 64 ? "#f2c14e" : "#ef6461";
      c.fillRect(x - width / 2, y - 4, (width * entity.health) / 255, 4);
      y -= 9;
    }
    if (!looks.isGone) {
      c.font = `${isMe ? 700 : 600} ${looks.isPerson || isMarked ? 12.5 : 11.5}px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif`;
      c.textAlign = "center";
      c.lineJoin = "round";
      c.lineWidth = 3.5;
      c.strokeStyle = "rgb(6 10 13 / .85)";
      c.strokeText(looks.label, x, y);
      c.fillStyle = isMe ? "#ffd166" : looks.isPerson ? "#e8f0ee" : isMarked ? "#ffb4a8" : "#b9a6a0";
      c.fillText(looks.label, x, y);
      y -= 15;
    }
    if (looks.mark === "swords") this.#swords(x, y - 2, nowMs);
    else if (looks.mark === "alarm") this.#alarm(x, y - 2);
    c.globalAlpha = 1;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} nowMs
   */
  #swords(x, y, nowMs) {
    const c = this.#c;
    const lift = Math.sin(nowMs / 160) * 0.8;
    c.fillStyle = "rgb(6 10 13 / .78)";
    ellipse(c, x, y - 5, 12, 12);
    c.lineCap = "round";
    for (const side of [-1, 1]) {
      // Blade from the lower corner to the upper one opposite, guard across it, grip below.
      c.strokeStyle = "#f4ece4";
      c.lineWidth = 2;
      c.beginPath();
      c.moveTo(x - side * 3.6, y - 1.4);
      c.lineTo(x + side * 6.2, y - 11.6 - lift);
      c.stroke();
      c.strokeStyle = "#ff9d6e";
      c.beginPath();
      c.moveTo(x - side * 6.2, y - 3);
      c.lineTo(x - side * 1.8, y + 1.2);
      c.moveTo(x - side * 4, y - 1);
      c.lineTo(x - side * 6.4, y + 1.4);
      c.stroke();
    }
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  #alarm(x, y) {
    const c = this.#c;
    c.fillStyle = "#ff6b5e";
    ellipse(c, x, y - 4, 9, 9);
    c.fillStyle = "#fff";
    c.fillRect(x - 1.3, y - 9, 2.6, 6);
    ellipse(c, x, y - 0.2, 1.6, 1.6);
  }

  /** Whether anything of it, label included, may be seen. @param {Sprite} sprite */
  #isOnScreen({ x, y }) {
    const left = this.#screenX(x);
    const top = this.#screenY(y);
    return left > -90 && left < this.#width + 90 && top > -60 && top < this.#height + 120;
  }

  /** @param {number} meters */
  #screenX(meters) {
    return (meters - this.cameraX) * this.scale + this.#width / 2;
  }

  /** @param {number} meters */
  #screenY(meters) {
    return (meters - this.cameraY) * this.scale + this.#middleY;
  }
}

/**
 * @param {Sprite} a
 * @param {Sprite} b
 */
function byDepth(a, b) {
  return a.y - b.y || a.entity.id - b.entity.id;
}
