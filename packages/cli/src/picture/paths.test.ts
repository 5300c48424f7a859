import { describe, expect, it } from "vitest";
import { drawDrive, drawNoisyPlan, drawPlan, spreadIndices } from "./paths.js";

describe("spreadIndices", () => {
  it("keeps both ends and spreads evenly", () => {
    expect(spreadIndices(11, 3)).toEqual([0, 5, 10]);
    expect(spreadIndices(3, 8)).toEqual([0, 1, 2]);
    expect(spreadIndices(1, 8)).toEqual([0]);
  });
});

describe("drawPlan", () => {
  it("draws pieces coloured by time, x downwards and y to the right", () => {
    // toCanvas(c) = (c - 0.3 + 0.42) 40: 1 -> 44.8, 2 -> 84.8.
    expect(drawPlan(Float32Array.of(1, 1, 1, 2, 2, 2), 0.5)).toBe(
      '<g fill="none" stroke-width="7.6" stroke-linecap="round" stroke-linejoin="round" opacity="0.5">' +
        '<polyline points="44.8,44.8 84.8,44.8" stroke="#3e7cc8"/>' +
        '<polyline points="84.8,44.8 84.8,84.8" stroke="#70c260"/></g>',
    );
  });

  it("thins long plans out", () => {
    const svg = drawPlan(new Float32Array(2000).fill(1), 1);
    expect(svg.match(/<polyline/g)).toHaveLength(40);
    expect(svg.match(/44\.8,44\.8/g)).toHaveLength(160 + 39); // 160 frames, those between two pieces twice
  });
});

describe("drawNoisyPlan", () => {
  const finished = Float32Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 1 : 1 + index / 40));

  it("draws the finished plan as an opaque ribbon without dots", () => {
    const svg = drawNoisyPlan(finished, finished);
    expect(svg.match(/<polyline/g)).toHaveLength(19);
    expect(svg).not.toContain("stroke-opacity");
    expect(svg).not.toContain("<circle");
  });

  it("draws noise as dots without lines, also where two frames of it happen to meet", () => {
    const noise = Float32Array.from({ length: 40 }, (_, index) => (index % 4 < 2 ? 1 : 6));
    noise.set([6, 6], 8); // meets the frames on either side
    const svg = drawNoisyPlan(noise, finished);
    expect(svg).not.toContain("<polyline");
    expect(svg.match(/<circle/g)).toHaveLength(20);
  });

  it("draws certain frames as a ribbon and uncertain ones as dots in the same plan", () => {
    const half = finished.map((value, index) => (index < 20 ? value : value + (index % 4 < 2 ? -5 : 5)));
    const svg = drawNoisyPlan(half, finished);
    expect(svg.match(/<polyline/g)).toHaveLength(7); // 9 segments within the first 10 frames, less 2 near the noise
    expect(svg.match(/<circle/g)).toHaveLength(13);
  });
});

describe("drawDrive", () => {
  it("ends at the step that is shown", () => {
    const drive = Float32Array.of(1, 1, 1, 2, 2, 2);
    expect(drawDrive(drive, 1)).toContain('points="44.8,44.8 84.8,44.8"');
    expect(drawDrive(drive, 0)).toContain('points="44.8,44.8"');
  });
});
