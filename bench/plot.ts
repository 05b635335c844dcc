/** Plots as SVG text: axes, lines with points, a legend; colours that can be read on white and on black. */

/** `isHollow`: drawn as a ring, for what is not as good as the others. */
export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  readonly isHollow?: boolean;
}

export interface PlotLine {
  readonly name: string;
  readonly points: readonly PlotPoint[];
  /** For floors and limits. */
  readonly isDashed?: boolean;
}

export interface Plot {
  /** Name of the file, without its ending. */
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly PlotLine[];
  /** The x axis begins here; 0 where nothing is said. */
  readonly xMin?: number;
  /** Where the x axis has its marks; round numbers where nothing is said. */
  readonly xMarks?: readonly number[];
}

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 64;
const RIGHT = 24;
const TOP = 90;
const BOTTOM = 56;
const MARKS = 6;

/** Of middling lightness, told apart by those who see no red or green too. */
const COLOURS = ["#2b7de9", "#e0701a", "#2a9d63", "#b05ccc", "#c2a000", "#d6456b"] as const;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #6e7781 }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #8884; stroke-width: 1 }
  .axis { stroke: #888; stroke-width: 1 }
  .ring { fill: #fff; stroke-width: 2 }
`;

export function drawPlot(plot: Plot): string {
  const points = plot.lines.flatMap((line) => line.points).filter(({ y }) => Number.isFinite(y));
  const xMin = plot.xMin ?? 0;
  const xMarks = plot.xMarks ?? marksUpTo(Math.max(...points.map(({ x }) => x), xMin));
  const yMarks = marksUpTo(Math.max(...points.map(({ y }) => y), 0));
  const xMax = Math.max(xMarks.at(-1)!, ...points.map(({ x }) => x));
  const yMax = yMarks.at(-1)!;
  const across = (x: number) => LEFT + ((x - xMin) / (xMax - xMin || 1)) * (WIDTH - LEFT - RIGHT);
  const down = (y: number) => HEIGHT - BOTTOM - (y / yMax) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(plot.title)}">`,
    `<style>${STYLE}</style>`,
    text(LEFT, 24, plot.title, 'class="title"'),
    ...yMarks.flatMap((mark) => [
      stroke([LEFT, down(mark)], [WIDTH - RIGHT, down(mark)], mark === 0 ? "axis" : "grid"),
      text(LEFT - 8, down(mark) + 4, words(mark), 'text-anchor="end"'),
    ]),
    ...xMarks.flatMap((mark) => [
      stroke([across(mark), HEIGHT - BOTTOM], [across(mark), HEIGHT - BOTTOM + 5], "axis"),
      text(across(mark), HEIGHT - BOTTOM + 20, words(mark), 'text-anchor="middle"'),
    ]),
    stroke([LEFT, TOP], [LEFT, HEIGHT - BOTTOM], "axis"),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, plot.xLabel, 'text-anchor="middle"'),
    text(LEFT, TOP - 14, plot.yLabel),
    ...legend(plot.lines),
    ...plot.lines.flatMap((line, index) => drawLine(line, index, { across, down })),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

interface Scales {
  readonly across: (x: number) => number;
  readonly down: (y: number) => number;
}

function drawLine({ points, isDashed }: PlotLine, index: number, { across, down }: Scales): string[] {
  const known = points.filter(({ y }) => Number.isFinite(y));
  const colour = COLOURS[index % COLOURS.length]!;
  const path = known.map(({ x, y }) => `${pixel(across(x))},${pixel(down(y))}`).join(" ");
  const dots = known.map(
    ({ x, y, isHollow }) =>
      `<circle cx="${pixel(across(x))}" cy="${pixel(down(y))}" r="3.5" ${isHollow ? `class="ring" stroke="${colour}"` : `fill="${colour}"`}/>`,
  );
  return [`<polyline points="${path}" fill="none" ${strokeOf(colour, isDashed)}/>`, ...dots];
}

/** Names of the lines, side by side under the title. */
function legend(lines: readonly PlotLine[]): string[] {
  let x = LEFT;
  return lines.flatMap(({ name, isDashed }, index) => {
    const at = x;
    // Letters of the font are about seven wide.
    x += 44 + name.length * 7;
    return [
      `<line x1="${at}" y1="46" x2="${at + 24}" y2="46" ${strokeOf(COLOURS[index % COLOURS.length]!, isDashed)}/>`,
      text(at + 30, 50, name),
    ];
  });
}

function strokeOf(colour: string, isDashed = false): string {
  return `stroke="${colour}" stroke-width="2"${isDashed ? ' stroke-dasharray="6 4"' : ""}`;
}

function stroke(
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  style: string,
): string {
  return `<line x1="${pixel(x1)}" y1="${pixel(y1)}" x2="${pixel(x2)}" y2="${pixel(y2)}" class="${style}"/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${pixel(x)}" y="${pixel(y)}"${attributes === "" ? "" : ` ${attributes}`}>${escaped(content)}</text>`;
}

/** Round numbers from 0 to the first that is not below `most`. */
export function marksUpTo(most: number): number[] {
  if (!(most > 0) || !Number.isFinite(most)) return [0, 1];
  const rough = most / (MARKS - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

function words(mark: number): string {
  return mark.toLocaleString("en", { maximumSignificantDigits: 6 });
}

function pixel(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(content: string): string {
  return content
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
