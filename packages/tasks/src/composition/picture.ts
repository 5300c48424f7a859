import type { HostTensor } from "@diffusion-forcing/core";
import { element } from "../maze2d/pictures/svg.js";
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

const ink = "#1f2a44";
const faint = "#7c869c";
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
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      "font-family": "system-ui, sans-serif",
    },
    element("title", {}, "Trajectories on a square, coloured by their shape"),
    element("rect", { width, height, fill: "#ffffff" }),
    ...parts,
    ...chart,
    legend(height - 18),
  );
}

function text(x: number, y: number, size: number, content: string, fill = ink, anchor?: string): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return element("text", { x, y, "font-size": size, fill, "text-anchor": anchor }, escaped);
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
    text(left, 24, 15, title),
    text(left, 44, 12, note, faint),
    element("rect", { x: left, y: head, width: side, height: side, fill: "#fdfdfb", stroke: "#d3dae6" }),
    ...corners.map(([cx, cy]) => element("circle", { cx: x(cx), cy: y(cy), r: 4, fill: "none", stroke: faint })),
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
    text(left, 24, 15, "The dial"),
    text(left, 44, 12, "share of each shape by positions remembered", faint),
    ...[0, 0.5, 1].flatMap((share) => [
      element("line", { x1: left, x2: left + width, y1: y(share), y2: y(share), stroke: "#d3dae6" }),
      text(left - 4, y(share) + 4, 11, `${100 * share}`, faint, "end"),
    ]),
    ...dial.map(({ memory }) => text(x(memory), head + side + 14, 11, String(memory), faint, "middle")),
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
        text(left + 22, y - 3, 12, shapeNames[shape]),
      ].join("");
    })
    .join("");
}
