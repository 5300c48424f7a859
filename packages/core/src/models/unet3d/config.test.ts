import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { completeConfig, type UNet3dOptions } from "./config.js";

function complaint(options: Partial<UNet3dOptions>): string {
  try {
    completeConfig({ tokenShape: [3, 16, 16], ...options });
  } catch (error) {
    return isDiffusionForcingError(error, "invalid-config") ? error.message : `another error: ${String(error)}`;
  }
  return "accepted";
}

describe("the configuration of the U-Net", () => {
  it("has the defaults of the paper's code, but normalises each frame by itself if causal", () => {
    expect(completeConfig({ tokenShape: [3, 16, 16] })).toEqual({
      kind: "unet3d",
      tokenShape: [3, 16, 16],
      conditionFeatures: 0,
      width: 64,
      multipliers: [1, 2, 4, 8],
      attentionFactors: [1, 2, 4, 8],
      heads: 4,
      headWidth: 32,
      linearAttention: true,
      initialTemporalAttention: true,
      positions: "rotary",
      causal: true,
      normalization: "frame",
    });
    expect(completeConfig({ tokenShape: [3, 16, 16], causal: false }).normalization).toBe("clip");
  });

  it("refuses what cannot be built, naming the field and what it may be", () => {
    expect(complaint({ tokenShape: [3, 20, 16] })).toBe(
      "unet3d: tokenShape is [3, 20, 16]; expected a height and width divisible by 8, as 4 levels of multipliers halve them 3 times: pad the frames, to [3, 24, 16] say, or use fewer levels.",
    );
    expect(complaint({ width: 20 })).toBe("unet3d: width is 20; expected a multiple of 8, such as 24.");
    expect(complaint({ width: 0 })).toMatch(/width is 0; expected a whole number from 8/);
    expect(complaint({ tokenShape: [5] })).toMatch(/tokenShape is \[5\]; expected \[C, H, W\]/);
    expect(complaint({ multipliers: [] })).toMatch(/multipliers is \[\]; expected a list of 1 to 16 whole numbers/);
    expect(complaint({ attentionFactors: [3] })).toMatch(/attentionFactors is \[3\]; expected some of \[1, 2, 4, 8\]/);
    expect(complaint({ headWidth: 5 })).toMatch(/headWidth is 5; expected an even number/);
    expect(complaint({ headWidth: 5, positions: "sinusoidal" })).toBe("accepted");
    expect(complaint({ conditionFeatures: -1 })).toMatch(/conditionFeatures is -1/);
    for (const field of ["positions", "normalization", "causal", "linearAttention", "tokenShape"] as const) {
      expect(complaint({ [field]: "sideways" })).toMatch(new RegExp(`${field} is "sideways"`));
    }
    expect(complaint({ multipliers: "many" as unknown as number[] })).toMatch(/multipliers is "many"/);
  });
});
