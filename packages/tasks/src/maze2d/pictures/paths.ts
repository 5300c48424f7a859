import { element, round } from "../../pictures/svg.js";
import { type Canvas, cellSize } from "./canvas.js";
import { colors, timeColor } from "./colors.js";
import { drawCircle } from "./scene.js";

/** Frames of a plan on its way that are drawn; longer plans are thinned out evenly. */
const drawnFrames = 160;
/** Pieces of one colour in a finished plan. */
const colorPieces = 48;
/** Points of the driven path that are drawn. */
const drawnSteps = 320;
const planWidth = 0.13 * cellSize;
const driveWidth = 0.06 * cellSize;
const dotRadius = 0.06;
/** Frames to either side over which a finished plan is averaged: 0.05 s, less than the particle's inertia. */
const smoothing = 5;
/** Marks of new plans keep this distance, in cells: hundreds of them would hide the path. */
const replanDistance = 0.75;
/** Lines and dots less opaque than this are left out. */
const faintest = 0.06;
/** Segments to either side that bear on a segment's certainty. */
const neighbourhood = 2;
/** Gaps within this distance are certain in any plan, in cells. */
const smallestReach = 0.05;

/** At most `limit` of the indices 0 to count - 1, evenly spread, both ends included. */
export function spreadIndices(count: number, limit: number): number[] {
  const kept = Math.min(count, limit);
  return Array.from({ length: kept }, (_, index) => (kept === 1 ? 0 : Math.round((index * (count - 1)) / (kept - 1))));
}

/**
 * The running mean of positions `[F, 2]`, its window shrinking towards the ends, which stay where they are. Plans
 * tremble from frame to frame by more than anything with a mass can follow; drawn as they are, they look like beads.
 */
export function smoothed(positions: Float32Array, reach: number = smoothing): Float32Array {
  const count = positions.length / 2;
  return Float32Array.from(positions, (_, at) => {
    const frame = at >> 1;
    const span = Math.min(reach, frame, count - 1 - frame);
    let sum = 0;
    for (let other = frame - span; other <= frame + span; other++) sum += positions[2 * other + (at & 1)] as number;
    return sum / (2 * span + 1);
  });
}

/** A finished plan `[F, 2]` as a line coloured by time. */
export function drawPlan(canvas: Canvas, plan: Float32Array, opacity: number): string {
  const positions = smoothed(plan);
  const segments = positions.length / 2 - 1;
  const pieces = Math.min(colorPieces, segments);
  const lines: string[] = [];
  for (let piece = 0; piece < pieces; piece++) {
    const from = Math.floor((piece * segments) / pieces);
    const to = Math.floor(((piece + 1) * segments) / pieces);
    const points: string[] = [];
    for (let frame = from; frame <= to; frame++) points.push(pointAt(canvas, positions, frame));
    lines.push(element("polyline", { points: points.join(" "), stroke: timeColor((piece + 0.5) / pieces) }));
  }
  return element("g", { ...lineStyle(planWidth), opacity: opacity < 1 ? opacity : undefined }, ...lines);
}

/**
 * A plan `[F, 2]` on its way from noise to `finished` `[F, 2]`: frames that do not yet hang together are dots, and
 * where neighbours come as close as in the finished plan the dots give way to its line. So the picture shows which
 * part of the plan is certain already, whatever the scheduling matrix.
 */
export function drawNoisyPlan(canvas: Canvas, positions: Float32Array, finished: Float32Array): string {
  const indices = spreadIndices(positions.length / 2, drawnFrames);
  const certainties = segmentCertainties(positions, finished, indices);
  const last = indices.length - 1;
  const lines: string[] = [];
  const dots: string[] = [];
  for (const [at, index] of indices.entries()) {
    const color = timeColor(last === 0 ? 0 : at / last);
    const before = certainties[at - 1] ?? certainties[at] ?? 0;
    const certainty = certainties[at] ?? before;
    if (at < last && certainty >= faintest) {
      const points = `${pointAt(canvas, positions, index)} ${pointAt(canvas, positions, indices[at + 1] as number)}`;
      // Round ends would overlap and show as beads where the line is not opaque.
      const fading = {
        "stroke-width": planWidth * certainty ** 2,
        "stroke-opacity": certainty,
        "stroke-linecap": "butt",
      };
      lines.push(element("polyline", { points, stroke: color, ...(certainty < 1 ? fading : {}) }));
    }
    const opacity = 0.9 * (1 - (certainty + before) / 2);
    if (opacity >= faintest) {
      const style = { fill: color, "fill-opacity": opacity };
      dots.push(
        drawCircle(canvas, positions[index * 2] as number, positions[index * 2 + 1] as number, dotRadius, style),
      );
    }
  }
  return element("g", lineStyle(planWidth), ...lines) + dots.join("");
}

/**
 * For each segment between the frames `indices`, how certain it is: 1 if the gaps around it are no larger than is
 * usual in the finished plan, falling towards 0 as they grow. The largest gap of a neighbourhood counts, as two
 * frames of noise may well lie close together.
 */
function segmentCertainties(positions: Float32Array, finished: Float32Array, indices: readonly number[]): number[] {
  const gaps = segmentLengths(positions, indices);
  const usual = segmentLengths(finished, indices).sort((a, b) => a - b);
  const reach = Math.max(smallestReach, usual[Math.floor(0.9 * (usual.length - 1))] ?? 0);
  return gaps.map((_, at) => {
    const largest = Math.max(...gaps.slice(Math.max(0, at - neighbourhood), at + neighbourhood + 1));
    const excess = Math.max(0, largest / reach - 1.5) / 2.5;
    return 1 / (1 + excess * excess);
  });
}

function segmentLengths(positions: Float32Array, indices: readonly number[]): number[] {
  return indices.slice(1).map((index, at) => {
    const before = indices[at] as number;
    const x = (positions[index * 2] as number) - (positions[before * 2] as number);
    const y = (positions[index * 2 + 1] as number) - (positions[before * 2 + 1] as number);
    return Math.sqrt(x * x + y * y);
  });
}

/** The path driven up to and including `step`. */
export function drawDrive(canvas: Canvas, drive: Float32Array, step: number): string {
  const stride = Math.max(1, Math.ceil(drive.length / 2 / drawnSteps)); // the same in all frames, so nothing flickers
  const points: string[] = [];
  for (let index = 0; index < step; index += stride) points.push(pointAt(canvas, drive, index));
  points.push(pointAt(canvas, drive, step));
  return element("polyline", { points: points.join(" "), ...lineStyle(driveWidth), stroke: colors.ink });
}

/** Marks where the particle was when it planned anew, of the steps given; marks that crowd are left out. */
export function drawReplans(canvas: Canvas, drive: Float32Array, steps: readonly number[]): string {
  const style = { fill: colors.paper, stroke: colors.ink, "stroke-width": 1.5 };
  const kept: (readonly [x: number, y: number])[] = [];
  for (const step of steps) {
    const [x, y] = [drive[step * 2] as number, drive[step * 2 + 1] as number];
    if (kept.every(([otherX, otherY]) => (x - otherX) ** 2 + (y - otherY) ** 2 >= replanDistance ** 2)) {
      kept.push([x, y]);
    }
  }
  return kept.map(([x, y]) => drawCircle(canvas, x, y, 0.075, style)).join("");
}

function lineStyle(width: number) {
  return { fill: "none", "stroke-width": width, "stroke-linecap": "round", "stroke-linejoin": "round" };
}

function pointAt(canvas: Canvas, positions: Float32Array, index: number): string {
  return `${round(canvas.x(positions[index * 2] as number))},${round(canvas.y(positions[index * 2 + 1] as number))}`;
}
