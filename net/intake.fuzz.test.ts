import assert from "node:assert/strict";
import { test } from "node:test";
import { toShard } from "../engine/lane/to-shard.js";
import { freshSeed, Prng } from "../engine/prng.js";
import {
  encodeFieldIntent,
  encodeMoveIntent,
  encodePing,
  encodeRefusedBody,
  encodeRoomIntent,
} from "../engine/wire/codec.js";
import { closeCodes } from "../engine/wire/codes.js";
import { GatewayRig, rigIntents } from "./gateway-rig.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());
const codes = new Set<number>(Object.values(closeCodes).map((entry) => entry.code));

test(`[RO13] no bytes whatever throw: each message is taken, refused, or ends its session with a code (seed ${seed})`, () => {
  const prng = new Prng(seed);
  const rig = new GatewayRig();
  const body = encodeRefusedBody({ intentSeq: 1, code: 2, reason: "why" });
  for (let round = 0; round < 600; round++) {
    const player = "0123456789abcdef"[round % 16]!;
    const client = rig.connect(player);
    rig.loadAll(15, 15);
    rig.admitAll();
    const seeds = [
      encodeMoveIntent({ dx: 1, dy: 1, seq: 1 }),
      encodeFieldIntent(rigIntents.table, 1, body),
      encodeFieldIntent(rigIntents.bare, 1),
      encodeRoomIntent({ room: 5, kind: 7, seq: 1 }),
      encodePing(7),
      Uint8Array.from({ length: prng.below(64) }, () => prng.below(256)),
    ];
    for (let sent = 0; sent < 20 && client.isOpen; sent++) {
      const message = seeds[prng.below(seeds.length)]!.slice(0);
      for (let flips = prng.below(4); flips > 0 && message.length > 0; flips--) {
        message[prng.below(message.length)] = prng.below(256);
      }
      client.send(prng.below(8) === 0 ? message.subarray(0, prng.below(message.length + 1)) : message);
    }
    if (client.closed !== null) assert.ok(codes.has(client.closed.code), `code ${client.closed.code}`);
    client.hangUp();
    rig.clock.advance(40_000);
    rig.duty();
    // Shards let everybody go who leaves.
    for (const { shard, type, payload } of rig.hear()) {
      if (type !== toShard.leave) continue;
      const view = new DataView(payload.buffer);
      const session = view.getUint32(4, true);
      rig.shards[shard]!.member(3, {
        session,
        joinEpoch: view.getUint32(8, true),
        entityId: session,
        cell: 0,
      });
    }
    rig.endTick();
    assert.equal(rig.gateway.sessionCount, 0, "nobody is left behind");
  }
});
