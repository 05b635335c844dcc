/**
 * Which cells one session sees, and how far it has come with each: so few that they are looked through. It changes with
 * every border that somebody crosses, so it keeps its room.
 */
export class SeenCells {
  #cells = new Int32Array(9);
  #states = new Uint8Array(9);
  count = 0;

  cellAt(index: number): number {
    return this.#cells[index]!;
  }

  stateAt(index: number): number {
    return this.#states[index]!;
  }

  setStateAt(index: number, state: number): void {
    this.#states[index] = state;
  }

  /** Where the cell is in the list, or -1. */
  indexOf(cell: number): number {
    for (let index = 0; index < this.count; index++) if (this.#cells[index] === cell) return index;
    return -1;
  }

  has(cell: number): boolean {
    return this.indexOf(cell) >= 0;
  }

  set(cell: number, state: number): void {
    let index = this.indexOf(cell);
    if (index < 0) {
      index = this.count++;
      if (index === this.#cells.length) this.#grow();
      this.#cells[index] = cell;
    }
    this.#states[index] = state;
  }

  /** The last one takes the place of the one at `index`. */
  deleteAt(index: number): void {
    const last = --this.count;
    this.#cells[index] = this.#cells[last]!;
    this.#states[index] = this.#states[last]!;
  }

  #grow(): void {
    const cells = new Int32Array(this.#cells.length * 2);
    cells.set(this.#cells);
    this.#cells = cells;
    const states = new Uint8Array(cells.length);
    states.set(this.#states);
    this.#states = states;
  }
}
