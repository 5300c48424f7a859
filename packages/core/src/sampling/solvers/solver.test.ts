import { expect, it } from "vitest";
import { smallPath } from "../../testing/small-path.js";
import { ancestral } from "./ancestral.js";
import { ddim } from "./ddim.js";
import { pathOf } from "./path.js";
import { drawsOf, type Solver } from "./solver.js";

const process = smallPath();
const drawing = (draws: Solver["draws"]): Solver => ({ ...ddim(), draws });

it("takes the draws of a solver as it says them, or as it says them of the process", () => {
  expect([0, 1, 64].map((draws) => drawsOf(drawing(draws), process))).toEqual([0, 1, 64]);
  expect(
    drawsOf(
      drawing(({ levels }) => levels),
      process,
    ),
  ).toBe(3);
  expect([drawsOf(ancestral(), process), drawsOf(ancestral(), { ...process, draws: 2 })]).toEqual([1, 2]);
});

it.each([-1, 65, 1.5, Number.NaN, "1"])("refuses %j draws a step", (draws) => {
  expect(() =>
    drawsOf(
      drawing(() => draws as number),
      process,
    ),
  ).toThrow(/solver "ddim" takes .* draws a step; expected a whole number from 0 to 64/);
});

it("finds the path that a solver follows, and says what solves a process without one", () => {
  expect(pathOf("ddim", process)).toBe(process.path);
  const { path: _, ...without } = process;
  expect(() => pathOf("ddim", without)).toThrow(
    expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining("ancestral()") }),
  );
  expect([ddim().needsPath, ancestral().needsPath]).toEqual([true, false]);
});
