/** A player of test/crash/saving-game, who knows how much gold there must be. */
import WebSocket from "ws";
import { fetchGuestTicket, GridshardClient } from "../../client/client.js";
import { savingIntents } from "./saving-game.js";

export class SavingPlayer {
  readonly client = new GridshardClient();
  readonly name: string;
  /** As last told. */
  gold = 0;
  waves = 0;
  /** Refused intents, by code. */
  readonly refused = new Map<number, number>();
  /** Told, in order: why the connection was lost. */
  readonly losses: string[] = [];

  constructor(name: string) {
    this.name = name;
    this.client.on("playerChanged", ({ gold }) => {
      this.gold = gold;
    });
    this.client.on("event", () => this.waves++);
    this.client.on("refused", ({ code }) => this.refused.set(code, this.refusedWith(code) + 1));
    this.client.on("state", (state) => {
      if (state.kind === "reconnecting" || state.kind === "closed")
        this.losses.push(`${state.code} ${state.reason}`);
    });
  }

  get playerId(): string {
    return this.client.welcome!.playerId;
  }

  refusedWith(code: number): number {
    return this.refused.get(code) ?? 0;
  }

  async enter(url: string): Promise<void> {
    const { ticket } = await fetchGuestTicket(url, this.name);
    this.client.connect({
      url: `${url.replace("http", "ws")}ws`,
      ticket,
      clientName: "crash-9.9.9",
      webSocket: WebSocket,
    });
  }

  get isLive(): boolean {
    return this.client.state.kind === "live";
  }

  send(intent: keyof typeof savingIntents): number {
    return this.client.sendFieldIntent(savingIntents[intent]);
  }

  /** Where it stands, as it sees itself. */
  get x(): number {
    return this.client.world.entities.get(this.client.entityId)?.x ?? Number.NaN;
  }
}
