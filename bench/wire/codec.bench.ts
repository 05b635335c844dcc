/**
 * A frame of 100 moves, the commonest big message there is: packed structs against JSON, time and bytes. Both begin
 * at the columns of the simulation and end at the numbers a client wants; the objects in between are JSON's way.
 */
import {
  decodeFrames,
  FRAMES_HEAD_BYTES,
  type FrameSink,
  frameLength,
  writeFrameHead,
  writeFramesHead,
  writeMove,
} from "../../engine/wire/frame-codec.js";
import { type BenchOptions, type FigureName, type Figures, type Measured, measuredOf } from "../measured.js";
import { nanosecondsOf } from "./nanoseconds.js";

const MOVES = 100;
const PART_OF_JSON_MAX = 0.2;
const CASE = `frame of ${MOVES} moves`;
const counts = { appears: 0, leaves: 0, changes: 0, moves: MOVES };

class SumSink implements FrameSink {
  sum = 0;
  onFrame(cell: number, tick: number): void {
    this.sum = cell + tick;
  }
  onAppear(): void {}
  onLeave(): void {}
  onChange(): void {}
  onMove(slot: number, dx: number, dy: number): void {
    this.sum += slot + dx + dy;
  }
}

interface JsonFrame {
  readonly cell: number;
  readonly tick: number;
  readonly moves: readonly { readonly slot: number; readonly dx: number; readonly dy: number }[];
}

export async function run(options: BenchOptions): Promise<Measured[]> {
  const slots = Uint16Array.from({ length: MOVES }, (_, index) => index * 7);
  const steps = Int8Array.from({ length: MOVES * 2 }, (_, index) => ((index * 37) % 255) - 127);
  const bytes = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(counts));
  const head = { cell: 300, isKeyframe: false, ...counts };
  const encodePacked = (): number => {
    let at = writeFrameHead(bytes, writeFramesHead(bytes, 0, 12_345), head);
    for (let index = 0; index < MOVES; index++) {
      at = writeMove(bytes, at, slots[index]!, steps[index * 2]!, steps[index * 2 + 1]!);
    }
    return at;
  };
  const jsonFrame = (): JsonFrame => ({
    cell: head.cell,
    tick: 12_345,
    moves: Array.from(slots, (slot, index) => ({ slot, dx: steps[index * 2]!, dy: steps[index * 2 + 1]! })),
  });
  encodePacked();
  const text = JSON.stringify(jsonFrame());
  const sink = new SumSink();
  const figures = await nanosecondsOf(
    {
      encodePacked,
      encodeJson: () => JSON.stringify(jsonFrame()).length,
      decodePacked: () => {
        decodeFrames(bytes, sink);
        return sink.sum;
      },
      decodeJson: () => {
        const frame = JSON.parse(text) as JsonFrame;
        let sum = frame.cell + frame.tick;
        for (const { slot, dx, dy } of frame.moves) sum += slot + dx + dy;
        return sum;
      },
    },
    options,
  );
  return [
    ...compare(`${CASE}: encode`, "ns", [figures.get("encodePacked")!, figures.get("encodeJson")!]),
    ...compare(`${CASE}: decode`, "ns", [figures.get("decodePacked")!, figures.get("decodeJson")!]),
    ...compare(`${CASE}: length`, "bytes", [[{ bytes: bytes.length }], [{ bytes: text.length }]]),
  ];
}

function compare(
  title: string,
  figure: FigureName,
  [packed, json]: readonly [readonly Figures[], readonly Figures[]],
): Measured[] {
  const each = { suite: "wire/codec", case: title };
  const wants = [{ figure, floor: "JSON", atMost: PART_OF_JSON_MAX }];
  return [
    measuredOf({ ...each, subject: "packed structs", rounds: packed, wants }),
    measuredOf({ ...each, subject: "JSON", rounds: json }),
  ];
}
