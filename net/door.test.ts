import assert from "node:assert/strict";
import { test } from "node:test";
import { type CodeEntry, closeCodes } from "../engine/wire/codes.js";
import { GatewayRig, told } from "./gateway-rig.js";
import { compareVersions, isOriginAllowed } from "./handshake.js";
import { issueTicket, judgeTicket } from "./tickets.js";

const rigged = new GatewayRig();
const valid = rigged.ticket("a".repeat(32));
const old = issueTicket({ playerId: "a".repeat(32), name: "Ann", issuedAt: 0, expiresAt: 1 }, rigged.key);

const refusals: readonly (readonly [title: string, protocols: string, CodeEntry])[] = [
  ["[HS2] no subprotocol at all", "", closeCodes.protocolVersion],
  ["[HS2] another protocol", "chat", closeCodes.protocolVersion],
  ["[HS2] a newer version alone", `gridshard.2, ticket.${valid}, client.a-1.0.0`, closeCodes.protocolVersion],
  ["[HS3] no client version", `gridshard.1, ticket.${valid}`, closeCodes.clientVersion],
  [
    "[HS3] a client that is too old",
    `gridshard.1, ticket.${valid}, client.a-0.0.9`,
    closeCodes.clientVersion,
  ],
  [
    "[HS3] a client version that is none",
    `gridshard.1, ticket.${valid}, client.a-new`,
    closeCodes.clientVersion,
  ],
  [
    "[HS3] two client versions",
    `gridshard.1, ticket.${valid}, client.a-1.0.0, client.b-0.0.1`,
    closeCodes.clientVersion,
  ],
  ["[HS4] no ticket", "gridshard.1, client.a-1.0.0", closeCodes.ticketInvalid],
  ["[HS4] a forged ticket", `gridshard.1, client.a-1.0.0, ticket.${valid}x`, closeCodes.ticketInvalid],
  [
    "[HS4] two tickets",
    `gridshard.1, client.a-1.0.0, ticket.${valid}, ticket.${valid}`,
    closeCodes.ticketInvalid,
  ],
  ["[HS4] an expired ticket", `gridshard.1, client.a-1.0.0, ticket.${old}`, closeCodes.ticketExpired],
  [
    "[HS4] a hundred subprotocols",
    `gridshard.1, ${"x, ".repeat(100)}client.a-1.0.0`,
    closeCodes.ticketInvalid,
  ],
  [
    "[HS5] a resume without a token",
    `gridshard.1, client.a-1.0.0, ticket.${valid}, resume.1`,
    closeCodes.resumeInvalid,
  ],
  [
    "[HS5] a resume with a short token",
    `gridshard.1, client.a-1.0.0, ticket.${valid}, resume.1.abc`,
    closeCodes.resumeInvalid,
  ],
  [
    "[HS5] a resume of an impossible session",
    `gridshard.1, client.a-1.0.0, ticket.${valid}, resume.9999999999.${"a".repeat(43)}`,
    closeCodes.resumeInvalid,
  ],
  [
    "[HS5] a resume of nobody's session",
    `gridshard.1, client.a-1.0.0, ticket.${valid}, resume.77.${"a".repeat(43)}`,
    closeCodes.resumeInvalid,
  ],
];
for (const [title, protocols, code] of refusals) {
  test(`${title}: the upgrade is completed and closed with ${code.name}`, () => {
    const rig = new GatewayRig();
    const client = rig.transport.connect({ protocols });
    assert.equal(client.status, 101);
    assert.equal(client.closed?.code, code.code);
    assert.ok(Buffer.byteLength(client.closed.reason) <= 123, "a close frame holds no more");
    assert.equal(rig.count("handshakes_refused_total"), 1);
    assert.equal(rig.gateway.sessionCount, 0);
  });
}

test("[HS2] the answer names the protocol spoken; a refusal, the first one offered", () => {
  const rig = new GatewayRig();
  const accepted = rig.transport.connect({ protocols: `x, gridshard.1, ticket.${valid}, client.a-1.0.0` });
  assert.equal(accepted.protocol, "gridshard.1");
  assert.equal(rig.transport.connect({ protocols: "gridshard.9, x" }).protocol, "gridshard.9");
});

test("[HS2] too old a client is told which version it needs", () => {
  const rig = new GatewayRig();
  assert.match(rig.transport.connect({ protocols: "gridshard.0" }).closed!.reason, /gridshard\.1/);
  const client = rig.transport.connect({ protocols: `gridshard.1, ticket.${valid}, client.a-0.0.1` });
  assert.match(client.closed!.reason, /0\.1\.0/);
});

test("[HS3] versions are compared part by part, as numbers", () => {
  assert.ok(compareVersions("0.10.0", "0.9.9") > 0);
  assert.ok(compareVersions("1.0.0", "0.99.99") > 0);
  assert.ok(compareVersions("0.0.9", "0.0.10") < 0);
  assert.equal(compareVersions("1.2.3", "1.2.3"), 0);
});

const origins: readonly (readonly [string, string, readonly string[], boolean])[] = [
  ["", "a.test", [], true],
  ["http://a.test", "a.test", [], true],
  ["https://a.test:8443", "a.test:8443", [], true],
  ["http://A.test", "a.TEST", [], true],
  ["http://b.test", "a.test", [], false],
  ["http://a.test.evil", "a.test", [], false],
  ["http://a.test:81", "a.test", [], false],
  ["http://b.test", "a.test", ["http://b.test"], true],
  ["https://b.test", "a.test", ["http://b.test"], false],
  ["http://b.test", "a.test", ["*"], true],
  ["null", "a.test", [], false],
  ["file://", "", [], false],
  ["garbage", "garbage", [], false],
  ["http://", "a.test", [], false],
];
for (const [origin, host, listed, isAllowed] of origins) {
  test(`[HS6] origin "${origin}" at host "${host}", listed [${listed}]: ${isAllowed ? "allowed" : "refused"}`, () => {
    assert.equal(isOriginAllowed({ origin, host }, listed), isAllowed);
  });
}

test("[HS6] a page of another origin gets a bare 403 and no socket", () => {
  const rig = new GatewayRig();
  const client = rig.transport.connect({ protocols: "gridshard.1", origin: "http://evil.test" });
  assert.equal(client.status, 403);
});

test("[HS7] sockets are at /ws only", () => {
  const rig = new GatewayRig();
  assert.equal(rig.transport.connect({ protocols: "gridshard.1", path: "/" }).status, 404);
  assert.equal(rig.transport.request({ path: "/ws" }).status, 426);
});

test("[HS8] more handshakes than handshakesPerSecond are turned away with overloaded; later ones are not", () => {
  const rig = new GatewayRig({ net: { handshakesPerSecond: 2 } });
  const codes = ["a", "b", "c"].map((player) => rig.connect(player).closed?.code);
  assert.deepEqual(codes, [undefined, undefined, closeCodes.overloaded.code]);
  rig.clock.advance(1000);
  assert.equal(rig.connect("c").isOpen, true);
});

// ---- tickets ----------------------------------------------------------------------------------------------

const post = (rig: GatewayRig, body: string | Uint8Array, more: object = {}) => {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const {
    status,
    headers,
    body: text,
  } = rig.transport.request({ method: "POST", path: "/guest", body: bytes, ...more });
  return {
    status,
    headers,
    answer: text === "" ? {} : (JSON.parse(text as string) as Record<string, string>),
  };
};

test("[TK4] POST /guest gives a ticket that opens the door", () => {
  const rig = new GatewayRig();
  const { status, answer } = post(rig, '{"name":"Ann"}');
  assert.equal(status, 200);
  assert.match(answer.playerId!, /^[0-9a-f]{32}$/);
  assert.equal(answer.name, "Ann");
  const client = rig.transport.connect({ protocols: `gridshard.1, ticket.${answer.ticket}, client.a-1.0.0` });
  rig.loadAll(5, 5);
  rig.admitAll();
  assert.equal(told(client).welcomes[0]!.playerId, answer.playerId);
});

test("[TK5] an old valid ticket keeps the player under a new name; an expired or forged one does not", () => {
  const rig = new GatewayRig();
  const first = post(rig, '{"name":"Ann"}').answer;
  const renamed = post(rig, JSON.stringify({ name: "Bea", ticket: first.ticket })).answer;
  assert.deepEqual([renamed.playerId, renamed.name], [first.playerId, "Bea"]);
  const verdict = judgeTicket(renamed.ticket!, { key: rig.key, wallMs: rig.clock.wallMs() });
  assert.equal(verdict.is === "valid" && verdict.ticket.name, "Bea");
  const forged = post(rig, JSON.stringify({ name: "Bea", ticket: `${first.ticket}x` })).answer;
  assert.notEqual(forged.playerId, first.playerId);
  rig.clock.advance(721 * 3_600_000);
  const expired = post(rig, JSON.stringify({ name: "Bea", ticket: first.ticket })).answer;
  assert.notEqual(expired.playerId, first.playerId);
});

const badBodies: readonly (readonly [string, string | Uint8Array])[] = [
  ["nothing", ""],
  ["no JSON", "name=Ann"],
  ["half a JSON", '{"name":'],
  ["a list", "[]"],
  ["null", "null"],
  ["a text", '"Ann"'],
  ["no name", "{}"],
  ["a name that is refused", '{"name":" Ann"}'],
  ["a name that is a number", '{"name":7}'],
  ["bytes that are no UTF-8", Uint8Array.of(0xff, 0xfe, 0x7b)],
];
for (const [what, body] of badBodies) {
  test(`[TK6] a body of ${what} is answered with 400 and the reason`, () => {
    const { status, answer } = post(new GatewayRig(), body);
    assert.equal(status, 400);
    assert.ok(answer.error!.length > 0);
  });
}

test("[TK7] tickets are limited per address", () => {
  const rig = new GatewayRig({ net: { guestTicketsPerMinutePerAddress: 2 } });
  const statuses = () => post(rig, '{"name":"Ann"}').status;
  assert.deepEqual([statuses(), statuses(), statuses()], [200, 200, 429]);
  assert.equal(post(rig, '{"name":"Ann"}', { address: "10.0.0.9" }).status, 200);
  rig.clock.advance(30_000);
  assert.equal(statuses(), 200);
});

test("[TK8] tickets are for pages of allowed origins, which may read the answer", () => {
  const rig = new GatewayRig({ net: { origins: ["http://b.test"] } });
  assert.equal(post(rig, '{"name":"Ann"}', { origin: "http://evil.test" }).status, 403);
  const { status, headers } = post(rig, '{"name":"Ann"}', { origin: "http://b.test" });
  assert.deepEqual([status, headers["access-control-allow-origin"]], [200, "http://b.test"]);
  const preflight = rig.transport.request({ method: "OPTIONS", path: "/guest", origin: "http://b.test" });
  assert.equal(preflight.status, 204);
  assert.equal(rig.transport.request({ method: "PUT", path: "/guest" }).status, 405);
});

test("[TK9] a server that drains gives out no tickets", () => {
  const rig = new GatewayRig();
  rig.gateway.beginDrain();
  assert.equal(post(rig, '{"name":"Ann"}').status, 503);
});
