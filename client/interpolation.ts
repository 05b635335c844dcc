/**
 * Showing a world that arrives in ticks as one that moves smoothly: a clock that follows the server's ticks through
 * jitter, the recent path of each entity, and the player's own place ahead of the server's word.
 * Nothing here allocates once it is made; the caller hands in the time.
 */

/** Samples kept per entity: enough for the render delay and a burst of late frames. */
const TRACK_SAMPLES = 8;
/** An entity not heard of for longer than this many ticks stood still until then, not crept. */
const STILL_TICKS = 3;

/** Where something was at recent ticks. Positions in meters; ticks may have a fraction when read. */
export class Track {
  readonly #ticks = new Float64Array(TRACK_SAMPLES);
  readonly #xs = new Float64Array(TRACK_SAMPLES);
  readonly #ys = new Float64Array(TRACK_SAMPLES);
  /** Samples ever added; the newest is at (count − 1) mod TRACK_SAMPLES. */
  #count = 0;
  /** Result of the last {@link read}. */
  x = 0;
  y = 0;

  /** Tick of the newest sample, −1 before the first. */
  get lastTick(): number {
    return this.#count === 0 ? -1 : this.#ticks[(this.#count - 1) % TRACK_SAMPLES]!;
  }

  /** Forgets the path: the next sample is a jump, not a walk. */
  clear(): void {
    this.#count = 0;
  }

  /**
   * Adds a sample. `quietTick` is the last tick at which the server, by sending other news of the same cell, said
   * that this entity had not moved; pass the tick itself when unknown. Older ticks than the newest are ignored.
   */
  add(tick: number, x: number, y: number, quietTick = -1): void {
    const last = this.lastTick;
    if (this.#count > 0) {
      if (tick < last) return;
      if (tick === last) {
        this.#count--;
      } else {
        const stillUntil = Math.max(last, Math.min(tick - 1, Math.max(quietTick, tick - STILL_TICKS)));
        if (stillUntil > last) {
          const newest = (this.#count - 1) % TRACK_SAMPLES;
          this.#push(stillUntil, this.#xs[newest]!, this.#ys[newest]!);
        }
      }
    }
    this.#push(tick, x, y);
  }

  #push(tick: number, x: number, y: number): void {
    const at = this.#count % TRACK_SAMPLES;
    this.#ticks[at] = tick;
    this.#xs[at] = x;
    this.#ys[at] = y;
    this.#count++;
  }

  /** Puts the place at `tick` into {@link x} and {@link y}: between samples a straight line, outside the nearest one. */
  read(tick: number): void {
    if (this.#count === 0) return;
    let newer = (this.#count - 1) % TRACK_SAMPLES;
    if (tick >= this.#ticks[newer]!) {
      this.x = this.#xs[newer]!;
      this.y = this.#ys[newer]!;
      return;
    }
    const oldest = Math.max(0, this.#count - TRACK_SAMPLES);
    for (let index = this.#count - 2; index >= oldest; index--) {
      const older = index % TRACK_SAMPLES;
      const from = this.#ticks[older]!;
      if (tick >= from) {
        const share = (tick - from) / (this.#ticks[newer]! - from);
        this.x = this.#xs[older]! + (this.#xs[newer]! - this.#xs[older]!) * share;
        this.y = this.#ys[older]! + (this.#ys[newer]! - this.#ys[older]!) * share;
        return;
      }
      newer = older;
    }
    this.x = this.#xs[newer]!;
    this.y = this.#ys[newer]!;
  }
}

/**
 * Follows the server's ticks. A frame can be late but never early, so the earliest arrivals tell the truth: the
 * estimate follows an earlier arrival at once and drifts towards later ones slowly, at most 2 % of real time.
 */
export class TickClock {
  tickPeriodMs = 50;
  /** tick · period − now, of the promptest frames. NaN until the first. */
  #offsetMs = Number.NaN;
  #observedAtMs = 0;
  #latestTick = -1;

  /** The newest tick a frame has told of. */
  get latestTick(): number {
    return this.#latestTick;
  }

  get isSet(): boolean {
    return !Number.isNaN(this.#offsetMs);
  }

  /** A new connection, possibly to a server whose ticks count from elsewhere; the next frame sets the clock. */
  restart(tickPeriodMs: number, tick: number): void {
    this.tickPeriodMs = tickPeriodMs;
    this.#offsetMs = Number.NaN;
    this.#latestTick = tick;
  }

  observe(tick: number, nowMs: number): void {
    if (tick > this.#latestTick) this.#latestTick = tick;
    const sampleMs = tick * this.tickPeriodMs - nowMs;
    if (Number.isNaN(this.#offsetMs) || sampleMs >= this.#offsetMs) {
      this.#offsetMs = sampleMs;
    } else if (this.#offsetMs - sampleMs > 2000) {
      // The server's clock was set back or this machine slept: not jitter.
      this.#offsetMs = sampleMs;
    } else {
      const elapsedMs = Math.max(0, nowMs - this.#observedAtMs);
      this.#offsetMs -= Math.min(this.#offsetMs - sampleMs, elapsedMs * 0.02);
    }
    this.#observedAtMs = nowMs;
  }

  /**
   * The server's tick, with a fraction, whose frame would arrive now on a good path; less `delayMs`. Before the first
   * frame, the newest tick heard of.
   */
  tickAt(nowMs: number, delayMs: number): number {
    if (Number.isNaN(this.#offsetMs)) return this.#latestTick;
    return (nowMs + this.#offsetMs - delayMs) / this.tickPeriodMs;
  }
}

/** Steering changes remembered: two seconds of the fastest thumb. */
const STEPS = 64;

/**
 * The player's own place, shown at once instead of a round trip later: the server's last word plus the walking done
 * since the inputs that word includes. What is shown glides to that estimate, and jumps when it is far off.
 */
export class OwnPath {
  readonly #atMs = new Float64Array(STEPS);
  readonly #vx = new Float64Array(STEPS);
  readonly #vy = new Float64Array(STEPS);
  #count = 0;
  #shownAtMs = Number.NaN;
  /** Where to draw the player, in meters. */
  x = 0;
  y = 0;

  /** The player steers: meters a second from now on. */
  steer(vx: number, vy: number, nowMs: number): void {
    const last = (this.#count - 1) % STEPS;
    if (this.#count > 0 && this.#vx[last] === vx && this.#vy[last] === vy) return;
    const at = this.#count % STEPS;
    this.#atMs[at] = nowMs;
    this.#vx[at] = vx;
    this.#vy[at] = vy;
    this.#count++;
  }

  /** Forgets what was shown: the next update jumps. */
  jump(): void {
    this.#shownAtMs = Number.NaN;
  }

  /**
   * Moves what is shown on. `serverX/Y`: the server's newest word; `unheardMs`: how old the steering is that it
   * includes (round trip, a tick, and the time since that word came).
   */
  update(serverX: number, serverY: number, unheardMs: number, nowMs: number): void {
    const sinceMs = nowMs - Math.min(unheardMs, 1000);
    const targetX = serverX + this.#walked(this.#vx, sinceMs, nowMs);
    const targetY = serverY + this.#walked(this.#vy, sinceMs, nowMs);
    const elapsedMs = nowMs - this.#shownAtMs;
    this.#shownAtMs = nowMs;
    const offX = targetX - this.x;
    const offY = targetY - this.y;
    if (!(elapsedMs < 500) || offX * offX + offY * offY > 16) {
      this.x = targetX;
      this.y = targetY;
      return;
    }
    this.x += this.#walked(this.#vx, nowMs - elapsedMs, nowMs);
    this.y += this.#walked(this.#vy, nowMs - elapsedMs, nowMs);
    // A rational stand-in for 1 − e^(−t/120 ms): half an error is gone after a tenth of a second.
    const share = elapsedMs / (elapsedMs + 120);
    this.x += (targetX - this.x) * share;
    this.y += (targetY - this.y) * share;
  }

  /** Meters walked along one axis between two moments, by the steering remembered. */
  #walked(speeds: Float64Array, fromMs: number, toMs: number): number {
    let meters = 0;
    let untilMs = toMs;
    const oldest = Math.max(0, this.#count - STEPS);
    for (let index = this.#count - 1; index >= oldest && untilMs > fromMs; index--) {
      const at = index % STEPS;
      const begunMs = Math.max(fromMs, this.#atMs[at]!);
      if (begunMs < untilMs) {
        meters += (speeds[at]! * (untilMs - begunMs)) / 1000;
        untilMs = begunMs;
      }
    }
    return meters;
  }
}
