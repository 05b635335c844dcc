/** The network thread as it runs: in a worker, with real sockets, and what becomes of them when it ends. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { type Config, configSchema } from "../engine/config-schema.js";
import { ByteWriter } from "../engine/lane/bytes.js";
import { fromStore } from "../engine/lane/from-store.js";
import { LaneWriter } from "../engine/lane/lane.js";
import { ControlBlock } from "../engine/memory/control-block.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { RingWriter } from "../engine/memory/spsc-ring.js";
import { closeCodes } from "../engine/wire/codes.js";
import { createWiring, type Wiring } from "../engine/wiring.js";
import { NetProxy } from "./net-proxy.js";
import { RawClient } from "./raw-client.js";
import { CannotListen } from "./transport.js";

const ticketKey = new Uint8Array(32).fill(1);

function configOf(overrides: Record<string, unknown>): Config {
  const game = new URL("./net-test-game.js", import.meta.url).href;
  return configSchema.parse({
    games: [game],
    world: { field: "test" },
    log: { level: "error" },
    ...overrides,
    net: { port: 0, ...(overrides.net as object) },
  });
}

async function startNet(t: TestContext, transport: "uws" | "ws"): Promise<{ net: NetProxy; wiring: Wiring }> {
  const config = configOf({ net: { transport } });
  const wiring = createWiring(config);
  // As the store's thread says it of an empty journal.
  const store = new LaneWriter(new RingWriter(wiring.lanes.storeToNet), new Doorbell(wiring.doorbells.net), {
    outboxBytesMax: 64,
  });
  store.sendWriter(fromStore.sessionsRestored, new ByteWriter().u32(0));
  store.flush();
  const net = await NetProxy.start({ wiring, config, ticketKey });
  t.after(async () => {
    await net.stop().catch(() => {});
  });
  return { net, wiring };
}

async function guestTicket(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/guest`, { method: "POST", body: '{"name":"Ann"}' });
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { ticket: string }).ticket;
}

for (const transport of ["uws", "ws"] as const) {
  test(`[TR20] a stop closes every socket, then the thread ends cleanly (${transport})`, async (t) => {
    const { net } = await startNet(t, transport);
    const ticket = await guestTicket(net.port);
    const protocols = `gridshard.1, ticket.${ticket}, client.test-1.0.0`;
    const clients = [
      await RawClient.open(net.port, { protocols }),
      await RawClient.open(net.port, { protocols }),
    ];
    assert.equal((await clients[0]!.closed())!.code, closeCodes.takenOver.code);
    await net.stop();
    assert.equal((await clients[1]!.closed())!.code, closeCodes.shuttingDown.code);
    for (const client of clients) await client.gone;
  });

  test(`[TR20] control's phase ends the thread as well (${transport})`, async (t) => {
    const { net, wiring } = await startNet(t, transport);
    const ticket = await guestTicket(net.port);
    const client = await RawClient.open(net.port, {
      protocols: `gridshard.1, ticket.${ticket}, client.test-1.0.0`,
    });
    new ControlBlock(wiring.control).setPhase("draining");
    new Doorbell(wiring.doorbells.net).ring();
    assert.equal((await client.closed())!.code, closeCodes.shuttingDown.code);
    const late = await RawClient.open(net.port, { protocols: "gridshard.1" });
    assert.equal((await late.closed())!.code, closeCodes.shuttingDown.code, "who comes now is told why not");
    new ControlBlock(wiring.control).setPhase("stopping");
    new Doorbell(wiring.doorbells.net).ring();
    await net.ended;
  });

  test(`[TR21] an error in the thread closes its sockets before it ends, and main hears the reason (${transport})`, async (t) => {
    const { net, wiring } = await startNet(t, transport);
    const ticket = await guestTicket(net.port);
    const client = await RawClient.open(net.port, {
      protocols: `gridshard.1, ticket.${ticket}, client.test-1.0.0`,
    });
    assert.equal(client.status, 101);
    // A record that no shard writes: net reads a member record past its end.
    const { LaneWriter } = await import("../engine/lane/lane.js");
    const { RingWriter } = await import("../engine/memory/spsc-ring.js");
    const { toNet } = await import("../engine/lane/to-net.js");
    const bell = new Doorbell(wiring.doorbells.net);
    const lane = new LaneWriter(new RingWriter(wiring.lanes.toNet[0]!), bell, { outboxBytesMax: 1000 });
    lane.send(toNet.joined, new Uint8Array(3));
    lane.flush();
    await assert.rejects(net.ended, /record ends/);
    await client.gone;
  });
}

test("[TR22] a port in use is told with its code, and nothing is left behind", async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  const config = configOf({ net: { port } });
  await assert.rejects(
    NetProxy.start({ wiring: createWiring(config), config, ticketKey }),
    (error: CannotListen) => error instanceof CannotListen && error.code === "EADDRINUSE",
  );
});

test("[TR22] a game that cannot be loaded keeps the thread from starting", async () => {
  const config = configOf({ games: ["./no-such-game.js"] });
  await assert.rejects(NetProxy.start({ wiring: createWiring(config), config, ticketKey }), /no-such-game/);
});
