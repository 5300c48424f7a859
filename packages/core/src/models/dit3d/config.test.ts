import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { completeConfig, type DiT3dOptions, patchGridOf } from "./config.js";

function complaint(options: Partial<DiT3dOptions>): string {
  try {
    completeConfig({ tokenShape: [3, 8, 8], ...options });
  } catch (error) {
    return isDiffusionForcingError(error, "invalid-config") ? error.message : `another error: ${String(error)}`;
  }
  return "accepted";
}

describe("the configuration of the transformer for sequences", () => {
  it("has defaults, for frames and for vectors", () => {
    expect(completeConfig({ tokenShape: [3, 8, 8] })).toEqual({
      kind: "dit3d",
      tokenShape: [3, 8, 8],
      conditionFeatures: 0,
      patchSize: 2,
      width: 128,
      layers: 4,
      heads: 4,
      feedForward: 512,
      attention: "full",
      positions: "rotary",
      causal: true,
    });
    expect(completeConfig({ tokenShape: [5] }).patchSize).toBe(1);
  });

  it("cuts frames into patches", () => {
    expect(patchGridOf(completeConfig({ tokenShape: [3, 8, 4], patchSize: 4 }))).toEqual({
      rows: 2,
      columns: 1,
      features: 48,
    });
    expect(patchGridOf(completeConfig({ tokenShape: [5] }))).toEqual({ rows: 1, columns: 1, features: 5 });
  });

  it("refuses what cannot be built, naming the field and what it may be", () => {
    expect(complaint({ patchSize: 3 })).toBe(
      "dit3d: patchSize is 3; expected a divisor of the frames' height and width [8, 8].",
    );
    expect(complaint({ tokenShape: [3, 8] })).toMatch(
      /tokenShape is \[3, 8\]; expected \[C\] for vectors or \[C, H, W\]/,
    );
    expect(complaint({ tokenShape: [4], patchSize: 2 })).toMatch(/patchSize is 2; expected 1 for vectors/);
    expect(complaint({ tokenShape: [4], attention: "factorized" })).toMatch(/expected "full" for vectors/);
    expect(complaint({ layers: 1, attention: "factorized" })).toMatch(/layers is 1; expected at least 2/);
    expect(complaint({ width: 12, heads: 4 })).toMatch(/heads is 4; expected a divisor of half the width 12/);
    expect(complaint({ width: 7, heads: 1 })).toMatch(/width is 7; expected an even number/);
    expect(complaint({ conditionFeatures: 0.5 })).toMatch(/conditionFeatures is 0.5/);
    for (const field of ["attention", "positions", "causal", "tokenShape", "layers"] as const) {
      expect(complaint({ [field]: "sideways" })).toMatch(new RegExp(`${field} is "sideways"`));
    }
  });
});
