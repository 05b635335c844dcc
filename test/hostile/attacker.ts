/** A client without manners: the handshake of a player, then whatever bytes one likes. */
import assert from "node:assert/strict";
import { decodeWelcome, type WelcomeFields } from "../../engine/wire/codec.js";
import { messageTypes } from "../../engine/wire/message-types.js";
import { opcodes, RawClient, type RawUpgrade } from "../../net/raw-client.js";
import type { Stage } from "./stage.js";

export const CLIENT = "client.hostile-9.9.9";

export function protocolsOf(ticket: string, ...more: readonly string[]): string {
  return ["gridshard.1", `ticket.${ticket}`, CLIENT, ...more].join(", ");
}

/** An upgrade whose outcome is still to be seen. */
export function knock(stage: Stage, ticket: string, ...more: readonly string[]): Promise<RawClient> {
  return RawClient.open(stage.port, { protocols: protocolsOf(ticket, ...more) });
}

/** The first message of a type, which stays in the list. */
export async function message(client: RawClient, type: number): Promise<Buffer> {
  const find = () =>
    client.frames.find(({ opcode, payload }) => opcode === opcodes.binary && payload[0] === type);
  await client.until(() => find() !== undefined || client.socket.destroyed);
  const found = find();
  assert.ok(
    found !== undefined,
    `a message of type ${type} before the end: ${JSON.stringify(client.frames.at(-1))}`,
  );
  return found.payload;
}

export async function welcomeOf(client: RawClient): Promise<WelcomeFields> {
  return decodeWelcome(await message(client, messageTypes.welcome));
}

/** In the world. */
export async function enter(stage: Stage, ticket = stage.ticket()): Promise<RawClient> {
  const client = await knock(stage, ticket);
  await welcomeOf(client);
  return client;
}

/** The close code of the server, or null when it closed without one. The socket is gone afterwards. */
export async function codeOf(client: RawClient): Promise<number | null> {
  const closing = await client.closed();
  client.socket.destroy();
  await client.gone;
  return closing?.code ?? null;
}

/** What an upgrade comes to: the HTTP status if it is refused, else the close code. */
export async function outcome(stage: Stage, upgrade: RawUpgrade): Promise<number | null> {
  const client = await RawClient.open(stage.port, upgrade);
  if (client.status === 101) return codeOf(client);
  client.socket.destroy();
  return client.status;
}

/** Settles when the server has read everything sent before on any connection: its answer to a request. */
export async function settled(stage: Stage): Promise<void> {
  const client = await RawClient.open(stage.port, { lines: ["GET /nothing HTTP/1.1", "Host: x"] });
  client.socket.destroy();
}
