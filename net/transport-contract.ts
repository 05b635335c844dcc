/** What every socket layer must do, shown over real sockets. */
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { opcodes, RawClient } from "./raw-client.js";
import {
  CannotListen,
  type Connection,
  type HttpAnswer,
  type HttpRequest,
  type Transport,
  type TransportHandlers,
  type TransportOptions,
  type UpgradeRequest,
} from "./transport.js";

interface Seen {
  readonly upgrades: UpgradeRequest[];
  readonly opened: Connection<string>[];
  readonly closed: Connection<string>[];
  readonly messages: { bytes: Uint8Array; isBinary: boolean }[];
  readonly drained: Connection<string>[];
  readonly requests: HttpRequest[];
}

const MESSAGE_BYTES_MAX = 16_384;
const BUFFERED_BYTES_MAX = 65_536;
/** The shortest that both layers take. */
const IDLE_SECONDS = 8;

export type MakeTransport = (options: TransportOptions) => Transport<string>;

async function start(
  t: TestContext,
  make: MakeTransport,
  overrides: Partial<TransportHandlers<string>> = {},
): Promise<{
  transport: Transport<string>;
  port: number;
  seen: Seen;
  until: (isSo: () => boolean) => Promise<void>;
}> {
  const seen: Seen = {
    upgrades: [],
    opened: [],
    closed: [],
    messages: [],
    drained: [],
    requests: [],
  };
  const transport = make({
    host: "127.0.0.1",
    port: 0,
    messageBytesMax: MESSAGE_BYTES_MAX,
    bufferedBytesMax: BUFFERED_BYTES_MAX,
    idleTimeoutSeconds: IDLE_SECONDS,
    httpBodyBytesMax: 1000,
  });
  const answer: HttpAnswer = { status: 200, headers: { "x-test": "yes" }, body: "hello" };
  const { port } = await transport.listen({
    upgrade: (request) => {
      seen.upgrades.push(request);
      if (request.path !== "/ws") return { accept: false, status: 403 };
      return { accept: true, protocol: request.protocols.split(",")[0]!.trim(), peer: request.protocols };
    },
    open: (connection) => seen.opened.push(connection),
    message: (_connection, bytes, isBinary) =>
      seen.messages.push({ bytes: Uint8Array.from(bytes), isBinary }),
    drained: (connection) => seen.drained.push(connection),
    closed: (connection) => seen.closed.push(connection),
    http: (request) => {
      seen.requests.push({ ...request, body: Uint8Array.from(request.body) });
      return answer;
    },
    ...overrides,
  });
  t.after(() => transport.closeAll());
  const until = async (isSo: () => boolean) => {
    const deadline = Date.now() + 20_000;
    while (!isSo()) {
      assert.ok(Date.now() < deadline, "it comes true in time");
      await new Promise(setImmediate);
    }
  };
  return { transport, port, seen, until };
}

/** Declares the suite for one implementation. */
export function transportContract(name: string, make: MakeTransport): void {
  const show = (title: string, run: (t: TestContext) => Promise<void>) => test(`${title} (${name})`, run);

  show(
    "[TR1] an upgrade carries path, host, origin and subprotocols, and is answered with one protocol",
    async (t) => {
      const { port, seen } = await start(t, make);
      const client = await RawClient.open(port, { protocols: "one.1, two", origin: "http://a.test" });
      assert.equal(client.status, 101);
      assert.match(client.head, /sec-websocket-protocol: one\.1(\r|$)/im);
      assert.doesNotMatch(client.head, /permessage-deflate/i);
      const { path, host, origin, protocols, address } = seen.upgrades[0]!;
      assert.deepEqual(
        [path, host, origin, protocols, address],
        ["/ws", `127.0.0.1:${port}`, "http://a.test", "one.1, two", "127.0.0.1"],
      );
      assert.equal(seen.opened[0]!.peer, "one.1, two");
    },
  );

  show("[TR1] an upgrade without subprotocols is possible", async (t) => {
    const { port } = await start(t, make);
    const client = await RawClient.open(port);
    assert.equal(client.status, 101);
    assert.doesNotMatch(client.head, /sec-websocket-protocol/i);
  });

  show("[TR2] a refused upgrade gets its status and no connection", async (t) => {
    const { port, seen } = await start(t, make);
    const client = await RawClient.open(port, { path: "/elsewhere" });
    assert.equal(client.status, 403);
    await client.gone;
    assert.equal(seen.opened.length, 0);
  });

  show("[TR3] a malformed upgrade opens nothing and harms nobody", async (t) => {
    const { port, seen } = await start(t, make);
    const bad = [
      [
        "GET /ws HTTP/1.1",
        "Host: x",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
      ],
      ["GET /ws HTTP/1.1", "Host: x", `Sec-WebSocket-Protocol: ${"a".repeat(100_000)}`, "Upgrade: websocket"],
      ["\0\0\0\0", "nonsense"],
    ];
    for (const lines of bad) {
      const client = await RawClient.open(port, { lines });
      assert.notEqual(client.status, 101);
      client.socket.destroy();
    }
    assert.equal(seen.opened.length, 0);
    assert.equal((await RawClient.open(port)).status, 101);
  });

  show("[TR4] messages arrive whole, binary and text told apart, fragments put together", async (t) => {
    const { port, seen, until } = await start(t, make);
    const client = await RawClient.open(port);
    client.send(opcodes.binary, Uint8Array.of(1, 2, 3));
    client.send(opcodes.text, Buffer.from("hi"));
    client.send(opcodes.binary, Uint8Array.of(4), { fin: false });
    client.send(opcodes.continuation, Uint8Array.of(5));
    client.send(opcodes.binary, new Uint8Array(0));
    await until(() => seen.messages.length === 4);
    assert.deepEqual(
      seen.messages.map(({ bytes, isBinary }) => [isBinary, ...bytes]),
      [[true, 1, 2, 3], [false, 104, 105], [true, 4, 5], [true]],
    );
  });

  show("[TR5] a message that is far too long ends the connection before it is complete", async (t) => {
    const { port, seen, until } = await start(t, make);
    const client = await RawClient.open(port);
    client.send(opcodes.binary, new Uint8Array(MESSAGE_BYTES_MAX + 1));
    await client.gone;
    await until(() => seen.closed.length === 1);
    assert.equal(seen.messages.length, 0);
  });

  show("[TR5] a flood of fragments ends the connection at the same bound", async (t) => {
    const { port, seen, until } = await start(t, make);
    const client = await RawClient.open(port);
    client.send(opcodes.binary, new Uint8Array(100), { fin: false });
    for (let sent = 100; sent <= MESSAGE_BYTES_MAX; sent += 100) {
      client.send(opcodes.continuation, new Uint8Array(100), { fin: false });
    }
    await client.gone;
    await until(() => seen.closed.length === 1);
    assert.equal(seen.messages.length, 0);
  });

  show("[TR6] frames that break the protocol end the connection", async (t) => {
    const { port, seen, until } = await start(t, make);
    const breaches: ((client: RawClient) => void)[] = [
      (client) => client.send(opcodes.continuation, Uint8Array.of(1)),
      (client) => client.send(opcodes.ping, new Uint8Array(126)),
      (client) => client.send(11, Uint8Array.of(1)),
      (client) => client.socket.write(Buffer.from([0xf2, 0x81, 1, 2, 3, 4, 5])),
    ];
    for (const breach of breaches) {
      const client = await RawClient.open(port);
      breach(client);
      await client.closed();
    }
    await until(() => seen.closed.length === breaches.length);
    assert.equal(seen.messages.length, 0);
  });

  show("[TR7] messages sent together arrive in order, behind what was sent before", async (t) => {
    const { port, seen } = await start(t, make);
    const client = await RawClient.open(port);
    const [connection] = seen.opened;
    const marked = (...marks: number[]) => marks.map((mark) => Uint8Array.of(mark));
    connection!.send(Uint8Array.of(1));
    assert.equal(connection!.sendAll(marked(2, 3, 4, 99), 3), 3);
    assert.equal(connection!.sendAll(marked(5), 1), 1);
    assert.equal(connection!.sendAll([], 0), 0);
    connection!.send(Uint8Array.of(6));
    const got: number[] = [];
    for (let count = 0; count < 6; count++) got.push((await client.next()).payload[0]!);
    assert.deepEqual(got, [1, 2, 3, 4, 5, 6]);
  });

  show("[TR8] sent bytes are copied: the caller may use them again at once", async (t) => {
    const { port, seen } = await start(t, make);
    const client = await RawClient.open(port);
    const scratch = Uint8Array.of(1);
    assert.notEqual(seen.opened[0]!.send(scratch), "dropped");
    scratch[0] = 2;
    assert.equal(seen.opened[0]!.sendAll([scratch, scratch], 2), 2);
    scratch[0] = 3;
    assert.deepEqual([...(await client.next()).payload], [1]);
    assert.deepEqual([...(await client.next()).payload], [2]);
  });

  show(
    "[TR9] a slow reader's messages are dropped and told, others hear all, and it is told when it drained",
    async (t) => {
      const { port, seen, until } = await start(t, make);
      const slow = await RawClient.open(port);
      const fast = await RawClient.open(port);
      const [slowEnd, fastEnd] = seen.opened;
      slow.socket.pause();
      const message = new Uint8Array(50_000).fill(9);
      let sent = 0;
      // The kernel buffers some megabytes first.
      while (slowEnd!.send(message) !== "dropped") {
        assert.ok(sent < 1000, "a reader that never reads is noticed");
        assert.notEqual(fastEnd!.send(message), "dropped");
        sent++;
        await until(() => fast.frames.length === sent);
      }
      assert.ok(slowEnd!.bufferedBytes > BUFFERED_BYTES_MAX);
      assert.ok(slowEnd!.bufferedBytes < BUFFERED_BYTES_MAX + 2 * message.length, "what waits is bounded");
      assert.equal(slowEnd!.send(Uint8Array.of(1)), "dropped");
      assert.equal(slowEnd!.sendAll([Uint8Array.of(1), Uint8Array.of(2)], 2), 0);
      slow.socket.resume();
      await until(() => seen.drained.includes(slowEnd!) && slowEnd!.bufferedBytes === 0);
      assert.notEqual(slowEnd!.send(Uint8Array.of(77)), "dropped");
      await slow.until(() => slow.frames.at(-1)?.payload[0] === 77);
      assert.equal(slow.frames.length, sent + 1, "what was dropped never comes");
    },
  );

  show("[TR23] of messages sent together as many as are taken arrive, and the rest never does", async (t) => {
    const { port, seen, until } = await start(t, make);
    const slow = await RawClient.open(port);
    const [connection] = seen.opened;
    slow.socket.pause();
    const messages = Array.from({ length: 4 }, () => new Uint8Array(50_000));
    let sent = 0;
    for (let rounds = 0; ; rounds++) {
      assert.ok(rounds < 1000, "a reader that never reads is noticed");
      const taken = connection!.sendAll(messages, messages.length);
      sent += taken;
      if (taken < messages.length) break;
      // The kernel takes some when the turn ends.
      await new Promise(setImmediate);
    }
    slow.socket.resume();
    await until(() => connection!.bufferedBytes === 0);
    connection!.send(Uint8Array.of(77));
    await slow.until(() => slow.frames.at(-1)?.payload[0] === 77);
    assert.equal(slow.frames.length, sent + 1);
  });

  show(
    "[TR10] close sends code and reason; closed is told once; a closed connection can be used and does nothing",
    async (t) => {
      const { port, seen, until } = await start(t, make);
      const client = await RawClient.open(port);
      const connection = seen.opened[0]!;
      connection.close(4100, "why not");
      assert.deepEqual(await client.closed(), { code: 4100, reason: "why not" });
      await until(() => seen.closed.length === 1);
      assert.equal(connection.isOpen, false);
      assert.equal(connection.send(Uint8Array.of(1)), "dropped");
      assert.equal(connection.sendAll([Uint8Array.of(1)], 1), 0);
      connection.close(4100, "again");
      assert.equal(connection.bufferedBytes, 0);
      client.socket.destroy();
      await client.gone;
      assert.equal(seen.closed.length, 1);
    },
  );

  show("[TR10] what is sent before close arrives before it", async (t) => {
    const { port, seen } = await start(t, make);
    const client = await RawClient.open(port);
    seen.opened[0]!.send(Uint8Array.of(5));
    seen.opened[0]!.close(4000, "bye");
    assert.deepEqual([...(await client.next()).payload], [5]);
    assert.equal((await client.closed())!.code, 4000);
  });

  show("[TR11] a connection may be closed from within open and message", async (t) => {
    const { port } = await start(t, make, {
      open: (connection) => {
        if (connection.peer === "shut") connection.close(4201, "not now");
      },
      message: (connection) => connection.close(4100, "bad"),
    });
    const refusedClient = await RawClient.open(port, { protocols: "shut" });
    assert.equal(refusedClient.status, 101);
    assert.equal((await refusedClient.closed())!.code, 4201);
    const client = await RawClient.open(port);
    client.send(opcodes.binary, Uint8Array.of(1));
    client.send(opcodes.binary, Uint8Array.of(2));
    assert.equal((await client.closed())!.code, 4100);
  });

  show("[TR12] a socket that is cut off is told as closed", async (t) => {
    const { port, seen, until } = await start(t, make);
    const client = await RawClient.open(port);
    client.socket.resetAndDestroy();
    await until(() => seen.closed.length === 1);
    const other = await RawClient.open(port);
    other.socket.end();
    await until(() => seen.closed.length === 2);
  });

  show("[TR13] a plain request is answered with status, headers and body", async (t) => {
    const { port, seen } = await start(t, make);
    const url = `http://127.0.0.1:${port}/a/b?c=d`;
    const got = await fetch(url, { headers: { origin: "http://a.test", "if-none-match": '"x"' } });
    assert.deepEqual([got.status, got.headers.get("x-test"), await got.text()], [200, "yes", "hello"]);
    const { method, path, origin, ifNoneMatch, address } = seen.requests[0]!;
    assert.deepEqual(
      [method, path, origin, ifNoneMatch, address],
      ["GET", "/a/b", "http://a.test", '"x"', "127.0.0.1"],
    );
  });

  show("[TR13] a 304 has no body", async (t) => {
    const { port } = await start(t, make, {
      http: () => ({ status: 304, headers: { etag: '"x"' }, body: "" }),
    });
    const got = await fetch(`http://127.0.0.1:${port}/`);
    assert.deepEqual([got.status, await got.text()], [304, ""]);
  });

  show(
    "[TR14] a POST arrives with its whole body; a longer one than allowed is answered with 413",
    async (t) => {
      const { port, seen } = await start(t, make);
      const url = `http://127.0.0.1:${port}/guest`;
      assert.equal((await fetch(url, { method: "POST", body: "b".repeat(1000) })).status, 200);
      assert.equal(Buffer.from(seen.requests[0]!.body).toString(), "b".repeat(1000));
      assert.equal((await fetch(url, { method: "POST" })).status, 200);
      const tooLong = await RawClient.open(port, {
        lines: ["POST /guest HTTP/1.1", "Host: x", "Content-Length: 5000", "", "b".repeat(5000)],
      });
      assert.equal(tooLong.status, 413);
      assert.equal(seen.requests.length, 2);
      tooLong.socket.destroy();
    },
  );

  show("[TR14] a POST that is given up half-way harms nobody", async (t) => {
    const { port } = await start(t, make);
    const socket = connect({ port, host: "127.0.0.1" });
    await new Promise<void>((resolve) => {
      socket.write("POST /guest HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhalf", () => resolve());
    });
    // Answered only after the server has read what was sent before.
    await RawClient.open(port);
    socket.resetAndDestroy();
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
  });

  show("[TR15] a port in use is refused with the system's code", async (t) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    t.after(() => other.close());
    const { port } = other.address() as { port: number };
    const transport = make({
      host: "127.0.0.1",
      port,
      messageBytesMax: MESSAGE_BYTES_MAX,
      bufferedBytesMax: BUFFERED_BYTES_MAX,
      idleTimeoutSeconds: IDLE_SECONDS,
      httpBodyBytesMax: 1000,
    });
    const nothing = () => {};
    await assert.rejects(
      transport.listen({
        upgrade: () => ({ accept: false, status: 404 }),
        http: () => ({ status: 404, headers: {}, body: "" }),
        open: nothing,
        message: nothing,
        drained: nothing,
        closed: nothing,
      }),
      (error: CannotListen) => error instanceof CannotListen && error.code === "EADDRINUSE",
    );
  });

  show("[TR15] two servers never share a port", async (t) => {
    const { port } = await start(t, make);
    const second = make({
      host: "127.0.0.1",
      port,
      messageBytesMax: MESSAGE_BYTES_MAX,
      bufferedBytesMax: BUFFERED_BYTES_MAX,
      idleTimeoutSeconds: IDLE_SECONDS,
      httpBodyBytesMax: 1000,
    });
    const nothing = () => {};
    await assert.rejects(
      second.listen({
        upgrade: () => ({ accept: false, status: 404 }),
        http: () => ({ status: 404, headers: {}, body: "" }),
        open: nothing,
        message: nothing,
        drained: nothing,
        closed: nothing,
      }),
      CannotListen,
    );
  });

  show("[TR16] closeListen takes no more connections and leaves those there are", async (t) => {
    const { transport, port, seen } = await start(t, make);
    const client = await RawClient.open(port);
    transport.closeListen();
    const late = await RawClient.open(port);
    assert.equal(late.status, 0);
    seen.opened[0]!.send(Uint8Array.of(3));
    assert.deepEqual([...(await client.next()).payload], [3]);
  });

  show("[TR17] closeAll ends everything, tells of each, and may be called again", async (t) => {
    const { transport, port, seen } = await start(t, make);
    const clients = [await RawClient.open(port), await RawClient.open(port)];
    await transport.closeAll();
    assert.equal(seen.closed.length, 2);
    for (const client of clients) await client.gone;
    await transport.closeAll();
  });

  show(
    "[TR18] a half-open connection is ended after the idle time; one that answers pings lives",
    async (t) => {
      const { port, seen, until } = await start(t, make);
      const dead = await RawClient.open(port);
      const alive = await RawClient.open(port);
      alive.socket.on("data", () => {
        for (const frame of alive.frames.splice(0)) {
          if (frame.opcode === opcodes.ping) alive.send(opcodes.pong, frame.payload);
        }
      });
      await dead.gone;
      await until(() => seen.closed.length >= 1);
      assert.deepEqual(seen.closed, [seen.opened[0]]);
      alive.socket.destroy();
    },
  );
}
