import { drawText } from "../../pictures/drawn-text.js";
import { element } from "../../pictures/svg.js";
import { goalRadius } from "../environment.js";
import { mazeTimeStep } from "../physics.js";
import { canvasOf, cellSize, legendWidth } from "./canvas.js";
import { colors, timeColor } from "./colors.js";
import type { PlanStory } from "./story.js";

const lineHeight = 17;
const symbolWidth = 20;
const barPieces = 24;

/**
 * What the picture's marks mean, to the right of the maze: the colours of time, the path driven, start, goal and its
 * radius, and where plans were made anew.
 *
 * @param status lines about this very picture, below the others.
 */
export function drawLegend(story: PlanStory, status: readonly string[]): string {
  const { maze } = canvasOf(story.maze);
  const left = maze.left + maze.width + 12;
  const top = 14;
  const { plans, denoising } = story;
  const finished = plans[0]?.positions ?? (denoising.at(-1) as Float32Array);
  const replans = plans.filter(({ step }) => step > 0).length;
  const rows: [symbol: (x: number, y: number) => string, text: string][] = [
    [startSymbol, "start"],
    [goalSymbol, `goal, radius ${goalRadius}`],
    [driveSymbol, "driven"],
    ...(replans === 0 ? [] : [[replanSymbol, `planned anew: ${replans}x`] as (typeof rows)[number]]),
  ];
  const lines = [
    drawText(story.maze.name, left, top, colors.ink, 1.4),
    ...timeBar(left, top + 1.4 * lineHeight, (finished.length / 2 - 1) * mazeTimeStep),
  ];
  rows.forEach(([symbol, text], index) => {
    const y = top + (3.9 + index) * lineHeight;
    lines.push(symbol(left + symbolWidth / 2 - 3, y + 3.5), drawText(text, left + symbolWidth, y, colors.ink));
  });
  status.forEach((text, index) => {
    lines.push(drawText(text, left, top + (4.4 + rows.length + index) * lineHeight, colors.faint));
  });
  return lines.join("");
}

/** The colours of a plan's time from now to its end. */
function timeBar(left: number, y: number, seconds: number): string[] {
  const width = (legendWidth - 40) / barPieces;
  return [
    drawText("plan, by time", left, y, colors.ink),
    ...Array.from({ length: barPieces }, (_, piece) =>
      element("rect", {
        x: left + piece * width,
        y: y + 12,
        width: width + 0.3,
        height: 5,
        fill: timeColor((piece + 0.5) / barPieces),
      }),
    ),
    drawText("0", left, y + 21, colors.faint, 1),
    drawText(`${seconds.toFixed(1)} s`, left + barPieces * width - 26, y + 21, colors.faint, 1),
  ];
}

const circle = (cx: number, cy: number, r: number, style: Record<string, string | number>): string =>
  element("circle", { cx, cy, r, ...style });

function startSymbol(x: number, y: number): string {
  return (
    circle(x, y, 5, { fill: colors.paper, stroke: colors.start, "stroke-width": 2 }) +
    circle(x, y, 2, { fill: colors.start })
  );
}

function goalSymbol(x: number, y: number): string {
  const area = { fill: colors.goal, "fill-opacity": 0.14, stroke: colors.goal, "stroke-width": 2 };
  return circle(x, y, 6, area) + circle(x, y, 2, { fill: colors.goal });
}

function driveSymbol(x: number, y: number): string {
  const ends = { x1: x - 7, x2: x + 7, y1: y, y2: y };
  return element("line", { ...ends, stroke: colors.ink, "stroke-width": 0.06 * cellSize, "stroke-linecap": "round" });
}

function replanSymbol(x: number, y: number): string {
  return circle(x, y, 3, { fill: colors.paper, stroke: colors.ink, "stroke-width": 1.5 });
}
