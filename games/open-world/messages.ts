/** What the open world tells people. */
import { Builder } from "flatbuffers";
import { Gift } from "./generated/gift.js";

export function encodeGift(gift: {
  readonly from: number;
  readonly item: number;
  readonly count: number;
  readonly gold: number;
}): Uint8Array {
  const builder = new Builder(64);
  builder.finish(Gift.createGift(builder, gift.from, gift.item, gift.count, gift.gold));
  return builder.asUint8Array();
}
