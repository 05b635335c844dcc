/**
 * Where the player wants to go: keys held, or a thumb on the glass. Nothing is remembered when the page loses the
 * focus or is hidden, so nobody walks on by themselves.
 */

const keyDirections = new Map([
  ["KeyW", [0, -1]],
  ["ArrowUp", [0, -1]],
  ["KeyS", [0, 1]],
  ["ArrowDown", [0, 1]],
  ["KeyA", [-1, 0]],
  ["ArrowLeft", [-1, 0]],
  ["KeyD", [1, 0]],
  ["ArrowRight", [1, 0]],
]);

/** Pixels from the centre of the stick to full speed, and the way a finger may stray and still be a tap. */
const STICK_RADIUS = 52;
const TAP_SLOP = 10;

export class Steering {
  /** Direction, −1..1 per axis. */
  x = 0;
  y = 0;
  isEnabled = false;
  #held = new Set();
  /** @type {{ id: number, fromX: number, fromY: number, isStick: boolean } | undefined} */
  #pointer;
  #stick;
  #surface;

  /**
   * @param {HTMLElement} surface takes the pointer
   * @param {HTMLElement} stick shows the stick
   * @param {(x: number, y: number) => void} onTap a point of the surface was chosen, in CSS pixels
   */
  constructor(surface, stick, onTap) {
    this.#stick = stick;
    this.#surface = surface;
    addEventListener("keydown", (event) => this.#key(event, true));
    addEventListener("keyup", (event) => this.#key(event, false));
    addEventListener("blur", () => this.release());
    document.addEventListener("visibilitychange", () => document.hidden && this.release());
    surface.addEventListener("contextmenu", (event) => event.preventDefault());
    surface.addEventListener("pointerdown", (event) => {
      if (!this.isEnabled || this.#pointer !== undefined || event.button !== 0) return;
      surface.setPointerCapture(event.pointerId);
      this.#pointer = { id: event.pointerId, fromX: event.clientX, fromY: event.clientY, isStick: false };
    });
    surface.addEventListener("pointermove", (event) => this.#drag(event));
    surface.addEventListener("pointerup", (event) => {
      const pointer = this.#pointer;
      if (pointer?.id !== event.pointerId) return;
      this.#letGo();
      if (!pointer.isStick && this.isEnabled) onTap(event.clientX, event.clientY);
    });
    surface.addEventListener("pointercancel", (event) => {
      if (this.#pointer?.id === event.pointerId) this.#letGo();
    });
  }

  /** Lets go of everything. */
  release() {
    this.#held.clear();
    this.#letGo();
    this.#settle();
  }

  /** @param {boolean} isEnabled */
  enable(isEnabled) {
    if (this.isEnabled === isEnabled) return;
    this.isEnabled = isEnabled;
    if (!isEnabled) this.release();
  }

  /**
   * @param {KeyboardEvent} event
   * @param {boolean} isDown
   */
  #key(event, isDown) {
    if (!keyDirections.has(event.code)) return;
    if (!isDown) this.#held.delete(event.code);
    else if (this.isEnabled && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) {
      this.#held.add(event.code);
      event.preventDefault();
    }
    this.#settle();
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    const pointer = this.#pointer;
    if (pointer?.id !== event.pointerId) return;
    const x = event.clientX - pointer.fromX;
    const y = event.clientY - pointer.fromY;
    const far = Math.hypot(x, y);
    if (!pointer.isStick && far < TAP_SLOP) return;
    pointer.isStick = true;
    const reach = Math.min(1, far / STICK_RADIUS);
    this.x = far === 0 ? 0 : (x / far) * reach;
    this.y = far === 0 ? 0 : (y / far) * reach;
    this.#stick.classList.add("held");
    this.#stick.style.translate = `${pointer.fromX}px ${pointer.fromY}px`;
    this.#stick.style.setProperty("--x", `${this.x * STICK_RADIUS}px`);
    this.#stick.style.setProperty("--y", `${this.y * STICK_RADIUS}px`);
  }

  #letGo() {
    if (this.#pointer !== undefined && this.#surface.hasPointerCapture(this.#pointer.id)) {
      this.#surface.releasePointerCapture(this.#pointer.id);
    }
    this.#pointer = undefined;
    this.#stick.classList.remove("held");
    this.#settle();
  }

  /** Takes the direction from the keys, unless a thumb has it. */
  #settle() {
    if (this.#pointer?.isStick) return;
    let x = 0;
    let y = 0;
    for (const code of this.#held) {
      const [dx, dy] = keyDirections.get(code) ?? [0, 0];
      x += dx;
      y += dy;
    }
    x = Math.sign(x);
    y = Math.sign(y);
    const length = Math.hypot(x, y) || 1;
    this.x = x / length;
    this.y = y / length;
  }
}

/** @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}
