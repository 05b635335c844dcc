/** The ground under everything: a few painted variants of a cell, in the dark where the world is not known. */
import { hash } from "./chance.js";
import { ellipse } from "./figures.js";

const VARIANTS = 6;

/** Colour of a shard's cells, also used by the minimap. @param {number} shard */
export function shardHue(shard) {
  return Math.round(160 + shard * 137.5) % 360;
}

export class Ground {
  showsShards = false;
  /** Shard of every cell. @type {Uint8Array} */
  owners = new Uint8Array();
  #c;
  /** @type {HTMLCanvasElement[]} */
  #variants = [];
  #paintedSize = 0;
  /** How far each cell has come out of the dark, 0..1. @type {Map<number, number>} */
  #light = new Map();

  /** @param {CanvasRenderingContext2D} c */
  constructor(c) {
    this.#c = c;
  }

  /**
   * @param {import("/lib/client/client.js").World} world
   * @param {object} view in CSS pixels
   * @param {number} view.left where the world's corner is
   * @param {number} view.top
   * @param {number} view.scale pixels per meter
   * @param {number} view.width of the window
   * @param {number} view.height
   * @param {number} view.ratio of device pixels
   * @param {number} view.elapsedMs since the last frame
   */
  draw(world, { left, top, scale, width: windowWidth, height: windowHeight, ratio, elapsedMs }) {
    const { widthCells, heightCells, cellSizeMeters } = world.shape;
    if (widthCells === 0) return;
    const c = this.#c;
    const size = cellSizeMeters * scale;
    this.#paint(Math.round(size), ratio);
    const firstColumn = Math.max(0, Math.floor(-left / size));
    const firstRow = Math.max(0, Math.floor(-top / size));
    const lastColumn = Math.min(widthCells - 1, Math.floor((windowWidth - left) / size));
    const lastRow = Math.min(heightCells - 1, Math.floor((windowHeight - top) / size));
    for (let row = firstRow; row <= lastRow; row++) {
      for (let column = firstColumn; column <= lastColumn; column++) {
        const cell = row * widthCells + column;
        const target = world.knows(cell) ? 1 : 0;
        let light = this.#light.get(cell) ?? target;
        light += Math.sign(target - light) * Math.min(Math.abs(target - light), elapsedMs / 350);
        this.#light.set(cell, light);
        const x = Math.round(left + column * size);
        const y = Math.round(top + row * size);
        const width = Math.round(left + (column + 1) * size) - x;
        const height = Math.round(top + (row + 1) * size) - y;
        const ground = this.#variants[hash(cell) % VARIANTS];
        if (ground !== undefined) c.drawImage(ground, x, y, width, height);
        if (this.showsShards) this.#tintCell(cell, x, y, width, height);
        if (light < 1) {
          c.fillStyle = `rgb(8 12 15 / ${(0.62 * (1 - light)).toFixed(3)})`;
          c.fillRect(x, y, width, height);
        }
        c.strokeStyle = "rgb(190 225 215 / .065)";
        c.lineWidth = 1;
        c.strokeRect(x + 0.5, y + 0.5, width, height);
      }
    }
    if (this.#light.size > 512) this.#light.clear();
    c.strokeStyle = "rgb(140 190 180 / .35)";
    c.lineWidth = 3;
    c.strokeRect(left, top, widthCells * size, heightCells * size);
  }

  /**
   * @param {number} cell
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   */
  #tintCell(cell, x, y, width, height) {
    const owner = this.owners[cell];
    if (owner === undefined) return;
    const c = this.#c;
    const hue = shardHue(owner);
    c.fillStyle = `hsl(${hue} 75% 55% / .13)`;
    c.fillRect(x, y, width, height);
    c.fillStyle = `hsl(${hue} 80% 75% / .55)`;
    c.font = "600 11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";
    c.textAlign = "left";
    c.fillText(`shard ${owner} · cell ${cell}`, x + 8, y + 17);
  }

  /**
   * Paints the variants of a cell's ground, once per zoom.
   * @param {number} size
   * @param {number} ratio
   */
  #paint(size, ratio) {
    if (this.#paintedSize === size * ratio) return;
    this.#paintedSize = size * ratio;
    const pixels = Math.max(1, Math.round(size * ratio));
    this.#variants = Array.from({ length: VARIANTS }, (_, variant) => {
      const canvas = document.createElement("canvas");
      canvas.width = pixels;
      canvas.height = pixels;
      const c = canvas.getContext("2d");
      if (c === null) return canvas;
      c.scale(pixels, pixels);
      c.fillStyle = `hsl(${168 + (variant % 3) * 4} 24% ${15.5 + (variant % 4) * 0.4}%)`;
      c.fillRect(0, 0, 1, 1);
      for (let index = 0; index < 70; index++) paintTuft(c, hash(variant * 977 + index * 31 + 7));
      return canvas;
    });
  }
}

/**
 * A blade of grass, a pebble or a flower, in a unit square.
 * @param {CanvasRenderingContext2D} c
 * @param {number} dice
 */
function paintTuft(c, dice) {
  const x = 0.02 + ((dice & 1023) / 1023) * 0.96;
  const y = 0.02 + (((dice >>> 10) & 1023) / 1023) * 0.96;
  const kind = (dice >>> 20) % 16;
  const size = 0.004 + ((dice >>> 24) & 15) * 0.0004;
  if (kind < 10) {
    c.strokeStyle = `hsl(${158 + kind * 2} 28% ${23 + kind * 0.8}%)`;
    c.lineWidth = 0.0028;
    c.lineCap = "round";
    c.beginPath();
    for (const lean of [-1, 0, 1]) {
      c.moveTo(x + lean * size * 0.5, y);
      c.lineTo(x + lean * size * 1.5, y - size * (lean === 0 ? 2.6 : 1.9));
    }
    c.stroke();
  } else if (kind < 14) {
    c.fillStyle = `hsl(190 9% ${24 + kind * 0.5}%)`;
    ellipse(c, x, y, size * 1.3, size * 0.85);
  } else {
    c.fillStyle = kind === 14 ? "hsl(42 45% 40%)" : "hsl(330 28% 42%)";
    for (let petal = 0; petal < 4; petal++) {
      const [px, py] = [(petal & 1) * 2 - 1, (petal & 2) - 1];
      ellipse(c, x + px * size * 0.45, y + py * size * 0.45, size * 0.45, size * 0.45);
    }
  }
}
