/** A player of the SDK who plays through deaths of the server, and notes everything that must not be. */
import WebSocket from "ws";
import { fetchGuestTicket, GridshardClient, type ReliableEvent } from "../../client/client.js";
import type { Prng } from "../../engine/prng.js";

/** Of the waits that the SDK draws: tests have no thousands of clients that must not come back all at once. */
const WAIT_SHARE = 0.1;
const TRACE_KEPT = 30;

/** What everybody who plays tells the one who kills. */
export interface Witness {
  /** Something was acknowledged, or an event has come. */
  onProgress(): void;
  /** Something that must not be. The round ends with it. */
  onWrong(what: string): void;
}

export abstract class CrashPlayer {
  readonly client = new GridshardClient();
  readonly name: string;
  protected readonly dice: Prng;
  protected readonly witness: Witness;
  ticket = "";
  playerId = "";
  readonly #trace: string[] = [];
  resumes = 0;
  relocations = 0;
  #isAsked = true;
  /** Number of the newest event, to see that none is skipped. */
  #lastEvent = 0;

  constructor(name: string, dice: Prng, witness: Witness) {
    this.name = name;
    this.dice = dice;
    this.witness = witness;
    const { client } = this;
    client.on("welcome", (welcome) => {
      if (welcome.recovered) this.resumes++;
      else if (!this.#isAsked) this.wrong("a session was not recovered");
      this.#isAsked = false;
      this.playerId = welcome.playerId;
      const { recovered, intentsApplied, eventsAcked } = welcome;
      const { intentsApplied: applied, intentsDurable, eventsDelivered, eventsRepeated } = client.stats();
      this.note(
        `welcome ${JSON.stringify({ recovered, intentsApplied, eventsAcked, applied, intentsDurable, eventsDelivered, eventsRepeated })}`,
      );
    });
    client.on("intentsLost", (seqs) => this.wrong(`intents ${seqs.join(", ")} were lost`));
    client.on("relocated", () => this.relocations++);
    client.on("state", (state) => {
      if (state.kind === "closed" && state.name !== "goodbye")
        this.wrong(`closed with ${state.code} ${state.name}: ${state.reason}`);
    });
    client.on("intentAck", ({ applied, durable }) => {
      if (durable > applied) this.wrong(`durable ${durable} is beyond applied ${applied}`);
      this.witness.onProgress();
    });
    client.on("event", (event) => {
      this.#lastEvent = event.seq;
      this.onEvent(event);
      this.witness.onProgress();
    });
    client.on("refused", (refused) => {
      this.note(`refused ${JSON.stringify(refused)}`);
      this.onRefused(refused);
    });
    client.on("roomJoined", ({ room }) => this.note(`joined ${room}`));
    client.on("roomLeft", ({ room, code }) => this.note(`left ${room} ${code}`));
  }

  async enter(url: string): Promise<void> {
    this.ticket = (await fetchGuestTicket(url, this.name)).ticket;
    this.client.connect({
      url: `${url.replace("http", "ws")}ws`,
      ticket: this.ticket,
      clientName: "crash-9.9.9",
      webSocket: WebSocket,
      random: () => this.dice.unit() * WAIT_SHARE,
    });
  }

  protected wrong(what: string): void {
    this.witness.onWrong(
      `${this.name} (event ${this.#lastEvent}): ${what}\n    ${this.#trace.join("\n    ")}`,
    );
  }

  /** Something to know when something else is wrong. */
  protected note(what: string): void {
    this.#trace.push(what);
    if (this.#trace.length > TRACE_KEPT) this.#trace.shift();
  }

  protected abstract onEvent(event: ReliableEvent): void;
  protected abstract onRefused(refused: {
    readonly intentSeq: number;
    readonly code: number;
    readonly reason: string;
  }): void;

  /** Does what there is to do, as fast as it may. Called often. */
  abstract play(): void;
  /** Begins to end what it plays. */
  abstract finish(): void;
  /** Why it has not ended yet; empty when it has. */
  abstract unfinished(): string;
}
