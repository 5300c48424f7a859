import { goalRadius, type Maze } from "@diffusion-forcing/tasks/maze2d";
import { canvasOf, cellSize, toCanvas } from "./canvas.js";
import { colors } from "./colors.js";
import { floorOutlines, type GridCorner } from "./maze-outline.js";
import type { PlanStory } from "./story.js";
import { element, escapeText, round } from "./svg.js";

const clipName = "dforce-frame";
const frameRadius = 0.42 * cellSize;
const cornerRadius = 0.26;
/** Larger than the particle's own 0.1, to be seen. */
const particleRadius = 0.17;

/** A whole SVG document: the maze, the story's start and goal, and `content` above them. */
export function drawScene(story: PlanStory, goalReached: boolean, ...content: string[]): string {
  const { width, height } = canvasOf(story.maze);
  const frame = element("rect", { width, height, rx: frameRadius });
  const title = story.title === undefined ? [] : [element("title", {}, escapeText(story.title))];
  return element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${round(width)} ${round(height)}`, width, height },
    ...title,
    element("clipPath", { id: clipName }, frame),
    element(
      "g",
      { "clip-path": `url(#${clipName})` },
      drawMaze(story.maze),
      drawGoal(story.goal, goalReached),
      drawStart(story.start),
      ...content,
    ),
  );
}

/** Walls as one slab with the rounded floor cut into it. */
export function drawMaze(maze: Maze): string {
  const { width, height } = canvasOf(maze);
  const floor = floorOutlines(maze).map(roundedPath).join("");
  return (
    element("rect", { width, height, fill: colors.wall }) +
    element("path", { d: floor, fill: colors.floor, stroke: colors.wallEdge, "stroke-width": 1.5 })
  );
}

/** A closed path through grid corners, each rounded by a quadratic curve. */
function roundedPath(corners: readonly GridCorner[]): string {
  const parts = corners.map((corner, index) => {
    const before = corners.at(index - 1) as GridCorner;
    const after = corners[(index + 1) % corners.length] as GridCorner;
    return `${gridPoint(towards(corner, before))}Q${gridPoint(corner)} ${gridPoint(towards(corner, after))}`;
  });
  return `M${parts.join("L")}Z`;
}

/** The point one corner radius away from `corner` in the direction of `other`, which lies on the same grid line. */
function towards(corner: GridCorner, other: GridCorner): GridCorner {
  return [
    corner[0] + cornerRadius * Math.sign(other[0] - corner[0]),
    corner[1] + cornerRadius * Math.sign(other[1] - corner[1]),
  ];
}

function gridPoint([column, row]: GridCorner): string {
  // A cell's edges lie at its index minus 0.7, its corners likewise.
  return `${round(toCanvas(column - 0.7))} ${round(toCanvas(row - 0.7))}`;
}

/** A circle around position (x, y), its radius in cells. */
export function drawCircle(x: number, y: number, radius: number, style: Record<string, string | number>): string {
  return element("circle", { cx: toCanvas(y), cy: toCanvas(x), r: radius * cellSize, ...style });
}

function drawGoal([x, y]: PlanStory["goal"], reached: boolean): string {
  return (
    drawCircle(x, y, goalRadius, {
      fill: colors.goal,
      "fill-opacity": reached ? 0.42 : 0.14,
      stroke: colors.goal,
      "stroke-width": reached ? 3 : 2,
    }) + drawCircle(x, y, 0.09, { fill: colors.goal })
  );
}

function drawStart([x, y]: PlanStory["start"]): string {
  return (
    drawCircle(x, y, 0.24, { fill: colors.paper, stroke: colors.start, "stroke-width": 2 }) +
    drawCircle(x, y, 0.09, { fill: colors.start })
  );
}

/** The particle itself. */
export function drawParticle(x: number, y: number): string {
  return drawCircle(x, y, particleRadius, { fill: colors.ink, stroke: colors.paper, "stroke-width": 2 });
}
