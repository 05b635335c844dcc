import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { issueTicket, judgeTicket, type Ticket } from "./tickets.js";

const key = new Uint8Array(32).fill(3);
const ticket: Ticket = { playerId: "ab".repeat(16), name: "Zoë", issuedAt: 1000, expiresAt: 5000 };
const good = issueTicket(ticket, key);
const judge = (text: string, wallMs = 2000, with_ = key) => judgeTicket(text, { key: with_, wallMs });
const signed = (payload: string) => {
  const first = Buffer.from(payload).toString("base64url");
  return `${first}.${createHmac("sha256", key).update(first).digest("base64url")}`;
};

test("[TK1] a ticket says who somebody is, until it expires", () => {
  assert.deepEqual(judge(good), { is: "valid", ticket });
  assert.deepEqual(judge(good, 4999), { is: "valid", ticket });
  assert.deepEqual(judge(good, 5000), { is: "expired", ticket });
});

test("[TK2] a ticket changed in any one character is invalid", () => {
  for (let at = 0; at < good.length; at++) {
    const changed = good.slice(0, at) + (good[at] === "A" ? "B" : "A") + good.slice(at + 1);
    assert.equal(judge(changed).is, "invalid", changed);
  }
});

test("[TK2] a ticket of another server's key is invalid", () => {
  assert.equal(judge(good, 2000, new Uint8Array(32).fill(4)).is, "invalid");
});

const [payload, signature] = good.split(".") as [string, string];
const malformed: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["a dot", "."],
  ["no signature", payload],
  ["an empty signature", `${payload}.`],
  ["three parts", `${good}.${signature}`],
  ["padding", `${payload}.${signature}=`],
  ["spaces", ` ${good}`],
  ["a far too long text", `${"a".repeat(5000)}.${signature}`],
  ["a signature that is too short", `${payload}.${signature.slice(0, 20)}`],
  ["signed, not JSON", signed("hello")],
  ["signed, a number", signed("7")],
  ["signed, null", signed("null")],
  ["signed, no fields", signed("{}")],
  ["signed, a bad player", signed(JSON.stringify({ ...ticket, playerId: "XY" }))],
  ["signed, a player in capitals", signed(JSON.stringify({ ...ticket, playerId: "AB".repeat(16) }))],
  ["signed, a bad name", signed(JSON.stringify({ ...ticket, name: " " }))],
  ["signed, a time that is none", signed(JSON.stringify({ ...ticket, expiresAt: "soon" }))],
  ["signed, expiring before it was issued", signed(JSON.stringify({ ...ticket, expiresAt: 1 }))],
];
for (const [what, text] of malformed) {
  test(`[TK3] what is no ticket is invalid, never an exception: ${what}`, () => {
    assert.equal(judge(text, 0).is, "invalid");
  });
}
