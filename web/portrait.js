/** Small pictures of people and creatures for panels. */
import { seedOf } from "./chance.js";
import { shadow } from "./figures.js";
import { figureOf, tintOf } from "./game.js";

/**
 * A canvas of `size` CSS pixels showing one figure.
 * @param {{ kind: number, id: number, look: number, size: number, face?: number }} who
 */
export function portrait({ kind, id, look, size, face = 1 }) {
  const canvas = document.createElement("canvas");
  const ratio = Math.min(3, devicePixelRatio || 1);
  canvas.width = size * ratio;
  canvas.height = size * ratio;
  canvas.style.width = `${size}px`;
  canvas.style.height = `${size}px`;
  canvas.className = "portrait";
  const c = canvas.getContext("2d");
  if (c === null) return canvas;
  const figure = figureOf(kind);
  c.translate((size * ratio) / 2, size * ratio * (kind === 0 ? 0.93 : 0.84));
  const unit = size * ratio * (kind === 0 ? 0.38 : 0.32);
  c.scale(unit, unit);
  shadow(c, 0.85);
  figure.draw(
    c,
    { face, step: 0, isWalking: false, timeMs: 900, seed: seedOf({ kind, id, look }) },
    tintOf(kind, look),
  );
  return canvas;
}
