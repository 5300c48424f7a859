import { drawText, textScale, textWidth } from "../../pictures/drawn-text.js";
import { element, escapeText, round } from "../../pictures/svg.js";
import { goalRadius } from "../environment.js";
import type { Maze } from "../mazes.js";
import { type Canvas, canvasOf, cellSize } from "./canvas.js";
import { colors } from "./colors.js";
import { floorOutlines, type GridCorner } from "./maze-outline.js";
import type { PlanStory } from "./story.js";

const clipName = "maze-frame";
const frameRadius = 0.42 * cellSize;
const cornerRadius = 0.26;
/** Larger than the particle's own 0.1, to be seen. */
const particleRadius = 0.14;

/** A whole SVG document: the maze with its axes, the story's start and goal, `content` above them, and a legend. */
export function drawScene(story: PlanStory, goalReached: boolean, legend: string, ...content: string[]): string {
  const canvas = canvasOf(story.maze);
  const { width, height, maze } = canvas;
  const frame = element("rect", {
    x: maze.left,
    y: maze.top,
    width: maze.width,
    height: maze.height,
    rx: frameRadius,
  });
  const title = story.title === undefined ? [] : [element("title", {}, escapeText(story.title))];
  return element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${round(width)} ${round(height)}`, width, height },
    ...title,
    element("rect", { width, height, fill: colors.paper }),
    element("clipPath", { id: clipName }, frame),
    element(
      "g",
      { "clip-path": `url(#${clipName})` },
      drawMaze(story.maze, canvas),
      drawGoal(canvas, story.goal, goalReached),
      drawStart(canvas, story.start),
      ...content,
    ),
    drawAxes(story.maze, canvas),
    legend,
  );
}

/** Walls as one slab with the rounded floor cut into it. */
export function drawMaze(maze: Maze, canvas: Canvas): string {
  const { left, top, width, height } = canvas.maze;
  const floor = floorOutlines(maze)
    .map((corners) => roundedPath(canvas, corners))
    .join("");
  return (
    element("rect", { x: left, y: top, width, height, fill: colors.wall }) +
    element("path", { d: floor, fill: colors.floor, stroke: colors.wallEdge, "stroke-width": 1.5 })
  );
}

/** The numbers of the cells along both axes: x to the right, y upwards. */
function drawAxes(maze: Maze, canvas: Canvas): string {
  const { left, top, width, height } = canvas.maze;
  const bottom = top + height;
  const marks: string[] = [];
  for (let x = 1; x <= maze.rows - 2; x++) {
    marks.push(drawText(String(x), canvas.x(x) - textWidth(String(x)) / 2, bottom + 6, colors.faint));
  }
  for (let y = 1; y <= maze.columns - 2; y++) {
    marks.push(drawText(String(y), left - 6 - textWidth(String(y)), canvas.y(y) - 3 * textScale, colors.faint));
  }
  marks.push(drawText("x", left + width - textWidth("x"), bottom + 6, colors.ink));
  marks.push(drawText("y", left - 6 - textWidth("y"), top + 2, colors.ink));
  return marks.join("");
}

/** A closed path through grid corners, each rounded by a quadratic curve. */
function roundedPath(canvas: Canvas, corners: readonly GridCorner[]): string {
  const parts = corners.map((corner, index) => {
    const before = corners.at(index - 1) as GridCorner;
    const after = corners[(index + 1) % corners.length] as GridCorner;
    const [from, to] = [towards(corner, before), towards(corner, after)];
    return `${gridPoint(canvas, from)}Q${gridPoint(canvas, corner)} ${gridPoint(canvas, to)}`;
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

function gridPoint(canvas: Canvas, [column, row]: GridCorner): string {
  // A cell's edges lie at its index minus 0.7, its corners likewise; rows run along x, columns along y.
  return `${round(canvas.x(row - 0.7))} ${round(canvas.y(column - 0.7))}`;
}

/** A circle around position (x, y), its radius in cells. */
export function drawCircle(
  canvas: Canvas,
  x: number,
  y: number,
  radius: number,
  style: Record<string, string | number>,
): string {
  return element("circle", { cx: canvas.x(x), cy: canvas.y(y), r: radius * cellSize, ...style });
}

function drawGoal(canvas: Canvas, [x, y]: PlanStory["goal"], reached: boolean): string {
  const area = {
    fill: colors.goal,
    "fill-opacity": reached ? 0.42 : 0.14,
    stroke: colors.goal,
    "stroke-width": reached ? 3 : 2,
  };
  return drawCircle(canvas, x, y, goalRadius, area) + drawCircle(canvas, x, y, 0.09, { fill: colors.goal });
}

function drawStart(canvas: Canvas, [x, y]: PlanStory["start"]): string {
  return (
    drawCircle(canvas, x, y, 0.2, { fill: colors.paper, stroke: colors.start, "stroke-width": 2 }) +
    drawCircle(canvas, x, y, 0.08, { fill: colors.start })
  );
}

/** The particle itself. */
export function drawParticle(canvas: Canvas, x: number, y: number): string {
  const style = { fill: colors.ink, stroke: colors.paper, "stroke-width": 1.5 };
  return drawCircle(canvas, x, y, particleRadius, style);
}
