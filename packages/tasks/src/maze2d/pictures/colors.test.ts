import { expect, it } from "vitest";
import { colors, timeColor } from "./colors.js";

it("runs from the start's colour to the goal's", () => {
  expect(timeColor(0)).toBe(colors.start);
  expect(timeColor(1)).toBe(colors.goal);
  expect(timeColor(0.5)).toBe("#1ea09e");
  expect(timeColor(0.125)).toBe("#5367c3"); // halfway between the first two stops
});

it("keeps to its ends outside [0, 1]", () => {
  expect(timeColor(-1)).toBe(timeColor(0));
  expect(timeColor(2)).toBe(timeColor(1));
});
