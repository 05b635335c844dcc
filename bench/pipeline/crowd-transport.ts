/**
 * A transport without sockets, with its clients inside: what is sent to one is handed to it at once. Loaded by the network
 * thread in place of the socket layer, so that all else is as it is in a server, and nothing of it is the kernel's.
 */
import { BroadcastChannel } from "node:worker_threads";
import { assert } from "../../engine/assert.js";
import type { Config } from "../../engine/config-schema.js";
import type {
  Connection,
  SendResult,
  Transport,
  TransportHandlers,
  UpgradeRequest,
} from "../../net/transport.js";
import { Crowd, type CrowdDoor, type CrowdEars, type CrowdSocket } from "./crowd.js";
import { CROWD_CHANNEL, type FromCrowd, type ToCrowd } from "./crowd-words.js";

const ADDRESS = "127.0.0.1";
const ENTERED_LOOK_MS = 50;

class CrowdConnection<Peer> implements Connection<Peer>, CrowdSocket {
  readonly id: number;
  readonly peer: Peer;
  readonly address = ADDRESS;
  /** Its clients read at once. */
  readonly bufferedBytes = 0;
  isOpen = true;
  readonly #transport: CrowdTransport<Peer>;
  readonly #ears: CrowdEars;

  constructor(id: number, peer: Peer, ears: CrowdEars, transport: CrowdTransport<Peer>) {
    this.id = id;
    this.peer = peer;
    this.#ears = ears;
    this.#transport = transport;
  }

  send(bytes: Uint8Array): SendResult {
    if (!this.isOpen) return "dropped";
    this.#ears.hear(bytes);
    return "sent";
  }

  sendAll(messages: readonly Uint8Array[], count: number): number {
    if (!this.isOpen) return 0;
    for (let index = 0; index < count; index++) this.#ears.hear(messages[index]!);
    return count;
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.#ears.closed(`close code ${code} ${reason}`);
    this.end();
  }

  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#transport.forget(this);
  }

  say(bytes: Uint8Array): void {
    if (this.isOpen) this.#transport.handlers.message(this, bytes, true);
  }
}

export class CrowdTransport<Peer> implements Transport<Peer>, CrowdDoor {
  readonly #connections = new Set<CrowdConnection<Peer>>();
  readonly #channel = new BroadcastChannel(CROWD_CHANNEL);
  readonly #crowd: Crowd;
  #handlers: TransportHandlers<Peer> | null = null;
  #isListening = false;
  #lastId = 0;

  constructor(config: Config) {
    this.#crowd = new Crowd(this, 1000 / config.world.tickHz);
    this.#channel.onmessage = (event) => this.#onWord((event as { data: ToCrowd }).data);
  }

  get handlers(): TransportHandlers<Peer> {
    assert(this.#handlers !== null, "a transport is used after it listens");
    return this.#handlers;
  }

  async listen(handlers: TransportHandlers<Peer>): Promise<{ readonly port: number }> {
    this.#handlers = handlers;
    this.#isListening = true;
    return { port: 0 };
  }

  ticket(name: string): string {
    const answer = this.handlers.http({
      method: "POST",
      path: "/guest",
      host: "localhost",
      origin: "",
      ifNoneMatch: "",
      address: ADDRESS,
      body: Buffer.from(JSON.stringify({ name })),
    });
    const text = typeof answer.body === "string" ? answer.body : Buffer.from(answer.body).toString();
    return (JSON.parse(text) as { ticket: string }).ticket;
  }

  connect(protocols: string, ears: CrowdEars): CrowdSocket | undefined {
    if (!this.#isListening) return undefined;
    const request: UpgradeRequest = {
      path: "/ws",
      host: "localhost",
      origin: "",
      protocols,
      address: ADDRESS,
    };
    const decision = this.handlers.upgrade(request);
    if (!decision.accept) return undefined;
    const connection = new CrowdConnection(++this.#lastId, decision.peer, ears, this);
    this.#connections.add(connection);
    this.handlers.open(connection);
    return connection;
  }

  forget(connection: CrowdConnection<Peer>): void {
    this.#connections.delete(connection);
    this.handlers.closed(connection);
  }

  closeListen(): void {
    this.#isListening = false;
  }

  async closeAll(): Promise<void> {
    this.closeListen();
    this.#crowd.stop();
    this.#channel.close();
    for (const connection of [...this.#connections]) connection.end();
  }

  #onWord(word: ToCrowd): void {
    switch (word.say) {
      case "enter":
        this.#crowd.enter(word);
        this.#tellWhenIn();
        return;
      case "begin":
        this.#crowd.begin();
        this.#say({ say: "begun" });
        return;
      case "report":
        this.#say({ say: "report", report: this.#crowd.report() });
    }
  }

  #tellWhenIn(): void {
    if (this.#crowd.isIn) this.#say({ say: "entered" });
    else if (this.#isListening) setTimeout(() => this.#tellWhenIn(), ENTERED_LOOK_MS);
  }

  #say(word: FromCrowd): void {
    this.#channel.postMessage(word);
  }
}

/** As a {@link TransportModule}. */
export function openTransport<Peer>(config: Config): Transport<Peer> {
  return new CrowdTransport<Peer>(config);
}
