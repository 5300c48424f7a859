import type { HostTensor } from "@diffusion-forcing/core";
import { drawText, textWidth } from "../pictures/drawn-text.js";
import { element } from "../pictures/svg.js";
import { palette, svgDocument } from "../pictures/svg-document.js";
import { corners } from "./crosses.js";
import { type Shape, shapesOf } from "./shapes.js";

/** Trajectories with what they are, as one square of the picture. */
export interface Panel {
  readonly title: string;
  /** A line under the title. */
  readonly note: string;
  /** [B, T, 2] */
  readonly trajectories: HostTensor;
}

/** How many of each shape there were at each setting of the dial. */
export interface DialPoint {
  /** Positions remembered. */
  readonly memory: number;
  /** Shares of all trajectories, 0 to 1. */
  readonly shares: Readonly<Record<Shape, number>>;
}

const shapeColors: Readonly<Record<Shape, string>> = {
  cross: "#3e7cc8",
  v: "#f0a41c",
  back: "#1ea09e",
  other: "#b9c3d4",
};
const shapeNames: Readonly<Record<Shape, string>> = { cross: "cross", v: "V", back: "there and back", other: "other" };
const shapes = Object.keys(shapeColors) as Shape[];

/** SVG units of a panel's side, of the room around and above it. */
const side = 220;
const gap = 28;
const head = 62;
const foot = 44;
/** Half of the square's width that a panel shows. */
const shown = 1.3;
/** Sizes of text, see `drawText`. */
const [TITLE, SMALL] = [1.4, 0.95];
/** Trajectories drawn in a panel: more would hide each other. */
const drawn = 60;

/**
 * Panels of trajectories side by side, each line coloured by its shape and a dot where it ends, and after them, if it was
 * measured, how the shapes depend on the memory.
 *
 * @returns an SVG document
 */
export function compositionPicture(panels: readonly Panel[], dial: readonly DialPoint[] = []): string {
  const columns = panels.length + (dial.length > 0 ? 1.3 : 0);
  const width = Math.round(gap + columns * (side + gap));
  const height = head + side + foot;
  const parts = panels.map((panel, i) => drawPanel(panel, gap + i * (side + gap)));
  const chart = dial.length > 0 ? [drawDial(dial, gap + panels.length * (side + gap) + 16)] : [];
  const title = "Trajectories on a square, coloured by their shape";
  return svgDocument({ width, height, title }, ...parts, ...chart, legend(height - 18));
}

/** Two lines above a panel or chart. */
function heading(left: number, title: string, note: string): string[] {
  return [drawText(title, left, 12, palette.ink, TITLE), drawText(note, left, 36, palette.faint)];
}

function drawPanel({ title, note, trajectories }: Panel, left: number): string {
  const x = (value: number): number => left + ((value + shown) / (2 * shown)) * side;
  const y = (value: number): number => head + ((shown - value) / (2 * shown)) * side;
  const found = shapesOf(trajectories);
  const [count, length] = trajectories.shape as [number, number];
  const lines = Array.from({ length: Math.min(count, drawn) }, (_, b) => {
    const points = Array.from({ length }, (_, t) => {
      const at = (b * length + t) * 2;
      return [x(trajectories.data[at] as number), y(trajectories.data[at + 1] as number)] as const;
    });
    const stroke = shapeColors[found[b] as Shape];
    const [endX, endY] = points.at(-1) as readonly [number, number];
    return [
      element("polyline", {
        points: points.map((point) => point.map((value) => value.toFixed(1)).join(",")).join(" "),
        fill: "none",
        stroke,
        "stroke-opacity": 0.6,
        "stroke-width": 1.4,
      }),
      element("circle", { cx: endX, cy: endY, r: 2.2, fill: stroke }),
    ].join("");
  });
  return [
    ...heading(left, title, note),
    element("rect", { x: left, y: head, width: side, height: side, fill: palette.card, stroke: palette.edge }),
    ...corners.map(([cx, cy]) =>
      element("circle", { cx: x(cx), cy: y(cy), r: 4, fill: "none", stroke: palette.faint }),
    ),
    ...lines,
  ].join("");
}

function drawDial(dial: readonly DialPoint[], left: number): string {
  const width = side * 1.3;
  // Memory doubles from tick to tick: most happens at its short end.
  const most = Math.log2(Math.max(...dial.map(({ memory }) => memory), 2));
  const x = (memory: number): number => left + (Math.log2(memory) / most) * width;
  const y = (share: number): number => head + (1 - share) * side;
  const lines = shapes.map((shape) =>
    element("polyline", {
      points: dial.map(({ memory, shares }) => `${x(memory).toFixed(1)},${y(shares[shape]).toFixed(1)}`).join(" "),
      fill: "none",
      stroke: shapeColors[shape],
      "stroke-width": 2.5,
    }),
  );
  const dots = dial.flatMap(({ memory, shares }) =>
    shapes.map((shape) => element("circle", { cx: x(memory), cy: y(shares[shape]), r: 3, fill: shapeColors[shape] })),
  );
  return [
    ...heading(left, "The dial", "% of each shape by positions remembered"),
    ...[0, 0.5, 1].flatMap((share) => {
      const percent = String(100 * share);
      return [
        element("line", { x1: left, x2: left + width, y1: y(share), y2: y(share), stroke: palette.edge }),
        drawText(percent, left - 6 - textWidth(percent, SMALL), y(share) - 3, palette.faint, SMALL),
      ];
    }),
    ...dial.map(({ memory }) => {
      const tick = String(memory);
      return drawText(tick, x(memory) - textWidth(tick, SMALL) / 2, head + side + 6, palette.faint, SMALL);
    }),
    ...lines,
    ...dots,
  ].join("");
}

function legend(y: number): string {
  return shapes
    .map((shape, i) => {
      const left = gap + i * 130;
      return [
        element("rect", { x: left, y: y - 9, width: 16, height: 4, fill: shapeColors[shape] }),
        drawText(shapeNames[shape], left + 22, y - 11, palette.ink),
      ].join("");
    })
    .join("");
}
