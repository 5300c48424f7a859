import { describe, expect, it } from "vitest";
import { cleanObjective, flowObjective, inverseOf, noiseObjective, velocityObjective } from "./objective.js";

const path = { signal: Float64Array.of(1, 0.8), noise: Float64Array.of(0, 0.6) };
const straight = { signal: Float64Array.of(1, 0.75), noise: Float64Array.of(0, 0.25) };
const tablesOf = (...[path, objective]: Parameters<typeof inverseOf>) => {
  const tables = inverseOf(path, objective);
  return [tables.cleanFromNoisy, tables.cleanFromOutput, tables.noiseFromNoisy, tables.noiseFromOutput].map((table) =>
    [...table].map((value) => expect.closeTo(value, 12)),
  );
};

describe("an objective", () => {
  it("is what the network outputs, a x + b eps, and how its loss sees an error of the clean token", () => {
    const of = ({ clean, noise, sensitivity }: ReturnType<typeof noiseObjective>) => [
      [...clean],
      [...noise],
      sensitivity,
    ];
    expect(of(noiseObjective(path))).toEqual([
      [0, 0],
      [1, 1],
      [0, 0, 1],
    ]);
    expect(of(cleanObjective(path))).toEqual([
      [1, 1],
      [0, 0],
      [1, 0, 0],
    ]);
    expect(of(velocityObjective(path))).toEqual([
      [-0, -0.6],
      [1, 0.8],
      [1, 0, 1],
    ]);
    expect(of(flowObjective(straight))).toEqual([
      [-1, -1],
      [1, 1],
      [1, 2, 1],
    ]);
  });
});

describe("inverseOf", () => {
  it("solves eps for the clean token: x = (x^k - sigma eps) / alpha", () => {
    expect(tablesOf(path, noiseObjective(path))).toEqual([
      [1, 1 / 0.8],
      [-0, -0.6 / 0.8],
      [-0, -0],
      [1, 1],
    ]);
  });

  it("solves the clean token for the noise: eps = (x^k - alpha x) / sigma; at level 0, where sigma is 0, by 1", () => {
    expect(tablesOf(path, cleanObjective(path))).toEqual([
      [0, -0],
      [1, 1],
      [1, 1 / 0.6],
      [-1, -0.8 / 0.6],
    ]);
  });

  it("solves v for x = alpha x^k - sigma v and eps = sigma x^k + alpha v", () => {
    expect(tablesOf(path, velocityObjective(path))).toEqual([
      [1, 0.8],
      [-0, -0.6],
      [0, 0.6],
      [1, 0.8],
    ]);
  });

  it("solves the velocity of a straight path for x = x^k - t v and eps = x^k + (1 - t) v", () => {
    expect(tablesOf(straight, flowObjective(straight))).toEqual([
      [1, 1],
      [-0, -0.25],
      [1, 1],
      [1, 0.75],
    ]);
  });

  it("divides by the determinant of any combination", () => {
    // x^k = .5 x + .25 eps, output = 3 x + 2 eps: a determinant of 1 - .75 = 1 / 4; at level 0 1 and 2.
    const path = { signal: Float64Array.of(1, 0.5), noise: Float64Array.of(0, 0.25) };
    const objective = { ...noiseObjective(path), clean: Float64Array.of(3, 3), noise: Float64Array.of(2, 2) };
    expect(tablesOf(path, objective)).toEqual([
      [1, 8],
      [-0, -1],
      [-1.5, -12],
      [0.5, 2],
    ]);
    // A multiple of the clean token says nothing of the noise at level 0.
    const multiple = { ...objective, clean: Float64Array.of(4, 4), noise: Float64Array.of(0, 0) };
    expect(tablesOf(path, multiple).map(([atZero]) => atZero)).toEqual(
      [0, 0.25, 1, -1].map((x) => expect.closeTo(x, 12)),
    );
  });
});
