/** Chooses the socket layer that the config asks for, or the best one there is. */
import type { Config } from "../engine/config-schema.js";
import type { Log } from "../engine/log.js";
import { limits, messageBytesMax } from "./limits.js";
import type { Transport, TransportOptions } from "./transport.js";
import { UwsTransport, UwsUnavailable } from "./uws-transport.js";
import { WsTransport } from "./ws-transport.js";

export function transportOptions(config: Config): TransportOptions {
  const { host, port, bufferedBytesMax, idleTimeoutSeconds } = config.net;
  return {
    host,
    port,
    bufferedBytesMax,
    idleTimeoutSeconds,
    messageBytesMax: messageBytesMax(config),
    httpBodyBytesMax: limits.httpBodyBytesMax,
  };
}

/** @throws UwsUnavailable when the config insists on it */
export function openTransport<Peer>(config: Config, log: Log): Transport<Peer> {
  const options = transportOptions(config);
  if (config.net.transport === "ws") return new WsTransport(options);
  try {
    return new UwsTransport(options);
  } catch (error) {
    if (!(error instanceof UwsUnavailable) || config.net.transport === "uws") throw error;
    log.warn("uWebSockets.js is not available; ws takes its place and costs more processor", {
      reason: error.message,
    });
    return new WsTransport(options);
  }
}
