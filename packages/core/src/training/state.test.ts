import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { isDiffusionForcingError } from "../engine/errors.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import {
  checkFiniteState,
  checkTrainingState,
  copyRecord,
  initialTrainingState,
  samplingParameters,
  type TrainingState,
} from "./state.js";

const model: Model = {
  config: { kind: "test" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: { w: { shape: [2], initializer: { kind: "uniform", bound: 1 } } },
  apply: (_parameters, { tokens }) => tokens,
};

const diffusion: Diffusion = {
  model,
  process: variancePreserving(cosineSchedule(10), { objective: "v", noiseClip: 6 }),
  lossWeighting: { kind: "uniform" },
};

function verdict(check: () => void): string {
  try {
    check();
  } catch (error) {
    return isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : String(error);
  }
  return "accepted";
}

describe("initialTrainingState", () => {
  it("has fresh parameters, zero moments, and an average equal to the parameters", () => {
    const state = initialTrainingState(diffusion, { seed: 7, keepEma: true });
    expect(state).toEqual({
      step: 0,
      seed: 7,
      subject: {
        model: { kind: "test" },
        process: {
          kind: "variance-preserving",
          schedule: { kind: "cosine", levels: 10, s: 0.008 },
          objective: "v",
          noiseClip: 6,
          limit: { kind: "data", margin: 0.1 },
        },
      },
      parameters: state.parameters,
      first: { w: tensor([0, 0]) },
      second: { w: tensor([0, 0]) },
      ema: state.parameters,
    });
    expect(state.ema!.w!.data).not.toBe(state.parameters.w!.data);
    expect(state.parameters.w!.data[0]).not.toBe(0);
  });

  it("depends on the seed alone, not on whether an average is kept", () => {
    const { ema: _ema, ...rest } = initialTrainingState(diffusion, { seed: 7, keepEma: true });
    expect(initialTrainingState(diffusion, { seed: 7, keepEma: false })).toEqual(rest);
    expect(initialTrainingState(diffusion, { seed: 8, keepEma: false }).parameters).not.toEqual(rest.parameters);
  });
});

describe("copyRecord", () => {
  it("shares no memory with its original", () => {
    const original = { w: tensor([1, 2]) };
    const copy = copyRecord(original);
    original.w.data[0] = 5;
    expect(copy).toEqual({ w: tensor([1, 2]) });
  });
});

describe("samplingParameters", () => {
  it("prefers the average", () => {
    const state = initialTrainingState(diffusion, { seed: 7, keepEma: true });
    const ema = { w: tensor([3, 4]) };
    expect(samplingParameters({ ...state, ema })).toBe(ema);
    const { ema: _ema, ...without } = state;
    expect(samplingParameters(without)).toBe(state.parameters);
  });
});

describe("checkTrainingState", () => {
  const state = initialTrainingState(diffusion, { seed: 7, keepEma: true });
  const { ema: _ema, ...withoutEma } = state;

  it("accepts a state of the same model, seed and averaging", () => {
    expect(verdict(() => checkTrainingState(diffusion, state, { seed: 7, keepEma: true }))).toBe("accepted");
    expect(verdict(() => checkTrainingState(diffusion, withoutEma, { seed: 7, keepEma: false }))).toBe("accepted");
  });

  it("refuses another seed, saying which to pass", () => {
    expect(verdict(() => checkTrainingState(diffusion, state, { seed: 8, keepEma: true }))).toBe(
      "checkpoint-mismatch: The state to resume from was trained with seed 7, the run has seed 8. Pass the state's to go on exactly.",
    );
  });

  it("refuses an average where none is kept, and the other way round", () => {
    expect(verdict(() => checkTrainingState(diffusion, state, { seed: 7, keepEma: false }))).toMatch(
      /^checkpoint-mismatch: .* has a moving/,
    );
    expect(verdict(() => checkTrainingState(diffusion, withoutEma, { seed: 7, keepEma: true }))).toMatch(
      /^checkpoint-mismatch: .* has no/,
    );
  });

  it.each(["parameters", "first", "second", "ema"] as const)("refuses %s of another model", (group) => {
    const other: TrainingState = { ...state, [group]: { w: tensor([1, 2, 3]) } };
    expect(verdict(() => checkTrainingState(diffusion, other, { seed: 7, keepEma: true }))).toMatch(
      /^checkpoint-mismatch: .*float32\[3\]/,
    );
  });
});

describe("checkFiniteState", () => {
  const state = { ...initialTrainingState(diffusion, { seed: 7, keepEma: true }), step: 12 };

  it("accepts finite numbers", () => {
    expect(verdict(() => checkFiniteState(state))).toBe("accepted");
  });

  it.each(["parameters", "first", "second", "ema"] as const)("refuses an overflow in %s", (group) => {
    const spoilt: TrainingState = { ...state, [group]: { w: tensor([1, Number.POSITIVE_INFINITY]) } };
    expect(verdict(() => checkFiniteState(spoilt))).toMatch(/^non-finite-loss: After step 12, .*"w".* holds Infinity/);
  });
});
