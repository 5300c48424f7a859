import { describe, expect, it } from "vitest";
import { mazes } from "../mazes.js";
import { canvasOf } from "./canvas.js";
import { drawDrive, drawNoisyPlan, drawPlan, drawReplans, smoothed, spreadIndices } from "./paths.js";

// x = 22 + (x + 0.12) 40: 1 -> 66.8, 2 -> 106.8. y upwards: 1 -> 135.2, 2 -> 95.2.
const canvas = canvasOf(mazes.umaze);

describe("spreadIndices", () => {
  it("keeps both ends and spreads evenly", () => {
    expect(spreadIndices(11, 3)).toEqual([0, 5, 10]);
    expect(spreadIndices(3, 8)).toEqual([0, 1, 2]);
    expect(spreadIndices(1, 8)).toEqual([0]);
  });
});

describe("drawPlan", () => {
  it("draws pieces coloured by time, x to the right and y upwards", () => {
    expect(drawPlan(canvas, Float32Array.of(1, 1, 2, 1, 2, 2), 0.5)).toMatch(
      /^<g fill="none" stroke-width="5.2" [^>]* opacity="0.5"><polyline points="66.8,135.2 93.47,121.87" stroke="#3e7cc8"\/><polyline points="93.47,121.87 106.8,95.2"/,
    );
  });

  it("has at most 48 pieces, which share their ends", () => {
    const svg = drawPlan(canvas, new Float32Array(2000).fill(1), 1);
    expect(svg.match(/<polyline/g)).toHaveLength(48);
    expect(svg.match(/66\.8,135\.2/g)).toHaveLength(1000 + 47);
  });
});

describe("smoothed", () => {
  it("is the running mean, and keeps both ends", () => {
    expect([...smoothed(Float32Array.of(0, 0, 3, 0, 0, 3, 3, 3, 6, 3), 1)]).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 6, 3]);
  });

  it("leaves a straight line as it is", () => {
    const line = Float32Array.from({ length: 40 }, (_, at) => at);
    expect(smoothed(line)).toEqual(line);
  });
});

describe("drawReplans", () => {
  it("leaves out marks that crowd: 134 of them would hide the path", () => {
    const drive = Float32Array.from({ length: 300 }, (_, at) => (at % 2 === 0 ? 1 + at / 150 : 1)); // 2 cells long
    const all = Array.from({ length: 150 }, (_, step) => step);
    expect(drawReplans(canvas, drive, all).match(/<circle/g)).toHaveLength(3);
    expect(drawReplans(canvas, drive, [])).toBe("");
  });
});

describe("drawNoisyPlan", () => {
  const finished = Float32Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 1 : 1 + index / 40));

  it("draws the finished plan as an opaque line without dots", () => {
    const svg = drawNoisyPlan(canvas, finished, finished);
    expect(svg.match(/<polyline/g)).toHaveLength(19);
    expect(svg).not.toContain("stroke-opacity");
    expect(svg).not.toContain("<circle");
  });

  it("draws noise as dots without lines, also where two frames of it happen to meet", () => {
    const noise = Float32Array.from({ length: 40 }, (_, index) => (index % 4 < 2 ? 1 : 6));
    noise.set([6, 6], 8); // meets the frames on either side
    const svg = drawNoisyPlan(canvas, noise, finished);
    expect(svg).not.toContain("<polyline");
    expect(svg.match(/<circle/g)).toHaveLength(20);
  });

  it("draws certain frames as a line and uncertain ones as dots in the same plan", () => {
    const half = finished.map((value, index) => (index < 20 ? value : value + (index % 4 < 2 ? -5 : 5)));
    const svg = drawNoisyPlan(canvas, half, finished);
    expect(svg.match(/<polyline/g)).toHaveLength(7); // 9 segments within the first 10 frames, less 2 near the noise
    expect(svg.match(/<circle/g)).toHaveLength(13);
  });
});

describe("drawDrive", () => {
  it("ends at the step that is shown", () => {
    const drive = Float32Array.of(1, 1, 1, 2, 2, 2);
    expect(drawDrive(canvas, drive, 1)).toContain('points="66.8,135.2 66.8,95.2"');
    expect(drawDrive(canvas, drive, 0)).toContain('points="66.8,135.2"');
  });
});
