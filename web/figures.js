/**
 * People and creatures, drawn with a few simple shapes. Every function draws around the point between the feet, one
 * unit being about half a body's width, up being negative y; `face` is −1 or 1, `step` the phase of the walk.
 */

/**
 * @typedef {object} Pose
 * @property {number} face looking left (−1) or right (1)
 * @property {number} step radians; grows while walking
 * @property {boolean} isWalking
 * @property {number} timeMs for breathing and blinking
 * @property {number} seed makes individuals differ
 */

/** @typedef {(c: CanvasRenderingContext2D, pose: Pose, tint: string) => void} Draw */

const INK = "#0b1014";

/** Cloaks of people, by look. */
export const cloaks = [
  "#4cc9a4",
  "#5aa2e6",
  "#e0a458",
  "#b387e8",
  "#e5737f",
  "#8fbf5a",
  "#58b8c9",
  "#d98cc0",
];
const skins = ["#f0c9a4", "#d9a577", "#a8744d", "#7a5236"];
const hairs = ["#2b1d16", "#5b3a22", "#b98542", "#8a8f98", "#7c2f24", "#1c2430"];

/**
 * @param {CanvasRenderingContext2D} c
 * @param {number} width
 */
export function shadow(c, width) {
  c.fillStyle = "rgb(0 0 0 / .34)";
  ellipse(c, 0, 0, width, width * 0.36);
}

/** @type {Draw} */
export function person(c, pose, tint) {
  const swing = pose.isWalking ? Math.sin(pose.step) : 0;
  const bob = pose.isWalking
    ? Math.abs(Math.cos(pose.step)) * 0.1
    : Math.sin(pose.timeMs / 620 + pose.seed) * 0.03;
  c.fillStyle = "#27313a";
  ellipse(c, -0.28 + swing * 0.2, -0.12 - Math.max(0, swing) * 0.14, 0.2, 0.16);
  ellipse(c, 0.28 - swing * 0.2, -0.12 - Math.max(0, -swing) * 0.14, 0.2, 0.16);
  c.save();
  c.translate(0, -bob);
  // cloak
  c.fillStyle = tint;
  c.beginPath();
  c.moveTo(-0.42, -1.28);
  c.quadraticCurveTo(-0.82, -0.7, -0.68, -0.2);
  c.quadraticCurveTo(0, 0.02, 0.68, -0.2);
  c.quadraticCurveTo(0.82, -0.7, 0.42, -1.28);
  c.closePath();
  c.fill();
  c.fillStyle = "rgb(0 0 0 / .18)";
  c.beginPath();
  c.moveTo(-0.42 * pose.face, -1.28);
  c.quadraticCurveTo(-0.82 * pose.face, -0.7, -0.68 * pose.face, -0.2);
  c.quadraticCurveTo(-0.3 * pose.face, -0.06, -0.12 * pose.face, -0.07);
  c.quadraticCurveTo(-0.34 * pose.face, -0.7, -0.2 * pose.face, -1.28);
  c.fill();
  c.fillStyle = "rgb(255 255 255 / .7)";
  ellipse(c, 0.1 * pose.face, -1.16, 0.09, 0.09);
  mirrored(c, pose.face, () => {
    c.fillStyle = skins[pose.seed % skins.length] ?? INK;
    ellipse(c, 0.05, -1.66, 0.46, 0.46);
    c.fillStyle = hairs[(pose.seed >>> 3) % hairs.length] ?? INK;
    c.beginPath();
    c.arc(0.02, -1.72, 0.49, Math.PI * 0.98, Math.PI * 2.02);
    c.quadraticCurveTo(0.3, -1.86, -0.1, -1.82);
    c.quadraticCurveTo(-0.46, -1.7, -0.44, -1.44);
    c.closePath();
    c.fill();
    eyes(c, pose, { x: 0.2 * pose.face, y: -1.6, apart: 0.15, size: 0.06 });
  });
  c.restore();
}

/** @type {Draw} */
export function slime(c, pose, tint) {
  const squash = Math.sin(pose.isWalking ? pose.step * 1.2 : pose.timeMs / 480 + pose.seed) * 0.1;
  const width = 0.86 - squash * 0.5;
  const height = 1.05 + squash;
  c.fillStyle = tint;
  c.beginPath();
  c.moveTo(-width, -0.12);
  c.bezierCurveTo(-width, -height * 1.1, width, -height * 1.1, width, -0.12);
  c.quadraticCurveTo(width, 0.08, 0, 0.08);
  c.quadraticCurveTo(-width, 0.08, -width, -0.12);
  c.fill();
  c.fillStyle = "rgb(255 255 255 / .28)";
  ellipse(c, -0.3, -height * 0.62, 0.2, 0.11);
  eyes(c, pose, { x: 0.16, y: -0.42, apart: 0.26, size: 0.1 });
}

/** @type {Draw} */
export function wolf(c, pose, tint) {
  const run = pose.isWalking
    ? Math.sin(pose.step * 1.3) * 0.07
    : Math.sin(pose.timeMs / 700 + pose.seed) * 0.02;
  mirrored(c, pose.face, () => {
    c.fillStyle = tint;
    c.beginPath();
    c.moveTo(-0.7, -0.9);
    c.quadraticCurveTo(-1.5, -1.05 - run * 3, -1.42, -0.42);
    c.quadraticCurveTo(-1.1, -0.7, -0.7, -0.6);
    c.fill();
    legs(c, pose, shade(tint), [-0.62, -0.38, 0.32, 0.56], 0.5);
    c.fillStyle = tint;
    c.beginPath();
    c.moveTo(-0.86, -0.5);
    c.quadraticCurveTo(-0.9, -1.06 - run, -0.2, -1.02);
    c.quadraticCurveTo(0.5, -1.18 - run, 0.78, -0.9);
    c.quadraticCurveTo(0.8, -0.44, 0.2, -0.4);
    c.quadraticCurveTo(-0.5, -0.34, -0.86, -0.5);
    c.fill();
    // head
    c.beginPath();
    c.moveTo(0.42, -1.46);
    c.lineTo(0.52, -1.86 - run);
    c.lineTo(0.74, -1.52);
    c.lineTo(0.94, -1.8 - run);
    c.lineTo(1.02, -1.42);
    c.quadraticCurveTo(1.5, -1.2, 1.5, -1.06);
    c.quadraticCurveTo(1.2, -0.86, 0.86, -0.9);
    c.quadraticCurveTo(0.4, -0.96, 0.42, -1.46);
    c.fill();
    c.fillStyle = INK;
    ellipse(c, 1.46, -1.12, 0.09, 0.07);
    c.fillStyle = "#ffd479";
    ellipse(c, 0.96, -1.26, 0.08, 0.07);
    c.fillStyle = INK;
    ellipse(c, 0.99, -1.26, 0.035, 0.05);
  });
}

/** @type {Draw} */
export function boar(c, pose, tint) {
  const run = pose.isWalking ? Math.sin(pose.step * 1.4) * 0.05 : 0;
  mirrored(c, pose.face, () => {
    legs(c, pose, shade(tint), [-0.6, -0.3, 0.3, 0.56], 0.34);
    c.fillStyle = tint;
    ellipse(c, -0.1, -0.72 + run, 0.96, 0.58);
    c.fillStyle = shade(tint);
    c.beginPath();
    c.moveTo(-0.8, -1.08 + run);
    for (let x = -0.8; x <= 0.5; x += 0.2) {
      c.lineTo(x + 0.08, -1.5 + run + Math.abs(x) * 0.2);
      c.lineTo(x + 0.2, -1.18 + run);
    }
    c.quadraticCurveTo(0, -0.9 + run, -0.8, -1.08 + run);
    c.fill();
    c.fillStyle = tint;
    ellipse(c, 0.76, -0.66 + run, 0.5, 0.42);
    c.fillStyle = "#c58f86";
    ellipse(c, 1.18, -0.56 + run, 0.16, 0.2);
    c.fillStyle = "#f1e8d6";
    c.beginPath();
    c.moveTo(0.92, -0.42 + run);
    c.quadraticCurveTo(1.16, -0.44 + run, 1.16, -0.8 + run);
    c.quadraticCurveTo(1.04, -0.56 + run, 0.86, -0.54 + run);
    c.fill();
    c.fillStyle = INK;
    ellipse(c, 0.82, -0.82 + run, 0.06, 0.07);
  });
}

/** @type {Draw} */
export function golem(c, pose, tint) {
  const stomp = pose.isWalking
    ? Math.sin(pose.step * 0.8) * 0.08
    : Math.sin(pose.timeMs / 900 + pose.seed) * 0.02;
  c.fillStyle = shade(tint);
  rock(c, -0.42, -0.24 - Math.max(0, stomp), 0.34, 0.3);
  rock(c, 0.42, -0.24 - Math.max(0, -stomp), 0.34, 0.3);
  rock(c, -1.02, -0.84 + stomp * 2, 0.34, 0.46);
  rock(c, 1.02, -0.84 - stomp * 2, 0.34, 0.46);
  c.fillStyle = tint;
  rock(c, 0, -1.06 + stomp, 0.88, 0.72);
  rock(c, 0.12 * pose.face, -1.9 + stomp, 0.42, 0.34);
  c.strokeStyle = "rgb(0 0 0 / .28)";
  c.lineWidth = 0.07;
  c.beginPath();
  c.moveTo(-0.3, -1.5);
  c.lineTo(-0.12, -1.14);
  c.lineTo(-0.34, -0.86);
  c.stroke();
  eyes(c, pose, { x: 0.22, y: -1.92 + stomp, apart: 0.15, size: 0.08, colour: "#7de3ff" });
}

/** @type {Draw} */
export function wraith(c, pose, tint) {
  const lift = -0.3 - Math.sin(pose.timeMs / 620 + pose.seed) * 0.1;
  const wave = pose.timeMs / 260 + pose.seed;
  c.save();
  c.translate(0, lift);
  c.fillStyle = tint;
  c.save();
  c.globalAlpha *= 0.16;
  ellipse(c, 0, -0.95, 1.2, 1.3);
  c.restore();
  c.beginPath();
  c.moveTo(-0.72, 0.02);
  c.bezierCurveTo(-0.86, -1.1, -0.66, -2.05, 0.08 * pose.face, -2.1);
  c.bezierCurveTo(0.66, -2.05, 0.86, -1.1, 0.72, 0.02);
  for (let rag = 2; rag >= -3; rag--) {
    const x = rag * 0.24;
    c.quadraticCurveTo(x + 0.18, -0.26, x, 0.04 + Math.sin(wave + rag) * 0.1);
  }
  c.closePath();
  c.fill();
  c.fillStyle = "#10131c";
  ellipse(c, 0.12 * pose.face, -1.5, 0.4, 0.44);
  eyes(c, pose, { x: 0.16, y: -1.5, apart: 0.15, size: 0.08, colour: "#ff8f7a" });
  c.restore();
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {Pose} pose
 * @param {{ x: number, y: number, apart: number, size: number, colour?: string }} at x is how far the face is turned
 */
function eyes(c, pose, at) {
  const isBlinking = (pose.timeMs + pose.seed * 137) % 4200 < 120;
  c.fillStyle = at.colour ?? INK;
  const height = isBlinking ? at.size * 0.2 : at.size * 1.15;
  ellipse(c, at.x * pose.face - at.apart, at.y, at.size, height);
  ellipse(c, at.x * pose.face + at.apart, at.y, at.size, height);
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {Pose} pose
 * @param {string} colour
 * @param {readonly number[]} places
 * @param {number} length
 */
function legs(c, pose, colour, places, length) {
  c.strokeStyle = colour;
  c.lineWidth = 0.17;
  c.lineCap = "round";
  for (let leg = 0; leg < places.length; leg++) {
    const x = places[leg] ?? 0;
    const swing = pose.isWalking ? Math.sin(pose.step * 1.5 + leg * 2.1) * 0.2 : 0;
    c.beginPath();
    c.moveTo(x, -length - 0.1);
    c.lineTo(x + swing, -0.08);
    c.stroke();
  }
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
function rock(c, x, y, width, height) {
  c.beginPath();
  c.moveTo(x - width, y + height * 0.3);
  c.lineTo(x - width * 0.8, y - height * 0.6);
  c.lineTo(x - width * 0.1, y - height);
  c.lineTo(x + width * 0.75, y - height * 0.7);
  c.lineTo(x + width, y + height * 0.2);
  c.lineTo(x + width * 0.6, y + height);
  c.lineTo(x - width * 0.6, y + height);
  c.closePath();
  c.fill();
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {number} x
 * @param {number} y
 * @param {number} rx
 * @param {number} ry
 */
export function ellipse(c, x, y, rx, ry) {
  c.beginPath();
  c.ellipse(x, y, rx, ry, 0, 0, Math.PI * 2);
  c.fill();
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {number} face
 * @param {() => void} draw
 */
function mirrored(c, face, draw) {
  c.save();
  c.scale(face, 1);
  draw();
  c.restore();
}

const shades = new Map();
/**
 * A darker version of a #rrggbb colour.
 * @param {string} colour
 * @returns {string}
 */
function shade(colour) {
  let dark = shades.get(colour);
  if (dark === undefined) {
    const value = Number.parseInt(colour.slice(1), 16);
    const part = (/** @type {number} */ shift) => Math.round(((value >> shift) & 255) * 0.68);
    dark = `rgb(${part(16)} ${part(8)} ${part(0)})`;
    shades.set(colour, dark);
  }
  return dark;
}
