/**
 * What it costs to verify one table, against the budget of 200 ns and against reading the same table with the
 * generated accessors, which somebody will do next anyway.
 */
import { Builder, ByteBuffer } from "flatbuffers";
import { encodePlayerChangedBody, encodeRefusedBody, serverMessageLimits } from "../../engine/wire/codec.js";
import { Item } from "../../engine/wire/generated/item.js";
import { PlayerChanged } from "../../engine/wire/generated/player-changed.js";
import { Refused } from "../../engine/wire/generated/refused.js";
import {
  ItemSchema,
  PlayerChangedSchema,
  RefusedSchema,
} from "../../engine/wire/generated/session-schema.js";
import { verifyInbound } from "../../engine/wire/inbound.js";
import { encodeMoveIntent } from "../../engine/wire/intent-codec.js";
import { compileVerifier, verdicts } from "../../engine/wire/verifier.js";
import { type BenchOptions, type Measured, measuredOf, type Want } from "../measured.js";
import { nanosecondsOf } from "./nanoseconds.js";

const BUDGET_NS = 200;
const FLOOR = "generated accessors";

interface Case {
  readonly name: string;
  readonly verify: () => number;
  readonly read?: () => number;
  /** Small messages, as clients send them, have to keep the budget. */
  readonly isBudgeted: boolean;
}

export async function run(options: BenchOptions): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const { name, verify, read, isBudgeted } of cases()) {
    if (verify() !== verdicts.good) throw new Error(`${name}: the sample is valid`);
    const figures = await nanosecondsOf(read === undefined ? { verify } : { verify, read }, options);
    const each = { suite: "wire/verifier", case: `verify ${name}` };
    const wants: readonly Want[] = [
      ...(isBudgeted ? [{ figure: "ns", atMost: BUDGET_NS } as const] : []),
      ...(read === undefined ? [] : [{ figure: "ns", floor: FLOOR } as const]),
    ];
    measured.push(measuredOf({ ...each, subject: "verifier", rounds: figures.get("verify")!, wants }));
    if (read !== undefined)
      measured.push(measuredOf({ ...each, subject: FLOOR, rounds: figures.get("read")! }));
  }
  return measured;
}

function cases(): Case[] {
  const item = encodeItem();
  const verifyItem = compileVerifier(ItemSchema);
  const refused = encodeRefusedBody({ intentSeq: 70_000, code: 1000, reason: "somebody is faster" });
  const verifyRefused = compileVerifier(RefusedSchema);
  const inventory = Array.from({ length: 24 }, (_, index) => ({ item: index + 1, count: 5 }));
  const player = encodePlayerChangedBody({ level: 7, experience: 1234, gold: 99, inventory });
  const verifyPlayer = compileVerifier(PlayerChangedSchema, serverMessageLimits);
  const move = encodeMoveIntent({ dx: 90, dy: -90, seq: 1234 });
  return [
    { name: "a move intent", verify: () => verifyInbound(move), isBudgeted: true },
    {
      name: "a table of two numbers",
      verify: () => verifyItem(item, 0, item.length),
      read: () => {
        const table = Item.getRootAsItem(new ByteBuffer(item));
        return table.item() + table.count();
      },
      isBudgeted: true,
    },
    {
      name: "a table of two numbers and a string",
      verify: () => verifyRefused(refused, 0, refused.length),
      read: () => {
        const table = Refused.getRootAsRefused(new ByteBuffer(refused));
        return table.intentSeq() + table.code() + table.reason()!.length;
      },
      isBudgeted: true,
    },
    {
      name: "a table of 24 tables",
      verify: () => verifyPlayer(player, 0, player.length),
      read: () => {
        const table = PlayerChanged.getRootAsPlayerChanged(new ByteBuffer(player));
        let sum = table.level() + table.experience() + table.gold();
        for (let index = 0; index < table.inventoryLength(); index++) {
          const stack = table.inventory(index)!;
          sum += stack.item() + stack.count();
        }
        return sum;
      },
      isBudgeted: false,
    },
  ];
}

function encodeItem(): Uint8Array {
  const builder = new Builder(64);
  builder.finish(Item.createItem(builder, 17, 3));
  return Uint8Array.from(builder.asUint8Array());
}
