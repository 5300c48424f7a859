import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { demonstrate } from "./expert.js";
import { storyboard } from "./storyboard.js";

describe("storyboard", () => {
  it("draws every second step of each episode, and says how it ended", () => {
    const { states } = demonstrate(createRandom(1));
    const svg = storyboard([
      { title: "the expert", states },
      { title: "half of it", states: states.slice(0, 14) },
    ]);
    expect(svg).toMatch(/^<svg .*the expert.*>swapped<.*half of it.*>not swapped<.*<\/svg>$/);
    expect(svg.split("<rect").length - 1).toBe(1 + 13 + 7);
    // Three slots, two fruits and the hand.
    expect(svg.split("<circle").length - 1).toBe(6 * 20);
  });
});
