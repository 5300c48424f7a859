import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { cosineSchedule, linearSchedule, scheduleFromConfig, sigmoidSchedule } from "./schedule.js";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return isDiffusionForcingError(error) ? error.code : "not ours";
  }
  return "nothing thrown";
}

describe("linearSchedule", () => {
  it("has the betas and the running product of the official one at 50 levels", () => {
    const { betas, float64 } = linearSchedule(50);
    expect(betas.length).toBe(50);
    expect(betas[0]).toBeCloseTo(0.002, 14);
    expect(betas[24]).toBeCloseTo(0.19693877551020408, 14);
    expect(betas[49]).toBe(0.4);
    expect(float64.alphasCumprod[0]).toBe(1);
    expect(float64.alphasCumprod[25]).toBeCloseTo(0.06908898306207267, 14);
    expect(float64.alphasCumprod[50]).toBeCloseTo(7.744765699226731e-6, 18);
    expect(float64.snr[2]).toBeCloseTo(81.62957666675662, 10);
  });

  it("refuses so few levels that the last beta would reach 1", () => {
    expect(codeOf(() => linearSchedule(20))).toBe("invalid-schedule");
    expect(codeOf(() => linearSchedule(21))).toBe("nothing thrown");
  });
});

describe("cosineSchedule", () => {
  it("has the tables of the official one at 50 levels", () => {
    const { betas, float64 } = cosineSchedule(50);
    expect(betas[0]).toBeCloseTo(0.0017475135338653747, 15);
    expect(betas[49]).toBe(0.999);
    expect(float64.alphasCumprod[25]).toBeCloseTo(0.49384359044063775, 13);
    expect(float64.posteriorVariance[2]).toBeCloseTo(0.0011871956675101208, 15);
    expect(float64.posteriorMeanFactorX0[2]).toBeCloseTo(0.6787689312248512, 13);
    expect(float64.posteriorMeanFactorNoisy[2]).toBeCloseTo(0.3212302607673012, 13);
  });
});

describe("sigmoidSchedule", () => {
  it("has the tables of the official one at 50 levels", () => {
    const { betas, float64 } = sigmoidSchedule(50);
    expect(betas[0]).toBeCloseTo(0.006325221479294707, 15);
    expect(betas[24]).toBeCloseTo(0.06209674727603487, 14);
    // Not 0.5: the official constants are rounded to float32.
    expect(float64.alphasCumprod[25]).toBeCloseTo(0.5000000038946949, 14);
    expect(betas[49]).toBe(0.999);
  });
});

describe.each([linearSchedule(40), cosineSchedule(40), sigmoidSchedule(40)])("every schedule: $name", (schedule) => {
  it("is clean at level 0 and loses signal at every level", () => {
    const { alphasCumprod, sqrtOneMinusAlphasCumprod, snr } = schedule.float64;
    expect(alphasCumprod[0]).toBe(1);
    expect(sqrtOneMinusAlphasCumprod[0]).toBe(0);
    expect(snr[0]).toBe(Number.POSITIVE_INFINITY);
    for (let level = 1; level <= 40; level++) {
      expect(alphasCumprod[level]).toBeLessThan(alphasCumprod[level - 1] as number);
      expect(alphasCumprod[level]).toBeGreaterThan(0);
    }
  });

  it("reaches x0 with certainty from level 1", () => {
    const { posteriorVariance, posteriorMeanFactorX0, posteriorMeanFactorNoisy } = schedule.float64;
    expect(posteriorVariance[1]).toBe(0);
    expect(posteriorMeanFactorX0[1]).toBeCloseTo(1, 12);
    expect(posteriorMeanFactorNoisy[1]).toBe(0);
  });

  it("rounds its tables to float32", () => {
    expect(schedule.tables.alphasCumprod[7]).toBe(Math.fround(schedule.float64.alphasCumprod[7] as number));
  });

  it("survives JSON", () => {
    const restored = scheduleFromConfig(JSON.parse(JSON.stringify(schedule.config)));
    expect(restored).toEqual(schedule);
  });
});

describe("scheduleFromConfig", () => {
  it("fills in defaults", () => {
    expect(scheduleFromConfig({ name: "cosine", levels: 10 }).config).toEqual({ name: "cosine", levels: 10, s: 0.008 });
  });

  it("refuses an unknown name and lists the known ones", () => {
    expect(() => scheduleFromConfig({ name: "cosin", levels: 10 })).toThrow(/"cosin".*linear, cosine, sigmoid/);
    expect(codeOf(() => scheduleFromConfig({ name: "toString", levels: 10 }))).toBe("invalid-schedule");
  });

  it.each([
    null,
    {},
    { name: "cosine" },
    { name: "cosine", levels: "10" },
    { name: "cosine", levels: 0 },
    { name: "cosine", levels: 10.5 },
    { name: "cosine", levels: 10, s: -1 },
    { name: "cosine", levels: 10, tau: 1 },
    { name: "cosine", levels: 10, s: "0.1" },
    { name: "sigmoid", levels: 10, start: 3, end: -3 },
    { name: "sigmoid", levels: 10, tau: 0 },
    { name: "linear", levels: 10 },
  ])("refuses %j", (config) => {
    expect(codeOf(() => scheduleFromConfig(config))).toBe("invalid-schedule");
  });
});
