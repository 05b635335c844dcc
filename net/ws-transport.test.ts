import { transportContract } from "./transport-contract.js";
import { WsTransport } from "./ws-transport.js";

transportContract("ws", (options) => new WsTransport(options));
