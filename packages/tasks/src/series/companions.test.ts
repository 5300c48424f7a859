import { expect, it } from "vitest";
import { withCompanions } from "./companions.js";

const INF = Number.POSITIVE_INFINITY;

it("a missing token is measured by its companion: correlation 0.8, so 0.8 times it with variance 0.36", () => {
  const tokens = { values: Float32Array.of(1, 0), noise: Float64Array.of(0, INF) };
  const { values, noise } = withCompanions(tokens, [Float64Array.of(1, 0.8), Float64Array.of(0.8, 1)], 0);
  // m = 0.8, v = 0.36: the value 0.8 / 0.64 with an error of variance 0.36 / 0.64.
  expect(values[0]).toBe(1);
  expect(values[1]).toBeCloseTo(1.25, 6);
  expect(noise[0]).toBe(0);
  expect((noise[1] as number) ** 2).toBeCloseTo(0.5625, 9);
});

it("in a calm spell the same correlation measures better, by the size of what is known", () => {
  // 30 rows of no change, then a half: both series go (10 / 40) ** 0.5 = 0.5 at a time, against 1 overall.
  const values = new Float32Array(62);
  values[60] = 0.5;
  const noise = new Float64Array(62);
  noise[61] = INF;
  const told = withCompanions({ values, noise }, [Float64Array.of(1, 0.8), Float64Array.of(0.8, 1)], 0);
  expect(told.values[61]).toBeCloseTo(0.625, 6);
  expect((told.noise[61] as number) ** 2).toBeCloseTo(0.140625, 9);
});

it("independent series say nothing of each other, a doubtful token stays what it was", () => {
  const tokens = { values: Float32Array.of(2, 3), noise: Float64Array.of(INF, 0.5) };
  const { values, noise } = withCompanions(tokens, [Float64Array.of(1, 0), Float64Array.of(0, 1)], 0);
  expect(noise[0]).toBe(INF);
  expect(values[1]).toBeCloseTo(3, 6);
  expect(noise[1]).toBeCloseTo(0.5, 9);
});
