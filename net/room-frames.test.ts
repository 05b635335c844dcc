import assert from "node:assert/strict";
import { test } from "node:test";
import { messageTypes } from "../engine/wire/message-types.js";
import { GatewayRig, told } from "./gateway-rig.js";

const seat = { session: 1, roomId: 5, cell: 9, roomType: "table", staysWhenDropped: true };
const frame = Uint8Array.of(messageTypes.roomFrame, 0, 1, 0, 5, 0, 0, 0, 42);

test("[EG6] room frames reach members from the turn they join in until they leave, between the events that say so", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.shards[1]!.roomJoined(seat);
  rig.shards[1]!.roomMessage(5, frame);
  rig.endTick();
  assert.deepEqual(told(client).types.slice(-2), [messageTypes.event, messageTypes.roomFrame]);
  rig.shards[1]!.roomMessage(5, frame);
  rig.endTick();
  assert.deepEqual(told(client).types, [messageTypes.roomFrame]);
  rig.shards[1]!.roomMessage(5, frame);
  rig.shards[1]!.roomLeft(1, 5, 0);
  rig.endTick();
  rig.shards[1]!.roomMessage(5, frame);
  rig.endTick();
  assert.deepEqual(told(client).types, [messageTypes.roomFrame, messageTypes.event]);
});

test("[EG6] a room frame leaves before the event that says that the member left, whatever was told before it in that turn", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.shards[1]!.roomJoined(seat);
  rig.endTick();
  told(client);
  rig.shards[1]!.event([1], 1, 40);
  rig.shards[1]!.roomMessage(5, frame);
  rig.shards[1]!.event([1], 1, 41);
  rig.shards[1]!.event([1], 1, 42);
  rig.shards[1]!.roomMessage(5, frame);
  rig.shards[1]!.roomLeft(1, 5, 0);
  rig.endTick();
  const { event, roomFrame } = messageTypes;
  const seen = told(client);
  assert.deepEqual(seen.types, [event, roomFrame, event, event, roomFrame, event]);
  assert.deepEqual(
    seen.events.map(({ seq }) => seq),
    [2, 3, 4, 5],
  );
});

test("[EG6] a slow member that has drained hears that it joined before the first frame of the room", () => {
  const rig = new GatewayRig({ net: { bufferedBytesMax: 4096 } });
  const { client } = rig.enter("a", 5, 5);
  rig.answerKeyframes(1);
  client.stall();
  for (let count = 0; count < 4; count++) {
    rig.shards[0]!.cellMessage(9, 0, rig.shards[0]!.frame(9, 1, false, 750));
    rig.endTick();
  }
  assert.equal(rig.count("sessions_slow"), 1);
  rig.shards[1]!.roomJoined(seat);
  rig.endTick();
  told(client);
  client.unstall();
  rig.shards[1]!.roomMessage(5, frame);
  rig.endTick();
  const { types } = told(client);
  assert.ok(types.includes(messageTypes.event) && types.includes(messageTypes.roomFrame));
  assert.ok(types.indexOf(messageTypes.event) < types.indexOf(messageTypes.roomFrame), `${types}`);
});
