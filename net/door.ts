/** Who may come in: upgrades are judged, plain requests answered. */
import { netMetric } from "../engine/metrics.js";
import { closeCodes } from "../engine/wire/codes.js";
import { answerGuest, type GuestDesk } from "./guest.js";
import {
  type Handshake,
  isOriginAllowed,
  judgeHandshake,
  offeredProtocols,
  protocolAnswer,
  refused,
} from "./handshake.js";
import { limits } from "./limits.js";
import type { NetContext } from "./net-context.js";
import { AddressLimits, TokenBucket } from "./rate-limit.js";
import type { Peer } from "./session.js";
import type { StaticFiles } from "./static-files.js";
import type { HttpAnswer, HttpRequest, UpgradeDecision, UpgradeRequest } from "./transport.js";

export interface DoorParts {
  readonly ticketKey: Uint8Array;
  readonly files: StaticFiles | null;
  readonly connections: () => number;
}

const SOCKET_PATH = "/ws";
const GUEST_PATH = "/guest";

export class Door {
  /** Everybody is refused: the server is shutting down. */
  isDraining = false;
  /** Everybody is refused for a moment: who was here when the process before this one ended is not known yet. */
  isRestoring = true;
  readonly #context: NetContext;
  readonly #parts: DoorParts;
  readonly #handshakes: TokenBucket;
  readonly #desk: GuestDesk;

  constructor(context: NetContext, parts: DoorParts) {
    const { net } = context.config;
    this.#context = context;
    this.#parts = parts;
    const perSecond = net.handshakesPerSecond;
    this.#handshakes = new TokenBucket({ perSecond, burst: perSecond }, context.clock.nowMs());
    const perMinute = net.guestTicketsPerMinutePerAddress;
    this.#desk = {
      context,
      key: parts.ticketKey,
      addresses: new AddressLimits({ perSecond: perMinute / 60, burst: perMinute }, limits.addressesMax),
    };
  }

  /**
   * A page of another origin gets a bare 403: its script learns nothing. All other refusals complete the upgrade and
   * close at once, because a browser shows a page the close code of a socket but never the status of a failed upgrade.
   */
  judge(request: UpgradeRequest): UpgradeDecision<Peer> {
    const { config, lanes } = this.#context;
    if (request.path !== SOCKET_PATH) return { accept: false, status: 404 };
    if (!isOriginAllowed(request, config.net.origins)) {
      lanes.counters.add(netMetric.handshakes_refused_total);
      return { accept: false, status: 403 };
    }
    const offered = offeredProtocols(request.protocols);
    const handshake = this.#admit() ?? this.#judgeHandshake(offered);
    const peer: Peer =
      handshake.is === "welcome"
        ? { hello: handshake.hello, refusal: null, session: null }
        : { hello: null, refusal: handshake.refusal, session: null };
    return { accept: true, protocol: protocolAnswer(offered), peer };
  }

  #judgeHandshake(offered: readonly string[]): Handshake {
    const { config, clock } = this.#context;
    return judgeHandshake(offered, {
      clientVersionMin: config.net.clientVersionMin,
      ticketKey: this.#parts.ticketKey,
      wallMs: clock.wallMs(),
    });
  }

  /** Why nobody can come in now, whoever they are; null when they can. */
  #admit(): Handshake | null {
    const { config, clock } = this.#context;
    if (this.isDraining) return refused(closeCodes.shuttingDown);
    if (this.isRestoring) return refused(closeCodes.overloaded, "the server is starting");
    if (!this.#handshakes.take(clock.nowMs())) return refused(closeCodes.overloaded);
    if (this.#parts.connections() >= config.net.connectionsMax) return refused(closeCodes.serverFull);
    return null;
  }

  answer(request: HttpRequest): HttpAnswer {
    if (request.path === GUEST_PATH) return answerGuest(request, this.#desk, this.isDraining);
    if (request.path === SOCKET_PATH) return plain(426, { upgrade: "websocket" });
    if (request.method !== "GET" && request.method !== "HEAD") return plain(405, { allow: "GET, HEAD" });
    return this.#parts.files?.answer(request) ?? plain(404, {});
  }
}

function plain(status: 404 | 405 | 426, headers: Record<string, string>): HttpAnswer {
  return { status, headers, body: "" };
}
