import { describe, expect, it } from "vitest";
import { cosineSchedule, linearSchedule, sigmoidSchedule } from "../process/gaussian/schedule.js";
import { officialScheduleTables } from "./schedule-tables.js";

describe("officialScheduleTables", () => {
  it("has the official code's tables at 50 levels", () => {
    const { float64 } = officialScheduleTables(cosineSchedule(50));
    expect(float64.alphasCumprod[25]).toBeCloseTo(0.49384359044063775, 13);
    expect(float64.posteriorVariance[2]).toBeCloseTo(0.0011871956675101208, 15);
    expect(float64.posteriorMeanFactorX0[2]).toBeCloseTo(0.6787689312248512, 13);
    expect(float64.posteriorMeanFactorNoisy[2]).toBeCloseTo(0.3212302607673012, 13);
    expect(officialScheduleTables(linearSchedule(50)).float64.snr[2]).toBeCloseTo(81.62957666675662, 10);
    expect(officialScheduleTables(linearSchedule(50)).betas[49]).toBe(0.4);
  });

  it.each([linearSchedule(40), cosineSchedule(40), sigmoidSchedule(40)])(
    "is clean at level 0 and reaches x0 with certainty from level 1: $config.kind",
    (schedule) => {
      const { float64, tables } = officialScheduleTables(schedule);
      expect([float64.alphasCumprod[0], float64.sqrtOneMinusAlphasCumprod[0]]).toEqual([1, 0]);
      expect(float64.snr[0]).toBe(Number.POSITIVE_INFINITY);
      expect(float64.posteriorVariance[1]).toBe(0);
      expect(float64.posteriorMeanFactorX0[1]).toBeCloseTo(1, 12);
      expect(float64.posteriorMeanFactorNoisy[1]).toBe(0);
      expect(tables.alphasCumprod[7]).toBe(Math.fround(float64.alphasCumprod[7] as number));
      // The process's own tables are the same numbers.
      expect(Array.from(schedule.path.signal)).toEqual(
        Array.from(float64.sqrtAlphasCumprod, (value) => expect.closeTo(value, 14)),
      );
    },
  );
});
