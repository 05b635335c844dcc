/** Too much of everything, bounded so that a test machine survives it too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { closeCodes } from "../../engine/wire/codes.js";
import { opcodes, RawClient, rawFrame } from "../../net/raw-client.js";
import { until } from "../player.js";
import { codeOf, enter, knock, protocolsOf } from "./attacker.js";
import { overEach, sideBySide } from "./stage.js";

const { tooFrequent } = closeCodes;

const floods: readonly { readonly name: string; readonly bytes: Uint8Array }[] = [
  { name: "moves", bytes: Uint8Array.of(1, 0, 1, 0, 1, 0, 0, 0) },
  { name: "acks", bytes: Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0) },
  { name: "pings", bytes: Uint8Array.of(5, 0, 0, 0, 1, 0, 0, 0) },
];

overEach("hostile floods", (theStage, transport) => {
  test("[HC15] a flood of any message ends with its own session alone", async () => {
    const stage = theStage();
    const before = (await stage.stats()).residentBytes;
    await Promise.all(
      floods.flatMap(({ name, bytes }) =>
        Array.from({ length: 5 }, async () => {
          const client = await enter(stage);
          const chunk = Buffer.concat(Array.from({ length: 200 }, () => rawFrame(opcodes.binary, bytes)));
          // Until it is told to go: within five seconds, as the rates say.
          await until(`a flood of ${name} is ended`, () => {
            if (client.socket.writableLength < 100_000) client.socket.write(chunk);
            return client.frames.some(({ opcode }) => opcode === opcodes.close) || client.socket.destroyed;
          });
          assert.equal(await codeOf(client), tooFrequent.code, name);
        }),
      ),
    );
    const { residentBytes } = await stage.stats();
    console.log(
      `${transport}: ${Math.round(before / 1e6)} MB before, ${Math.round(residentBytes / 1e6)} MB after`,
    );
    await stage.bystander.isUndisturbed();
  });

  test("[HC16] who never reads costs no more than its buffer, and others see the world move", async () => {
    const stage = theStage();
    const deaf = await Promise.all(stage.tickets(20).map((ticket) => enter(stage, ticket)));
    for (const client of deaf) client.socket.pause();
    for (let round = 1; round <= 20; round++) {
      for (const [index, client] of deaf.entries()) {
        const walk = Buffer.from([1, 0, index % 2 === 0 ? 127 : -127 & 0xff, 0, round, 0, 0, 0]);
        client.send(opcodes.binary, walk);
        // Refused events that are never acknowledged, for a room of nobody.
        client.send(opcodes.binary, Uint8Array.of(3, 0, 1, 0, round, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0));
      }
      await stage.bystander.isUndisturbed();
    }
    for (const client of deaf) client.socket.resetAndDestroy();
  });

  test("[HC17] connections that come and go by the thousand leave nothing", async () => {
    const stage = theStage();
    const tickets = stage.tickets(50);
    const visits = Array.from({ length: 1500 }, (_, index) => index + 1);
    await sideBySide(visits, async (visit) => {
      const ticket = tickets[visit % tickets.length]!;
      if (visit % 3 === 0) {
        const client = await RawClient.open(stage.port, { protocols: protocolsOf(`${ticket}x`) });
        assert.equal(await codeOf(client), closeCodes.ticketInvalid.code);
      } else {
        const client = await knock(stage, ticket);
        client.socket.resetAndDestroy();
      }
    });
    await stage.bystander.isUndisturbed();
  });
});
