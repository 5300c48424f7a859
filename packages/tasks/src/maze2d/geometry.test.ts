import { expect, it } from "vitest";
import { clip, distance } from "./geometry.js";

it("clips to a symmetric interval", () => {
  expect([clip(3, 2), clip(-3, 2), clip(1.5, 2)]).toEqual([2, -2, 1.5]);
});

it("measures a 3-4-5 triangle", () => {
  expect(distance(1, 1, 4, 5)).toBe(5);
});
