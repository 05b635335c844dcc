/** Three faults that hostile clients found. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { closeCodes } from "../../engine/wire/codes.js";
import { opcodes, RawClient, rawFrame } from "../../net/raw-client.js";
import { until } from "../player.js";
import { codeOf, enter, protocolsOf, welcomeOf } from "./attacker.js";
import { overEach, sideBySide } from "./stage.js";

overEach("hostile finds", (theStage) => {
  test("[HC8] nothing comes before the Welcome, whatever is sent before it", async () => {
    const stage = theStage();
    await sideBySide(stage.tickets(20), async (ticket) => {
      const client = await RawClient.open(stage.port, { protocols: protocolsOf(ticket) });
      client.send(opcodes.binary, Uint8Array.of(2, 0, 4, 0, 1, 0, 0, 0));
      client.send(opcodes.binary, Uint8Array.of(5, 0, 0, 0, 7, 0, 0, 0));
      const welcome = await welcomeOf(client);
      assert.equal(client.frames[0]!.payload[0], 128);
      assert.ok(welcome.intentsApplied <= 1);
      client.socket.destroy();
    });
  });

  test("[HC11] a refused upgrade does not hold its socket", async () => {
    const stage = theStage();
    for (const [path, origin] of [
      ["/elsewhere", ""],
      ["/ws", "http://evil.test"],
    ]) {
      const socket = connect({ port: stage.port, host: "127.0.0.1", allowHalfOpen: true });
      const isReset = new Promise<void>((resolve) => socket.on("error", () => resolve()));
      const lines = [
        `GET ${path} HTTP/1.1`,
        "Host: x",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ...(origin === "" ? [] : [`Origin: ${origin}`]),
      ];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      socket.resume();
      await once(socket, "end");
      // Our side stays open; only a server that let go of the socket answers what comes on it with a reset.
      const timer = setInterval(() => socket.write("x"), 10);
      await isReset;
      clearInterval(timer);
      socket.destroy();
    }
  });

  test("[HC20] an intent sent again without end ends its session like any flood", async () => {
    const client = await enter(theStage());
    const again = rawFrame(opcodes.binary, Uint8Array.of(2, 0, 4, 0, 1, 0, 0, 0));
    const chunk = Buffer.concat(Array.from({ length: 200 }, () => again));
    await until("the flood is ended", () => {
      if (client.socket.writableLength < 100_000) client.socket.write(chunk);
      return client.frames.some(({ opcode }) => opcode === opcodes.close) || client.socket.destroyed;
    });
    assert.equal(await codeOf(client), closeCodes.tooFrequent.code);
  });
});
