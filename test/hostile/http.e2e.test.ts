/** Plain requests that no page makes, names that no person has, and the admin port. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { opcodes, RawClient } from "../../net/raw-client.js";
import { codeOf, enter, message } from "./attacker.js";
import { overEach, type Stage, sideBySide } from "./stage.js";

/** The status of the answer, or 0 when the connection ended without one. */
async function statusOf(port: number, lines: readonly string[]): Promise<number> {
  const client = await RawClient.open(port, { lines });
  client.socket.destroy();
  return client.status;
}

const guest = (stage: Stage, body: string | Uint8Array<ArrayBuffer>) =>
  fetch(`${stage.url}guest`, { method: "POST", body });

overEach("hostile requests", (theStage, transport) => {
  test("[HC9] every odd request has its one status, or ends its connection", async () => {
    const stage = theStage();
    const host = `Host: 127.0.0.1:${stage.port}`;
    const cases: [number | "refused", ...string[]][] = [
      [404, "GET /..%2f..%2fpackage.json HTTP/1.1", host],
      [404, "GET /../package.json HTTP/1.1", host],
      [404, "GET //etc/passwd HTTP/1.1", host],
      [404, "GET /%2e%2e/server.key HTTP/1.1", host],
      [404, "GET /%00 HTTP/1.1", host],
      [404, "GET /index.html%00.js HTTP/1.1", host],
      [404, "GET /__proto__ HTTP/1.1", host],
      [404, "GET /constructor HTTP/1.1", host],
      [426, "GET /ws HTTP/1.1", host],
      [405, "TRACE / HTTP/1.1", host],
      [405, "DELETE /index.html HTTP/1.1", host],
      [405, "POST / HTTP/1.1", host, "Content-Length: 0"],
      [405, "PUT /guest HTTP/1.1", host, "Content-Length: 0"],
      [405, "GET /guest HTTP/1.1", host],
      [403, "POST /guest HTTP/1.1", host, "Origin: null", "Content-Length: 0"],
      [403, "POST /guest HTTP/1.1", host, "Origin: http://evil.test", "Content-Length: 0"],
      [400, "POST /guest HTTP/1.1", host, "Content-Length: 0"],
      [400, "POST /guest HTTP/1.1", host, "Content-Length: -1"],
      [400, "POST /guest HTTP/1.1", host, "Transfer-Encoding: chunked", "", "zz"],
      [413, "POST /guest HTTP/1.1", host, "Content-Length: 3000", "", "x".repeat(3000)],
      ["refused", "CONNECT example.test:80 HTTP/1.1", host],
      ["refused", "GET /\0 HTTP/1.1", host],
      ["refused", "GET / HTTP/9.9", host],
      ["refused", "POST /guest HTTP/1.1", host, "Content-Length: 5", "Transfer-Encoding: chunked"],
      ["refused", "\0\0\0\0", "nonsense"],
      ["refused", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc"],
      ["refused", `POST /guest HTTP/1.1`, host, `X: ${"a".repeat(200_000)}`],
    ];
    await sideBySide(cases, async ([want, ...lines]) => {
      const status = await statusOf(stage.port, lines);
      if (want === "refused") assert.ok(status === 0 || status >= 400, `${lines[0]}: ${status}`);
      else assert.equal(status, want, lines[0]);
    });
  });

  test("[HC10] no trick of Unicode passes for a name, and no body for JSON", async () => {
    const stage = theStage();
    const names = [
      "",
      " ",
      "a\u202eb",
      "a\u200bb",
      "a\u2066b",
      "\ufeffAda",
      "a\u00adb",
      "\ud800",
      "a\udc00b",
      "a\u0000b",
      "a\nb",
      "\u3164",
      "\u2800",
      "\u{e0041}da",
      `Z${"\u0301".repeat(20)}`,
      "Αda",
      "Аdа",
      "ａｄａ",
      "ﬁn",
      "e\u0301",
      "a".repeat(17),
      "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}",
      "a".repeat(1500),
      "--",
      "a  b",
      " ab",
    ];
    const bodies: (string | Uint8Array<ArrayBuffer>)[] = [
      ...names.map((name) => JSON.stringify({ name })),
      ...[
        "null",
        "[]",
        "1",
        '"Ada"',
        "{",
        "{}",
        '{"name":null}',
        '{"name":["Ada"]}',
        '{"name":{"toString":"x"}}',
      ],
      '{"__proto__":{"name":"Ada"}}',
      '{"name":"\\ud83d"}',
      "[".repeat(2000),
      Uint8Array.of(0x7b, 0xff, 0xfe),
      Buffer.concat([Buffer.from('{"name":"'), Buffer.of(0xc0, 0xaf), Buffer.from('"}')]),
      Buffer.concat([Buffer.from('{"name":"'), Buffer.of(0xed, 0xa0, 0x80), Buffer.from('"}')]),
    ];
    await sideBySide(bodies, async (body) => {
      const answer = await guest(stage, body);
      const { error } = (await answer.json()) as { error?: string };
      assert.equal(answer.status, 400, String(body));
      assert.ok(error !== undefined && error.length > 5, "with the reason in words");
    });
    const twice = await guest(
      stage,
      '{"name":"Eve","name":"Ada","ticket":{"playerId":"x"},"__proto__":{"a":1}}',
    );
    assert.equal(twice.status, 200);
    assert.equal(((await twice.json()) as { name: string }).name, "Ada");
  });

  test("[HC12] who asks without end and never reads is not answered without end", async () => {
    const stage = theStage();
    const before = (await stage.stats()).residentBytes;
    const requests = Buffer.from("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2000));
    const socket = connect({ port: stage.port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.pause();
    const greedy = await enter(stage);
    greedy.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 2000 }, () => Buffer.from([0x89, 0x80, 1, 2, 3, 4])));
    for (let round = 0; round < 100; round++) {
      if (socket.writable && socket.writableLength < 1_000_000) socket.write(requests);
      if (greedy.socket.writable && greedy.socket.writableLength < 1_000_000) greedy.socket.write(pings);
      await new Promise(setImmediate);
    }
    await stage.bystander.isUndisturbed();
    const { residentBytes } = await stage.stats();
    console.log(
      `${transport}: ${Math.round(before / 1e6)} MB before, ${Math.round(residentBytes / 1e6)} MB after`,
    );
    assert.ok(residentBytes - before < 256e6, "far less than the answers to what was sent");
    socket.destroy();
    greedy.socket.destroy();
  });

  test("[HC13] sockets that say little or nothing keep nobody else out", async () => {
    const stage = theStage();
    const begun = [
      "",
      "G",
      "GET /ws HTTP/1.1\r\nHost: x\r\n",
      "POST /guest HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
      "POST /guest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ];
    const sockets = Array.from({ length: 1000 }, (_, index) => {
      const socket = connect({ port: stage.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write(begun[index % begun.length]!);
      return socket;
    });
    await Promise.all(sockets.map((socket) => (socket.connecting ? once(socket, "connect") : undefined)));
    const client = await enter(stage);
    client.send(opcodes.binary, Uint8Array.of(5, 0, 0, 0, 9, 0, 0, 0));
    await message(client, 133);
    client.send(opcodes.binary, Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0));
    assert.equal(await codeOf(client), 4000);
    assert.equal((await guest(stage, '{"name":"Ada"}')).status, 200);
    await stage.bystander.isUndisturbed();
    for (const socket of sockets) socket.resetAndDestroy();
  });

  test("[HC14] the admin port answers what it knows and refuses the rest", async () => {
    const stage = theStage();
    const port = Number(new URL(stage.adminUrl).port);
    const host = `Host: 127.0.0.1:${port}`;
    const cases: [number, ...string[]][] = [
      [404, "GET /../stats HTTP/1.1", host],
      [404, "GET /stats/ HTTP/1.1", host],
      [404, "GET /%73tats HTTP/1.1", host],
      [404, "GET /__proto__ HTTP/1.1", host],
      [404, "GET http://evil.test/stats HTTP/1.1", host],
      [403, "GET /stats HTTP/1.1", "Host: evil.test"],
      [403, "GET /metrics HTTP/1.1", "Host: 127.0.0.1.evil.test"],
      [403, "GET /metrics HTTP/1.0"],
      [405, "POST /stats HTTP/1.1", host, "Content-Length: 100000"],
      [405, "TRACE / HTTP/1.1", host],
      [405, "OPTIONS * HTTP/1.1", host],
      [431, "GET / HTTP/1.1", host, `X: ${"a".repeat(20_000)}`],
      [400, "\0\0\0\0", "nonsense"],
      [200, "GET /healthz?x=%00 HTTP/1.1", host],
    ];
    for (const [want, ...lines] of cases) assert.equal(await statusOf(port, lines), want, lines[0]);
  });
});
