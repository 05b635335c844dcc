/**
 * What all peers share: people who walk over a grid of cells, and who is in which cell. As little as the work needs, in
 * typed arrays, so that what is compared is how the servers tell their clients of it and not how somebody walks.
 */

/**
 * @typedef {object} WorldOptions
 * @property {number} widthCells
 * @property {number} heightCells
 * @property {number} cellSizeMeters
 * @property {number} tickHz
 * @property {number} clients Most people there will be.
 */

const METERS_PER_SECOND = 5;
const FULL_SPEED = 127;
/** Places travel as whole centimetres in 16 bits. */
const UNITS_PER_METER = 100;
/** Bytes of one person on the wire: number and place. */
export const PERSON_BYTES = 6;
export const TICK_BYTES = 2;

/** The options a server was started with: JSON in its first parameter. @returns {any} */
export const readOptions = () => JSON.parse(process.argv[2] ?? "{}");

/** Says where the server is, and ends it when asked. @param {number} port */
export function announce(port) {
  process.stdout.write(`http://127.0.0.1:${port}/\n`);
}

/** @param {number} value @returns {number} in [0, 1) */
function hashUnit(value) {
  let x = Math.imul(value ^ 0x9e3779b9, 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return ((x ^ (x >>> 16)) >>> 0) / 0x1_0000_0000;
}

export class World {
  tick = 0;

  /** @param {WorldOptions} options */
  constructor(options) {
    this.options = options;
    const { widthCells, heightCells, cellSizeMeters, clients } = options;
    this.x = new Float64Array(clients);
    this.y = new Float64Array(clients);
    this.velocityX = new Float64Array(clients);
    this.velocityY = new Float64Array(clients);
    this.cellOf = new Int32Array(clients).fill(-1);
    /** People by cell. @type {number[][]} */
    this.people = Array.from({ length: widthCells * heightCells }, () => []);
    /** Cells that are seen from each cell: its own and those around. */
    this.around = this.people.map((_, cell) => this.#aroundOf(cell));
    this.right = widthCells * cellSizeMeters - 0.01;
    this.bottom = heightCells * cellSizeMeters - 0.01;
    /** @type {number[]} */
    this.free = Array.from({ length: clients }, (_, index) => clients - 1 - index);
  }

  /** @param {number} cell @returns {number[]} */
  #aroundOf(cell) {
    const { widthCells, heightCells } = this.options;
    const column = cell % widthCells;
    const row = Math.floor(cell / widthCells);
    const cells = [];
    for (let r = Math.max(0, row - 1); r <= Math.min(heightCells - 1, row + 1); r++) {
      for (let c = Math.max(0, column - 1); c <= Math.min(widthCells - 1, column + 1); c++) {
        cells.push(r * widthCells + c);
      }
    }
    return cells;
  }

  /** Somebody comes, anywhere in the world; returns their number. */
  enter() {
    const person = this.free.pop();
    if (person === undefined) throw new Error("more people than the options said");
    this.x[person] = hashUnit(person * 2) * this.right;
    this.y[person] = hashUnit(person * 2 + 1) * this.bottom;
    this.velocityX[person] = 0;
    this.velocityY[person] = 0;
    this.cellOf[person] = this.#cellAt(person);
    this.people[this.cellOf[person]].push(person);
    return person;
  }

  /** @param {number} person */
  leave(person) {
    this.#takeOut(person);
    this.cellOf[person] = -1;
    this.free.push(person);
  }

  /** @param {number} person @param {Uint8Array} direction −127 to 127 on each axis, one byte each */
  steer(person, direction) {
    this.velocityX[person] = (((direction[0] << 24) >> 24) / FULL_SPEED) * METERS_PER_SECOND;
    this.velocityY[person] = (((direction[1] << 24) >> 24) / FULL_SPEED) * METERS_PER_SECOND;
  }

  /** One tick. @param {(person: number, from: number, to: number) => void} [onCross] somebody is in another cell now */
  step(onCross) {
    this.tick++;
    const { x, y, velocityX, velocityY, cellOf, right, bottom } = this;
    const seconds = 1 / this.options.tickHz;
    for (let person = 0; person < x.length; person++) {
      const from = cellOf[person];
      if (from < 0) continue;
      x[person] = Math.min(Math.max(x[person] + velocityX[person] * seconds, 0), right);
      y[person] = Math.min(Math.max(y[person] + velocityY[person] * seconds, 0), bottom);
      const to = this.#cellAt(person);
      if (to === from) continue;
      this.#takeOut(person);
      cellOf[person] = to;
      this.people[to].push(person);
      onCross?.(person, from, to);
    }
  }

  /** @param {number} person */
  unitsX(person) {
    return Math.round(this.x[person] * UNITS_PER_METER);
  }

  /** @param {number} person */
  unitsY(person) {
    return Math.round(this.y[person] * UNITS_PER_METER);
  }

  /** Everybody in a cell, as bytes for the wire. @param {number} cell */
  encodeCell(cell) {
    const people = this.people[cell];
    const bytes = Buffer.allocUnsafe(people.length * PERSON_BYTES);
    let at = 0;
    for (const person of people) {
      bytes.writeUInt16LE(person, at);
      bytes.writeUInt16LE(this.unitsX(person), at + 2);
      bytes.writeUInt16LE(this.unitsY(person), at + 4);
      at += PERSON_BYTES;
    }
    return bytes;
  }

  /**
   * The tick and what is in the cells in sight of `cell`, in one piece. @param {Buffer[]} cells encoded this tick
   * @param {number} cell
   */
  joinSight(cells, cell) {
    const around = this.around[cell];
    let length = TICK_BYTES;
    for (const other of around) length += cells[other].length;
    const bytes = Buffer.allocUnsafe(length);
    bytes.writeUInt16LE(this.tick & 0xffff, 0);
    let at = TICK_BYTES;
    for (const other of around) at += cells[other].copy(bytes, at);
    return bytes;
  }

  /** @param {number} person */
  #cellAt(person) {
    const { cellSizeMeters, widthCells } = this.options;
    return (
      Math.floor(this.y[person] / cellSizeMeters) * widthCells + Math.floor(this.x[person] / cellSizeMeters)
    );
  }

  /** @param {number} person */
  #takeOut(person) {
    const people = this.people[this.cellOf[person]];
    people[people.indexOf(person)] = people[people.length - 1];
    people.pop();
  }
}

/** A server that is further behind gives ticks up; else it would do nothing but make up for them. */
const CATCH_UP_TICKS_MAX = 3;

/** Calls `onTick` so many times a second, and makes up for a few ticks that were late. @param {number} hz @param {() => void} onTick */
export function everyTick(hz, onTick) {
  const periodMs = 1000 / hz;
  let dueMs = performance.now() + periodMs;
  const onTimer = () => {
    for (let ticks = 0; ticks < CATCH_UP_TICKS_MAX && performance.now() >= dueMs; ticks++) {
      dueMs += periodMs;
      onTick();
    }
    if (performance.now() >= dueMs + CATCH_UP_TICKS_MAX * periodMs) dueMs = performance.now() + periodMs;
    setTimeout(onTimer, Math.max(1, dueMs - performance.now()));
  };
  onTimer();
}
