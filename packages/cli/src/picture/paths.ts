import { cellSize, toCanvas } from "./canvas.js";
import { colors, timeColor } from "./colors.js";
import { drawCircle } from "./scene.js";
import { element, round } from "./svg.js";

/** Frames of a plan that are drawn; longer plans are thinned out evenly. */
const drawnFrames = 160;
/** Pieces of one colour in a finished plan. */
const colorPieces = 40;
/** Points of the driven path that are drawn. */
const drawnSteps = 320;
const planWidth = 0.15 * cellSize;
const driveWidth = 0.06 * cellSize;
const dotRadius = 0.075;

/** At most `limit` of the indices 0 to count - 1, evenly spread, both ends included. */
export function spreadIndices(count: number, limit: number): number[] {
  const kept = Math.min(count, limit);
  return Array.from({ length: kept }, (_, index) => (kept === 1 ? 0 : Math.round((index * (count - 1)) / (kept - 1))));
}

/** A finished plan `[F, 2]` as a ribbon coloured by time. */
export function drawPlan(positions: Float32Array, opacity: number): string {
  const indices = spreadIndices(positions.length / 2, drawnFrames);
  const segments = indices.length - 1;
  const pieces = Math.min(colorPieces, segments);
  const lines: string[] = [];
  for (let piece = 0; piece < pieces; piece++) {
    const from = Math.floor((piece * segments) / pieces);
    const to = Math.floor(((piece + 1) * segments) / pieces);
    const points = indices.slice(from, to + 1).map((index) => pointAt(positions, index));
    lines.push(element("polyline", { points: points.join(" "), stroke: timeColor((piece + 0.5) / pieces) }));
  }
  return element("g", { ...lineStyle(planWidth), opacity: opacity < 1 ? opacity : undefined }, ...lines);
}

/**
 * A plan `[F, 2]` on its way from noise to `finished` `[F, 2]`: frames that do not yet hang together are dots, and
 * where neighbours come as close as in the finished plan the dots give way to its ribbon. So the picture shows which
 * part of the plan is certain already, whatever the scheduling matrix.
 */
export function drawNoisyPlan(positions: Float32Array, finished: Float32Array): string {
  const indices = spreadIndices(positions.length / 2, drawnFrames);
  const reach = typicalGap(finished, indices);
  const last = Math.max(indices.length - 1, 1);
  const lines: string[] = [];
  const dots: string[] = [];
  let certaintyBefore = 0;
  for (const [at, index] of indices.entries()) {
    const next = indices[at + 1];
    const color = timeColor(at / last);
    const certainty = next === undefined ? certaintyBefore : certaintyOf(gap(positions, index, next) / reach);
    if (next !== undefined) {
      lines.push(
        element("polyline", {
          points: `${pointAt(positions, index)} ${pointAt(positions, next)}`,
          stroke: color,
          "stroke-width": planWidth * (0.2 + 0.8 * certainty),
          "stroke-opacity": certainty < 1 ? Math.max(certainty, 0.03) : undefined,
          "stroke-linecap": certainty < 1 ? "butt" : undefined,
        }),
      );
    }
    const opacity = 0.9 * (1 - (certainty + certaintyBefore) / 2);
    if (opacity > 0) {
      const style = { fill: color, "fill-opacity": opacity };
      dots.push(drawCircle(positions[index * 2] as number, positions[index * 2 + 1] as number, dotRadius, style));
    }
    certaintyBefore = certainty;
  }
  return element("g", lineStyle(planWidth), ...lines) + dots.join("");
}

/** 1 up to the finished plan's own gaps, falling towards 0 as neighbours lie farther apart. */
function certaintyOf(relativeGap: number): number {
  const excess = Math.max(0, relativeGap - 1.5) / 2.5;
  return 1 / (1 + excess * excess);
}

/** The gap that nine tenths of a plan's neighbours keep within, and never less than 0.05. */
function typicalGap(positions: Float32Array, indices: readonly number[]): number {
  const gaps = indices.slice(1).map((index, at) => gap(positions, indices[at] as number, index));
  gaps.sort((a, b) => a - b);
  return Math.max(0.05, gaps[Math.floor(0.9 * (gaps.length - 1))] ?? 0);
}

function gap(positions: Float32Array, from: number, to: number): number {
  return Math.hypot(
    (positions[to * 2] as number) - (positions[from * 2] as number),
    (positions[to * 2 + 1] as number) - (positions[from * 2 + 1] as number),
  );
}

/** The path driven up to and including `step`. */
export function drawDrive(drive: Float32Array, step: number): string {
  const stride = Math.max(1, Math.ceil(drive.length / 2 / drawnSteps)); // the same in all frames, so nothing flickers
  const points: string[] = [];
  for (let index = 0; index < step; index += stride) points.push(pointAt(drive, index));
  points.push(pointAt(drive, step));
  return element("polyline", { points: points.join(" "), ...lineStyle(driveWidth), stroke: colors.ink });
}

/** A mark where the particle was when it planned anew. */
export function drawReplan(drive: Float32Array, step: number): string {
  const style = { fill: colors.paper, stroke: colors.ink, "stroke-width": 1.5 };
  return drawCircle(drive[step * 2] as number, drive[step * 2 + 1] as number, 0.075, style);
}

function lineStyle(width: number) {
  return { fill: "none", "stroke-width": width, "stroke-linecap": "round", "stroke-linejoin": "round" };
}

function pointAt(positions: Float32Array, index: number): string {
  return `${round(toCanvas(positions[index * 2 + 1] as number))},${round(toCanvas(positions[index * 2] as number))}`;
}
