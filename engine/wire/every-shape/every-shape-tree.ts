/** Trees for tests: encoded by the generated code, with every field used now and then. */
import { Builder } from "flatbuffers";
import { Badge } from "./generated/badge.js";
import { Color } from "./generated/color.js";
import { Leaf } from "./generated/leaf.js";
import { Point } from "./generated/point.js";
import { Tree } from "./generated/tree.js";

/** Gives the next integer in [0, count). */
export type Dice = (count: number) => number;

/** A tree with every field set, `depth` tables deep below it. */
export function encodeFullTree(depth: number): Uint8Array {
  return encodeTree(depth, () => 1);
}

/** A tree whose fields are there or not, as the dice fall (0: not). */
export function encodeTree(depth: number, dice: Dice): Uint8Array {
  const builder = new Builder(256);
  builder.finish(buildTree(builder, depth, dice));
  return Uint8Array.from(builder.asUint8Array());
}

function buildLeaf(builder: Builder, dice: Dice): number {
  const name = builder.createString("leaf é 🍃".repeat(dice(3)));
  return Leaf.createLeaf(builder, name, BigInt(dice(1000)), Color.Blue, dice(2) === 1, dice(9));
}

function buildTree(builder: Builder, depth: number, dice: Dice): number {
  const some = <T>(make: () => T): T | undefined => (dice(4) === 0 ? undefined : make());
  const three = (): number[] => Array.from({ length: dice(4) }, () => dice(100));
  const kids = depth === 0 ? [] : Array.from({ length: dice(3) }, () => buildTree(builder, depth - 1, dice));
  const offsets = {
    addLeaf: some(() => buildLeaf(builder, dice)),
    addLeaves: some(() =>
      Tree.createLeavesVector(
        builder,
        three().map(() => buildLeaf(builder, dice)),
      ),
    ),
    addKids: some(() => Tree.createKidsVector(builder, kids)),
    addNames: some(() =>
      Tree.createNamesVector(
        builder,
        three().map((n) => builder.createString(`ñ${n}`)),
      ),
    ),
    addPoints: some(() => buildPoints(builder, dice(4))),
    addBadges: some(() => buildBadges(builder, dice(4))),
    addDoubles: some(() => Tree.createDoublesVector(builder, three())),
    addFloats: some(() => Tree.createFloatsVector(builder, three())),
    addShorts: some(() => Tree.createShortsVector(builder, three())),
    addLongs: some(() => Tree.createLongsVector(builder, three().map(BigInt))),
    addColors: some(() => Tree.createColorsVector(builder, [Color.Red, Color.Green])),
    addBytes: some(() => Tree.createBytesVector(builder, three())),
    addFlags: some(() => Tree.createFlagsVector(builder, [true, false])),
  };
  Tree.startTree(builder);
  for (const [name, offset] of Object.entries(offsets)) {
    if (offset !== undefined) Tree[name as keyof typeof offsets](builder, offset);
  }
  if (dice(2) === 1) Tree.addPoint(builder, Point.createPoint(builder, 1.5, -2, 3.25));
  if (dice(2) === 1) Tree.addBadge(builder, Badge.createBadge(builder, Color.Green, 1, 2, 3, 4));
  if (dice(2) === 1) Tree.addWeight(builder, 2.5);
  if (dice(2) === 1) Tree.addHeight(builder, -1e300);
  return Tree.endTree(builder);
}

function buildPoints(builder: Builder, count: number): number {
  Tree.startPointsVector(builder, count);
  for (let index = 0; index < count; index++) Point.createPoint(builder, index, 0.5, -1);
  return builder.endVector();
}

function buildBadges(builder: Builder, count: number): number {
  Tree.startBadgesVector(builder, count);
  for (let index = 0; index < count; index++) Badge.createBadge(builder, Color.Blue, index, 1, 2, 3);
  return builder.endVector();
}
