/** A player of the SDK in Node, with what a test waits for. */
import WebSocket from "ws";
import { fetchGuestTicket, GridshardClient, type ReliableEvent } from "../client/client.js";

/** Long enough for a loaded machine; a test that gets there has failed. */
const DEADLINE_MS = 30_000;

export class Player {
  readonly client = new GridshardClient();
  readonly events: ReliableEvent[] = [];
  readonly relocations: { readonly x: number; readonly y: number }[] = [];
  ticket = "";
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
    this.client.on("event", (event) => this.events.push(event));
    this.client.on("relocated", (where) => this.relocations.push(where));
  }

  /** Gets a guest ticket and waits for the Welcome. */
  static async enter(url: string, name: string, ticket?: string): Promise<Player> {
    const player = new Player(url);
    player.ticket = ticket ?? (await fetchGuestTicket(url, name)).ticket;
    player.connect();
    await player.until("the player stands in the world", () => player.self !== undefined);
    return player;
  }

  connect(): void {
    this.client.connect({
      url: `${this.#url.replace("http", "ws")}ws`,
      ticket: this.ticket,
      clientName: "test-9.9.9",
      webSocket: WebSocket,
    });
  }

  /** The player's own entity, as the server shows it. */
  get self() {
    return this.client.world.entities.get(this.client.entityId);
  }

  sees(other: Player): boolean {
    return this.client.world.entities.has(other.client.entityId);
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    await until(`${what} (client ${JSON.stringify(this.client.state)})`, isSo);
  }

  /** Leaves for good, and waits until the server has said so. */
  async leave(): Promise<void> {
    this.client.close();
    await this.until("the client is closed", () => this.client.state.kind === "closed");
  }
}

/** Waits for a fact. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const startedMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedMs > DEADLINE_MS) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
