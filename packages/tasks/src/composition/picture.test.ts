import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { crosses } from "./crosses.js";
import { compositionPicture } from "./picture.js";

const trajectories = crosses({ batch: 70, length: 12 }, createRandom(1));
const panel = { title: "The data & more", note: "100 % crosses", trajectories };
const count = (svg: string, what: string): number => svg.split(what).length - 1;

describe("compositionPicture", () => {
  it("draws the first 60 trajectories of each panel, in the colour of their shape", () => {
    const svg = compositionPicture([panel, panel]);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 524 326"/);
    expect(count(svg, "<polyline")).toBe(120);
    expect(count(svg, 'stroke="#3e7cc8"')).toBe(120);
  });

  it("draws how shares depend on the memory, where that was measured", () => {
    const shares = { cross: 0.25, v: 0.5, back: 0.25, other: 0 };
    const dial = [
      { memory: 1, shares },
      { memory: 4, shares },
    ];
    const svg = compositionPicture([panel], dial);
    expect(count(svg, "<polyline")).toBe(60 + 4);
    // Half of the panel's height; from its left end to its right end.
    expect(svg).toContain('points="292.0,172.0 578.0,172.0"');
  });
});
