import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { drawText } from "../pictures/drawn-text.js";
import { palette } from "../pictures/svg-document.js";
import { demonstrate } from "./expert.js";
import { storyboard } from "./storyboard.js";

describe("storyboard", () => {
  it("draws every second step of each episode, and says how it ended", () => {
    const { states } = demonstrate(createRandom(1));
    const svg = storyboard([
      { title: "the expert", states },
      { title: "half of it", states: states.slice(0, 14) },
    ]);
    const told = (outcome: string, row: number): string =>
      drawText(outcome, 215 + 70 * [13, 7][row]! + 4, 58 + 70 * row, palette.ink);
    expect(svg).toContain(told("swapped", 0));
    expect(svg).toContain(told("not swapped", 1));
    expect(svg.split("<rect").length - 1).toBe(1 + 13 + 7);
    // Three slots, two fruits and the hand.
    expect(svg.split("<circle").length - 1).toBe(6 * 20);
  });
});
