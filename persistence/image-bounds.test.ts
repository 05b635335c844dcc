import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { fromStore, readLoaded } from "../engine/lane/from-store.js";
import { RecordParts } from "../engine/lane/parts.js";
import { limits } from "../engine/limits.js";
import { persistenceMetric as metric } from "../engine/metrics.js";
import type { Told } from "./persistence-rig.js";
import { bytes, checkpoint, inputs, shown, withRig } from "./recovery-rig.js";
import { idOf } from "./store-contract-rows.js";

describe("bounds of the recovery image", () => {
  test("[RV11] too much to be restored counts as a full journal, until there is less", () =>
    withRig({ limits: { imageBytesMax: 20_000 } }, async (rig) => {
      for (let round = 0; round < 200; round++) {
        inputs(rig, 4, ...Array.from({ length: 50 }, () => 1));
        rig.endTick(0);
      }
      await rig.settle();
      assert.equal(rig.control.journalState, "full");
      assert.match(rig.logged.join(), /more is to be brought back.*checkpointSeconds/);
      assert.equal(rig.counters.get(metric.image_full), 1);
      checkpoint(rig, 4, 1);
      rig.endTick(0);
      rig.endNet();
      await rig.settle();
      assert.equal(rig.control.journalState, "accepting");
      assert.equal(rig.counters.get(metric.image_full), 0);
    }));

  test("[RV18] what was kept while the rings were larger is given back in parts", () =>
    withRig({ backBytes: 1024, shards: 1 }, async (rig) => {
      const long = Array.from({ length: 1000 }, (_, index) => index & 255);
      inputs(rig, 4, 1, 2);
      checkpoint(rig, 6, ...long);
      inputs(rig, 6, ...long, 7);
      rig.endTick(0);
      await rig.settle();
      const parts = new RecordParts();
      const told: Told[] = [];
      const listen = () => {
        rig.persistence.duty(rig.clock.nowMs());
        for (const { type, from } of rig.shardRecords(0)) {
          const whole = type === fromStore.restorePart ? parts.add(from) : { type, from };
          if (whole !== undefined) told.push({ ...whole, from: new ByteReader(whole.from.rest()) });
        }
      };
      rig.hello(0, 2);
      listen();
      // The thread dies amid the parts of a record.
      rig.hello(0, 3);
      for (let round = 0; round < 200; round++) listen();
      const lines = shown(told);
      assert.ok(lines.indexOf("end 2") >= 0);
      assert.deepEqual(lines.slice(lines.indexOf("end 2") + 1), [
        "room 4 from its inputs",
        "inputs 4 t0 1,2",
        `room 6 cp ${long}`,
        `inputs 6 t0 ${long},7`,
        "end 3",
      ]);
    }));

  test("[RV19] grants that fill the image refuse what comes next, and none that was given is lost", () =>
    withRig({ limits: { imageBytesMax: 20_000 } }, async (rig) => {
      const given = 60;
      for (let number = 0; number < given; number++)
        rig.grant(0, { grantId: idOf(number), playerId: idOf(7), kind: number, fromRoom: 0, body: bytes(1) });
      rig.endTick(0);
      await rig.settle();
      assert.equal(rig.control.journalState, "full");
      assert.equal(rig.counters.get(metric.image_full), 1);
      assert.equal(rig.counters.get(metric.image_grants), given);
      assert.equal(rig.counters.get(metric.grants_waiting_max), given);
      assert.ok(rig.counters.get(metric.image_grant_bytes) > 20_000);
      const taken: number[] = [];
      for (let login = 1; taken.length < given; login++) {
        rig.load(login, 7);
        await rig.settle();
        const last = rig.netRecords().findLast(({ type }) => type === fromStore.loaded)!;
        const { grants } = readLoaded(last.from);
        assert.ok(grants.length > 0 && grants.length <= limits.grantsWaitingMax);
        for (const { grantId, kind, playerId } of grants) {
          taken.push(kind);
          rig.granted(0, grantId, playerId);
        }
        rig.endTick(0);
        await rig.settle();
      }
      assert.deepEqual(
        taken,
        Array.from({ length: given }, (_, number) => number),
      );
      assert.equal(rig.control.journalState, "accepting");
    }));
});
