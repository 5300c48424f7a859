import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import {
  betasOf,
  cosineSchedule,
  linearSchedule,
  type NoiseSchedule,
  scheduleFromConfig,
  sigmoidSchedule,
} from "./schedule.js";

function outcome(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : "not ours";
  }
  return "nothing thrown";
}

const alphaBar = ({ path }: NoiseSchedule, level: number): number => path.signal[level]! ** 2;

describe("linearSchedule", () => {
  it("has the betas and the running product of the official one at 50 levels", () => {
    const schedule = linearSchedule(50);
    const betas = betasOf(schedule.config);
    expect(betas.length).toBe(50);
    expect(betas[0]).toBeCloseTo(0.002, 14);
    expect(betas[24]).toBeCloseTo(0.19693877551020408, 14);
    expect(betas[49]).toBe(0.4);
    expect(alphaBar(schedule, 0)).toBe(1);
    expect(alphaBar(schedule, 25)).toBeCloseTo(0.06908898306207267, 14);
    expect(alphaBar(schedule, 50)).toBeCloseTo(7.744765699226731e-6, 18);
  });

  it("refuses so few levels that the last beta would reach 1", () => {
    expect(outcome(() => linearSchedule(20))).toMatch(/^invalid-schedule/);
    expect(outcome(() => linearSchedule(21))).toBe("nothing thrown");
  });
});

describe("cosineSchedule", () => {
  it("has the tables of the official one at 50 levels", () => {
    const schedule = cosineSchedule(50);
    const betas = betasOf(schedule.config);
    expect(betas[0]).toBeCloseTo(0.0017475135338653747, 15);
    expect(betas[49]).toBe(0.999);
    expect(alphaBar(schedule, 25)).toBeCloseTo(0.49384359044063775, 13);
  });
});

describe("sigmoidSchedule", () => {
  it("has the tables of the official one at 50 levels", () => {
    const schedule = sigmoidSchedule(50);
    const betas = betasOf(schedule.config);
    expect(betas[0]).toBeCloseTo(0.006325221479294707, 15);
    expect(betas[24]).toBeCloseTo(0.06209674727603487, 14);
    // Not 0.5: the official constants are rounded to float32.
    expect(alphaBar(schedule, 25)).toBeCloseTo(0.5000000038946949, 14);
    expect(betas[49]).toBe(0.999);
  });
});

describe.each([linearSchedule(40), cosineSchedule(40), sigmoidSchedule(40)])(
  "every schedule: $config.kind",
  (schedule) => {
    it("is clean at level 0, loses signal at every level and keeps the variance", () => {
      const { signal, noise } = schedule.path;
      expect([signal[0], noise[0], schedule.levels]).toEqual([1, 0, 40]);
      for (let level = 1; level <= 40; level++) {
        expect(signal[level]).toBeLessThan(signal[level - 1] as number);
        expect(signal[level]).toBeGreaterThan(0);
        expect(signal[level]! ** 2 + noise[level]! ** 2).toBeCloseTo(1, 12);
      }
    });

    it("survives JSON", () => {
      const restored = scheduleFromConfig(JSON.parse(JSON.stringify(schedule.config)));
      expect(restored).toEqual(schedule);
    });
  },
);

describe("scheduleFromConfig", () => {
  it("fills in defaults", () => {
    expect(scheduleFromConfig({ kind: "cosine", levels: 10 }).config).toEqual({ kind: "cosine", levels: 10, s: 0.008 });
  });

  it("refuses an unknown kind and lists the known ones", () => {
    expect(() => scheduleFromConfig({ kind: "cosin", levels: 10 })).toThrow(/"cosin".*linear, cosine, sigmoid/);
    expect(outcome(() => scheduleFromConfig({ kind: "toString", levels: 10 }))).toMatch(/^invalid-schedule/);
    expect(() => scheduleFromConfig({ kind: ["linear"], levels: 10 })).toThrow(
      /kind is \["linear"\]; the known ones are/,
    );
    expect(() => sigmoidSchedule(10, { start: 1, end: 1 })).toThrow(
      "start is 1 and end is 1; expected start below end",
    );
  });

  it.each([
    null,
    {},
    { kind: "cosine" },
    { kind: "cosine", levels: "10" },
    { kind: "cosine", levels: 0 },
    { kind: "cosine", levels: 10.5 },
    { kind: "cosine", levels: 1e9 },
    { kind: "cosine", levels: 10, s: -1 },
    { kind: "cosine", levels: 10, s: Number.NaN },
    { kind: "cosine", levels: 10, tau: 1 },
    { kind: "cosine", levels: 10, s: "0.1" },
    { kind: "sigmoid", levels: 10, start: 3, end: -3 },
    { kind: "sigmoid", levels: 10, tau: 0 },
    { kind: "linear", levels: 10 },
  ])("refuses %j", (config) => {
    expect(outcome(() => scheduleFromConfig(config))).toMatch(/^invalid-schedule/);
  });

  it.each<[string, () => NoiseSchedule]>([
    ["a sigmoid from -40 to 40", () => sigmoidSchedule(1000, { start: -40, end: 40 })],
    ["a sigmoid of temperature 0.01", () => sigmoidSchedule(1000, { tau: 0.01 })],
    ["a cosine of offset 1e20", () => cosineSchedule(1000, { s: 1e20 })],
  ])("refuses a shape whose tables degenerate, naming the level: %s", (_name, make) => {
    expect(outcome(make)).toMatch(/^invalid-schedule: .* at level \d+ of 1000/);
  });
});

it.each([5, 0.5, null, "steep", () => {}])("options that are no object are refused, not passed over: %s", (options) => {
  for (const schedule of [cosineSchedule, sigmoidSchedule]) {
    expect(outcome(() => schedule(10, options as never))).toMatch(
      /^invalid-schedule: (cosine|sigmoid) schedule: the options: the value is .*expected options by name\./,
    );
  }
});
