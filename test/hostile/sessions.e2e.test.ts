/** Handshakes, tickets and tokens of somebody who should not get in, or not twice. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { test } from "node:test";
import { encodeGoodbye } from "../../engine/wire/codec.js";
import { closeCodes } from "../../engine/wire/codes.js";
import { opcodes, type RawUpgrade } from "../../net/raw-client.js";
import { issueTicket } from "../../net/tickets.js";
import { until } from "../player.js";
import { CLIENT, codeOf, enter, knock, outcome, protocolsOf, welcomeOf } from "./attacker.js";
import { overEach, type Stage, sideBySide } from "./stage.js";

const { protocolVersion, clientVersion, ticketInvalid, ticketExpired, resumeInvalid, takenOver } = closeCodes;

/** The first byte of a close frame, as good as never found elsewhere together with its code. */
const CLOSED = Buffer.from([0x88, 2 + takenOver.reason.length, takenOver.code >> 8, takenOver.code & 0xff]);

/** The ticket with another payload under the old signature. */
function swapped(ticket: string, other: string): string {
  return `${other.split(".")[0]}.${ticket.split(".")[1]}`;
}

/** Any JSON under a good signature: what a stolen key, or an older server, could bring. */
function signed(stage: Stage, json: string): string {
  const payload = Buffer.from(json).toString("base64url");
  return `${payload}.${createHmac("sha256", stage.key).update(payload).digest("base64url")}`;
}

overEach("hostile sessions", (theStage) => {
  test("[HC4] every bad handshake has its one answer", async () => {
    const stage = theStage();
    const good = stage.ticket();
    const of = (...protocols: string[]): RawUpgrade => ({ protocols: protocols.join(", ") });
    const cases: [string, number, RawUpgrade][] = [
      ["no subprotocols", protocolVersion.code, {}],
      ["no version", protocolVersion.code, of(`ticket.${good}`, CLIENT)],
      ["version 0", protocolVersion.code, of("gridshard.0", `ticket.${good}`, CLIENT)],
      ["version 99999", protocolVersion.code, of("gridshard.99999", `ticket.${good}`, CLIENT)],
      ["version 1e0", protocolVersion.code, of("gridshard.1e0", `ticket.${good}`, CLIENT)],
      ["no client", clientVersion.code, of("gridshard.1", `ticket.${good}`)],
      ["an old client", clientVersion.code, of("gridshard.1", `ticket.${good}`, "client.x-0.0.0")],
      ["a client of garbage", clientVersion.code, of("gridshard.1", `ticket.${good}`, "client.-..")],
      ["two clients", clientVersion.code, of("gridshard.1", `ticket.${good}`, CLIENT, "client.y-9.9.9")],
      ["no ticket", ticketInvalid.code, of("gridshard.1", CLIENT)],
      [
        "two tickets",
        ticketInvalid.code,
        of("gridshard.1", CLIENT, `ticket.${good}`, `ticket.${stage.ticket()}`),
      ],
      [
        "many subprotocols",
        ticketInvalid.code,
        of(...protocolsOf(good).split(", "), ...Array.from({ length: 40 }, (_, n) => `x${n}`)),
      ],
      ["a foreign origin", 403, { protocols: protocolsOf(good), origin: "http://evil.test" }],
      ["the origin null", 403, { protocols: protocolsOf(good), origin: "null" }],
      ["an origin of garbage", 403, { protocols: protocolsOf(good), origin: "http://[" }],
      ["another path", 404, { protocols: protocolsOf(good), path: "/ws/" }],
      ["a path with dots", 404, { protocols: protocolsOf(good), path: "/x/../ws" }],
    ];
    await sideBySide(cases, async ([name, want, upgrade]) => {
      assert.equal(await outcome(stage, upgrade), want, name);
    });
    const tenKilobytes = await outcome(stage, of("gridshard.1", `client.${"x".repeat(10_000)}-1.0.0`));
    assert.ok(tenKilobytes === clientVersion.code || tenKilobytes === 431, `${tenKilobytes}`);
  });

  test("[HC4] a ticket that is not to the letter what the server signed opens nothing", async () => {
    const stage = theStage();
    const good = stage.ticket();
    const other = stage.ticket();
    const [payload, signature] = good.split(".") as [string, string];
    const playerId = "ab".repeat(16);
    const cases: [string, number, string][] = [
      ["empty", ticketInvalid.code, ""],
      ["a dot", ticketInvalid.code, "."],
      ["the payload alone", ticketInvalid.code, payload],
      ["three parts", ticketInvalid.code, `${good}.x`],
      ["cut short", ticketInvalid.code, good.slice(0, -1)],
      [
        "one character changed",
        ticketInvalid.code,
        `${payload}.${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}`,
      ],
      ["another payload", ticketInvalid.code, swapped(good, other)],
      [
        "another key",
        ticketInvalid.code,
        issueTicket({ playerId, name: "Eve", issuedAt: 0, expiresAt: 2 ** 52 }, new Uint8Array(32)),
      ],
      ["longer than any", ticketInvalid.code, `${"A".repeat(2000)}.${signature}`],
      ["expired", ticketExpired.code, stage.ticket({ expiresAt: 1 })],
      ["expired before it was issued", ticketInvalid.code, stage.ticket({ issuedAt: 5, expiresAt: 4 })],
      ["a player of garbage", ticketInvalid.code, stage.ticket({ playerId: "__proto__" })],
      ["a name with a bidi override", ticketInvalid.code, stage.ticket({ name: "a\u202eb" })],
    ];
    for (const json of [
      "null",
      "[]",
      "1",
      '"x"',
      "{",
      "{}",
      '{"__proto__":{"playerId":"x"}}',
      `{"playerId":"${playerId}","name":"x","issuedAt":1e400,"expiresAt":1e999}`,
      `${"[".repeat(300)}`,
      `{"constructor":{"prototype":{}},"playerId":["${playerId}"]}`,
    ]) {
      cases.push([json, ticketInvalid.code, signed(stage, json)]);
    }
    await sideBySide(cases, async ([name, want, ticket]) => {
      assert.equal(await outcome(stage, { protocols: protocolsOf(ticket) }), want, name);
    });
  });

  test("[HC5] a resume token opens one session, once, to its own player", async () => {
    const stage = theStage();
    const ticket = stage.ticket();
    const first = await enter(stage, ticket);
    const { session, resumeToken } = await welcomeOf(first);
    const resume = (number: number, token: string) => `resume.${number}.${token}`;
    const guessed = "A".repeat(43);
    const stranger = stage.ticket();
    const refusals: [string, string, string][] = [
      ["guessed", ticket, resume(session, guessed)],
      ["of a session there is not", ticket, resume(session + 1000, resumeToken)],
      ["of the bystander's session", ticket, resume(1, resumeToken)],
      ["in a stranger's hand", stranger, resume(session, resumeToken)],
      ["of session 2^32", ticket, resume(2 ** 32, resumeToken)],
      ["without a token", ticket, `resume.${session}.`],
      ["with more than a token", ticket, `${resume(session, resumeToken)}A`],
    ];
    for (const [name, who, text] of refusals) {
      assert.equal(await codeOf(await knock(stage, who, text)), resumeInvalid.code, name);
    }
    const twice = await knock(stage, ticket, resume(session, resumeToken), resume(session, guessed));
    assert.equal(await codeOf(twice), resumeInvalid.code);
    assert.ok(!first.socket.destroyed, "the session went on through all of it");
    // Two race for one token: one of them gets in, the first is told that it has been replaced.
    const racers = await Promise.all([0, 1].map(() => knock(stage, ticket, resume(session, resumeToken))));
    const isIn = await Promise.all(
      racers.map(async (racer) => {
        await racer.until(() => racer.frames.length > 0 || racer.socket.destroyed);
        return racer.frames[0]?.opcode === opcodes.binary;
      }),
    );
    assert.deepEqual([...isIn].sort(), [false, true]);
    assert.equal(await codeOf(racers[isIn.indexOf(false)]!), resumeInvalid.code);
    assert.equal(await codeOf(first), takenOver.code);
    const winner = racers[isIn.indexOf(true)]!;
    const after = await welcomeOf(winner);
    assert.equal(after.session, session);
    assert.equal(after.recovered, true);
    // Taken over by the ticket: the token of before is worth nothing, the session is the same.
    const second = await enter(stage, ticket);
    assert.equal(await codeOf(winner), takenOver.code);
    assert.equal((await welcomeOf(second)).session, session);
    const late = await knock(stage, ticket, resume(session, after.resumeToken));
    assert.equal(await codeOf(late), resumeInvalid.code);
    second.send(opcodes.binary, encodeGoodbye());
    await codeOf(second);
    const dead = await knock(stage, ticket, resume(session, (await welcomeOf(second)).resumeToken));
    assert.equal(await codeOf(dead), resumeInvalid.code);
  });

  test("[HC6] of fifty that come with one ticket one is in the world, once", async () => {
    const stage = theStage();
    const ticket = stage.ticket();
    const clients = await Promise.all(Array.from({ length: 50 }, () => knock(stage, ticket)));
    await until("all but one are closed", () => {
      const closed = clients.filter(({ frames }) => frames.some(({ opcode }) => opcode === opcodes.close));
      return closed.length === 49;
    });
    const last = clients.find(({ frames }) => !frames.some(({ opcode }) => opcode === opcodes.close))!;
    await welcomeOf(last);
    for (const client of clients) {
      if (client !== last) assert.equal(await codeOf(client), takenOver.code);
    }
    last.send(opcodes.binary, encodeGoodbye());
    assert.equal(await codeOf(last), closeCodes.goodbye.code);
  });

  test("[HC7] a socket cut at any point of coming in leaves nothing behind", async () => {
    const stage = theStage();
    const cut = (ticket: string, afterBytes: number) =>
      new Promise<void>((resolve) => {
        const socket = connect({ port: stage.port, host: "127.0.0.1" });
        // The others of the same player take it over: a close frame is an answer too.
        let heard = 0;
        socket.on("error", () => {});
        socket.once("close", () => resolve());
        socket.on("data", (bytes) => {
          heard += bytes.length;
          if (heard >= afterBytes || bytes.indexOf(CLOSED) >= 0) socket.resetAndDestroy();
        });
        const lines = [
          "GET /ws HTTP/1.1",
          `Host: 127.0.0.1:${stage.port}`,
          "Connection: Upgrade",
          "Upgrade: websocket",
          "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
          `Sec-WebSocket-Protocol: ${protocolsOf(ticket)}`,
        ];
        socket.write(`${lines.join("\r\n")}\r\n\r\n`, () => {
          if (afterBytes === 0) socket.resetAndDestroy();
        });
      });
    // At once, at the upgrade's answer, in the midst of the Welcome and of the first frames.
    const tickets = stage.tickets(10);
    const cuts = tickets.flatMap((ticket) => [0, 1, 200, 400, 600, 1500].map((bytes) => ({ ticket, bytes })));
    await sideBySide(cuts, ({ ticket, bytes }) => cut(ticket, bytes));
    // And by the same people in a hurry: goodbye, again, cut, again.
    await sideBySide(tickets, async (ticket) => {
      for (let round = 0; round < 4; round++) {
        const client = await enter(stage, ticket);
        client.send(opcodes.binary, encodeGoodbye());
        const hasty = await knock(stage, ticket);
        if (round % 2 === 0) hasty.socket.resetAndDestroy();
      }
      const client = await enter(stage, ticket);
      client.send(opcodes.binary, encodeGoodbye());
      assert.equal(await codeOf(client), closeCodes.goodbye.code);
    });
  });
});
