import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { BotSocket } from "./websocket.js";

interface Peer {
  readonly socket: Socket;
  /** Everything received after the upgrade so far. */
  readonly received: () => Buffer;
}

/** A bare server that answers one upgrade, and a bot connected to it. */
async function connected(answer?: (accept: string) => string) {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const messages: string[] = [];
  const incoming = once(server, "connection") as Promise<[Socket]>;
  let opened = () => {};
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  let bot: BotSocket | undefined;
  const closed = new Promise<{ code: number; reason: string; problem: string | null }>((resolve) => {
    const target = {
      host: "127.0.0.1",
      port: (server.address() as AddressInfo).port,
      path: "/ws",
      protocols: ["a"],
    };
    bot = new BotSocket(target, {
      onOpen: opened,
      onBytes: () => {},
      onMessage: (bytes) => messages.push(Buffer.from(bytes).toString("latin1")),
      onClose: (code, reason, problem) => {
        server.close();
        resolve({ code, reason, problem });
      },
    });
  });
  const [socket] = await incoming;
  socket.setNoDelay(true);
  socket.on("error", () => {});
  const [request] = (await once(socket, "data")) as [Buffer];
  const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(request.toString())![1]!;
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const parts: Buffer[] = [];
  socket.on("data", (data: Buffer) => parts.push(data));
  const standard = `HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
  socket.write(answer?.(accept) ?? standard);
  const peer: Peer = { socket, received: () => Buffer.concat(parts) };
  return { bot: bot!, peer, messages, closed, isOpen };
}

const binary = (text: string) => {
  const payload = Buffer.from(text, "latin1");
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([0x82, length]), payload]);
  if (length < 65_536) return Buffer.concat([Buffer.from([0x82, 126, length >> 8, length & 0xff]), payload]);
  const head = Buffer.alloc(10);
  head[0] = 0x82;
  head[1] = 127;
  head.writeUInt32BE(length, 6);
  return Buffer.concat([head, payload]);
};
const close = (code: number) => Buffer.from([0x88, 2, code >> 8, code & 0xff]);

test("[BO12] messages of every length arrive whole, however the stream is cut", async () => {
  const texts = ["", "a", "b".repeat(125), "c".repeat(126), "d".repeat(70_000), "e".repeat(200_000), "end"];
  const stream = Buffer.concat([...texts.map(binary), close(1000)]);
  for (const piece of [1, 7, 4096, stream.length]) {
    const { peer, messages, closed, isOpen } = await connected();
    await isOpen;
    // Single bytes where heads and small messages are; larger pieces through the long bodies.
    const fine = Math.min(stream.length, 600);
    for (let at = 0; at < fine; at += piece)
      peer.socket.write(stream.subarray(at, Math.min(at + piece, fine)));
    for (let at = fine; at < stream.length; at += 9973) peer.socket.write(stream.subarray(at, at + 9973));
    assert.equal((await closed).code, 1000);
    assert.deepEqual(
      messages.map((text) => text.length),
      texts.map((text) => text.length),
    );
    assert.deepEqual(messages, texts);
  }
});

test("[BO12] a ping is answered with its payload, masked", async () => {
  const { peer, closed } = await connected();
  peer.socket.write(Buffer.concat([Buffer.from([0x89, 3, 1, 2, 3]), close(1000)]));
  await closed;
  assert.deepEqual([...peer.received().subarray(0, 9)], [0x8a, 0x83, 0, 0, 0, 0, 1, 2, 3]);
});

test("[BO12] the server's close code and reason are told, and answered with the same code", async () => {
  const { peer, closed } = await connected();
  peer.socket.write(Buffer.from([0x88, 5, 4103 >> 8, 4103 & 0xff, 0x73, 0x6c, 0x6f]));
  assert.deepEqual(await closed, { code: 4103, reason: "slo", problem: null });
  assert.deepEqual([...peer.received()], [0x88, 0x82, 0, 0, 0, 0, 4103 >> 8, 4103 & 0xff]);
});

test("[BO12] what no server of ours sends ends the connection with the problem named", async () => {
  const wrong: [Buffer, RegExp][] = [
    [Buffer.from([0x81, 1, 0x61]), /text/],
    [Buffer.from([0x02, 1, 0x61]), /fragmented/],
    [Buffer.from([0x82, 0x81, 0, 0, 0, 0, 1]), /masked/],
    [Buffer.from([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0]), /more than/],
    [Buffer.from([0xf2, 0]), /begins with/],
  ];
  for (const [bytes, problem] of wrong) {
    const { peer, closed, isOpen } = await connected();
    await isOpen;
    peer.socket.write(bytes);
    assert.match((await closed).problem ?? "", problem);
  }
});

test("[BO12] an upgrade that is refused or answered wrongly is told", async () => {
  const refused = await connected(() => "HTTP/1.1 403 Forbidden\r\n\r\n");
  assert.match((await refused.closed).problem ?? "", /403/);
  const wrongKey = await connected(() => "HTTP/1.1 101 Ok\r\nSec-WebSocket-Accept: no\r\n\r\n");
  assert.match((await wrongKey.closed).problem ?? "", /key/);
});

test("[BO12] a socket that breaks closes with 1006 and without a problem", async () => {
  const { peer, closed, isOpen, bot } = await connected();
  await isOpen;
  assert.equal(bot.isOpen, true);
  peer.socket.destroy();
  assert.deepEqual(await closed, { code: 1006, reason: "", problem: null });
  assert.equal(bot.send(new Uint8Array(1)), false);
});
