import { describe, expect, it } from "vitest";
import {
  crps,
  energyDistance,
  frechetDistance,
  maximumMeanDiscrepancy,
  meanSquaredError,
  psnr,
  ssim,
} from "./index.js";
import { checkNumbers, type Numbers } from "./numbers.js";

const failureOf = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

describe("checkNumbers", () => {
  it("takes tensors and plain shapes with data", () => {
    checkNumbers("x", { shape: [2, 1], data: [1, 2] });
    checkNumbers("x", { shape: [], data: Float64Array.of(1) });
    checkNumbers("x", { shape: [0, 3], data: [] });
  });

  it.each<[string, unknown, string, string]>([
    ["nothing", undefined, "invalid-argument", "x is undefined; expected a tensor"],
    ["no data", { shape: [1] }, "invalid-argument", "x is an object with shape"],
    ["a shape that is no list", { shape: 2, data: [1, 2] }, "invalid-argument", "expected a tensor"],
    ["data that are no list", { shape: [2], data: { length: 2 } }, "invalid-argument", "expected a tensor"],
    [
      "a view without numbers",
      { shape: [2], data: new DataView(new ArrayBuffer(2)) },
      "invalid-argument",
      "expected a tensor",
    ],
    ["a half axis", { shape: [0.5], data: [] }, "invalid-argument", "an axis of 0.5; expected whole numbers"],
    ["a negative axis", { shape: [-1, -2], data: [1, 2] }, "invalid-argument", "an axis of -1"],
    ["an axis without size", { shape: [undefined], data: [] }, "invalid-argument", "an axis of undefined"],
    [
      "data of another length",
      { shape: [2, 3], data: [1, 2] },
      "shape-mismatch",
      "x of shape [2, 3] has 2 elements; expected 6.",
    ],
    ["a number that is none", { shape: [3], data: [1, Number.NaN, 2] }, "invalid-data", "x holds NaN at index 1"],
    [
      "an infinite number",
      { shape: [1], data: [Number.POSITIVE_INFINITY] },
      "invalid-data",
      "x holds Infinity at index 0",
    ],
    ["words", { shape: [1], data: ["1"] }, "invalid-data", 'x holds "1" at index 0'],
  ])("refuses %s", (_name, value, code, message) => {
    const failure = failureOf(() => checkNumbers("x", value as Numbers));
    expect(failure).toMatchObject({ code, message: expect.stringContaining(message) });
  });
});

describe("every metric", () => {
  const bad = { shape: [2, 1], data: [1, Number.NaN] };
  const good = { shape: [2, 1], data: [1, 3] };
  it.each<[string, (a: Numbers, b: Numbers) => unknown]>([
    ["meanSquaredError", meanSquaredError],
    ["psnr", (a, b) => psnr(a, b, 1)],
    ["ssim", (a, b) => ssim(a, b, { range: 1, window: 1 })],
    ["energyDistance", energyDistance],
    ["frechetDistance", frechetDistance],
    ["maximumMeanDiscrepancy", maximumMeanDiscrepancy],
  ])("%s refuses a NaN on either side", (name, metric) => {
    expect(metric(good, good)).not.toBeNaN();
    for (const run of [() => metric(bad, good), () => metric(good, bad)]) {
      expect(failureOf(run)).toMatchObject({ code: "invalid-data", message: expect.stringContaining(`${name}: the `) });
    }
  });

  it("crps refuses a NaN in the samples and in the truth", () => {
    const [samples, truth] = [
      { shape: [2, 1], data: [1, 2] },
      { shape: [1], data: [Number.NaN] },
    ];
    expect(() => crps({ samples, truth })).toThrow("crps: truth holds NaN");
    expect(() => crps({ samples: bad, truth: { shape: [1], data: [1] } })).toThrow("crps: samples holds NaN");
    expect(() => crps(undefined as never)).toThrow("crps: samples is undefined");
  });
});
