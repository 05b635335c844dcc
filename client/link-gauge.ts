/** What is known of the path to the server: bytes, round trip, and whether anything still comes through. */

/** A rate over less says little: the first keyframes would look like a flood. */
const RATE_PERIOD_MS_MIN = 1000;
/** A ping unanswered, and nothing else heard, for this long: the path is dead though nobody said so. */
const SILENCE_MS_MAX = 5000;

export class LinkGauge {
  bytesReceived = 0;
  bytesSent = 0;
  /** NaN before the first pong. */
  pingMs = Number.NaN;
  receivedKilobytesPerSecond = 0;
  /** When the newest message came. */
  heardAtMs = 0;
  #unansweredPingAtMs = Number.NaN;
  #rateBytes = 0;
  #rateAtMs = 0;

  onReceived(length: number, nowMs: number): void {
    this.heardAtMs = nowMs;
    this.bytesReceived += length;
  }

  /** A connection is live: what came before does not count for its rate, nor do older pings. */
  restart(): void {
    this.#unansweredPingAtMs = Number.NaN;
    this.#restartRate();
  }

  /** A ping is due. False: an earlier one has been waiting in silence for too long. */
  mayPing(nowMs: number): boolean {
    if (this.heardAtMs >= this.#unansweredPingAtMs) this.#unansweredPingAtMs = Number.NaN;
    if (nowMs - this.#unansweredPingAtMs >= SILENCE_MS_MAX) return false;
    if (Number.isNaN(this.#unansweredPingAtMs)) this.#unansweredPingAtMs = nowMs;
    return true;
  }

  /** The message just received answers the ping sent at `sentMs`, a u32. */
  onPong(sentMs: number): void {
    this.pingMs = (Math.floor(this.heardAtMs) - sentMs) >>> 0;
    const elapsedMs = this.heardAtMs - this.#rateAtMs;
    if (elapsedMs < RATE_PERIOD_MS_MIN) return;
    this.receivedKilobytesPerSecond = (this.bytesReceived - this.#rateBytes) / elapsedMs;
    this.#restartRate();
  }

  #restartRate(): void {
    this.#rateAtMs = this.heardAtMs;
    this.#rateBytes = this.bytesReceived;
  }
}
