import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { failureOf as verdict } from "../testing/fixtures/failure.js";
import {
  checkFiniteState,
  checkTrainingState,
  copyRecord,
  initialTrainingState,
  samplingParameters,
  type TrainingState,
} from "./state.js";
import { trainableDiffusion } from "./trainable-diffusion.js";

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

  it("may start from weights, which it copies and checks", () => {
    const w = tensor([1, 2]);
    const { parameters, ema } = initialTrainingState(diffusion, { seed: 7, keepEma: true, parameters: { w } });
    w.data[0] = 9;
    expect([parameters, ema]).toEqual([{ w: tensor([1, 2]) }, { w: tensor([1, 2]) }]);
    const withRange = { w, "data.minimum": tensor([0]), "data.maximum": tensor([1]) };
    const fresh = initialTrainingState(diffusion, { seed: 7, keepEma: false, parameters: withRange });
    expect(Object.keys(fresh.parameters)).toEqual(["w"]);
    expect(() => initialTrainingState(diffusion, { seed: 7, keepEma: false, parameters: {} })).toThrow(
      'Parameter "w" [2] is missing',
    );
    const lost = { w: { ...w, data: [1, 2] as never } };
    expect(() => initialTrainingState(diffusion, { seed: 7, keepEma: false, parameters: lost })).toThrow("parameters");
  });

  it("has no process where what is trained has none", () => {
    const { process: _, ...without } = trainableDiffusion(diffusion);
    expect(initialTrainingState(without, { seed: 7, keepEma: false }).subject).toStrictEqual({
      model: { kind: "test" },
    });
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
    const best = { step: 1, loss: 2, misses: 0, parameters: { w: tensor([5, 6]) } };
    expect(samplingParameters({ ...state, ema, best })).toBe(best.parameters);
    const range = { minimum: tensor([-1]), maximum: tensor([2]) };
    expect(samplingParameters({ ...state, ema, range })).toEqual({
      ...{ w: ema.w, "data.minimum": range.minimum, "data.maximum": range.maximum },
    });
  });
});

describe("checkTrainingState", () => {
  const state = initialTrainingState(diffusion, { seed: 7, keepEma: true });
  const { ema: _ema, ...withoutEma } = state;

  it("accepts a state of the same model, seed and averaging", () => {
    expect(verdict(() => checkTrainingState(diffusion, state, { seed: 7, keepEma: true }))).toBe("succeeded");
    expect(verdict(() => checkTrainingState(diffusion, withoutEma, { seed: 7, keepEma: false }))).toBe("succeeded");
  });

  const refused = (other: object, keepEma = true) =>
    verdict(() => checkTrainingState(diffusion, { ...state, ...other } as TrainingState, { seed: 7, keepEma }));

  it.each<[string, object]>([
    ["no first moments", { first: undefined }],
    ["null for first moments", { first: null }],
    ["no second moments", { second: undefined }],
    ["a step below 0", { step: -1 }],
    ["half a step", { step: 1.5 }],
    ["no step", { step: undefined }],
  ])("refuses %s, and says what to do with weights alone", (_name, other) => {
    expect(refused(other)).toMatch(/^invalid-argument: train: resume is an object with .* give them as parameters\.$/);
  });

  it("names what the state was trained with, and what the run has instead", () => {
    const { model: kept, process } = state.subject as { model: object; process: object };
    const end = "Resume with the process and the model of the first run, or start anew from the state's parameters.";
    const start = "checkpoint-mismatch: The state to resume from was trained with";
    expect(refused({ subject: undefined })).toMatch(/trained with process undefined, the run has an object with kind/);
    expect(refused({ subject: { model: kept } })).toMatch(/trained with process undefined/);
    expect(refused({ subject: { model: kept, process: { ...process, noiseClip: 3 } } })).toBe(
      `${start} process.noiseClip 3, the run has 6. ${end}`,
    );
    expect(refused({ subject: { process, model: { ...kept, width: 3 } } })).toBe(
      `${start} model.width 3, the run has undefined. ${end}`,
    );
    expect(refused({ subject: { process, model: null } })).toBe(
      `${start} model null, the run has an object with kind. ${end}`,
    );
    expect(refused({ subject: { process: { ...process, schedule: 1 }, model: kept } })).toMatch(
      /process\.schedule 1, the run has an object with kind, levels, s\./,
    );
  });

  it("checks the tensors of a state without an average, and of the best one", () => {
    const { ema: _, ...plain } = state;
    const wrong = { w: tensor([1, 2, 3]) };
    expect(
      verdict(() => checkTrainingState(diffusion, { ...plain, first: wrong }, { seed: 7, keepEma: false })),
    ).toMatch(/^checkpoint-mismatch: .*float32\[3\]/);
    expect(refused({ best: { step: 1, loss: 1, misses: 0, parameters: wrong } })).toMatch(
      /^checkpoint-mismatch: .*float32\[3\]/,
    );
    expect(refused({ best: { step: 1, loss: 1, misses: 0, parameters: { w: 1 } } })).toMatch(
      /resume\.best\.parameters/,
    );
    expect(refused({ best: { step: 1, loss: 1, misses: 0, parameters: state.parameters } })).toBe("succeeded");
    for (const change of [{ loss: Number.NaN }, { misses: "x" }, { step: null }, { more: 1 }]) {
      const best = { step: 1, loss: 1, misses: 0, parameters: state.parameters, ...change } as never;
      expect(refused({ best })).toMatch(new RegExp(`^invalid-argument: train: resume: .*best.${Object.keys(change)}`));
    }
    expect(refused({ best: null as never })).toMatch(/^invalid-argument: train: resume: best is null/);
    expect(refused({ step: 0 })).toBe("succeeded");
    expect(refused({ second: { w: tensor([0, Number.NaN]) } })).toMatch(/NaN/);
  });

  it("checks the range of the data", () => {
    const [minimum, maximum] = [tensor([-1]), tensor([1])];
    expect(refused({ range: { minimum, maximum } })).toBe("succeeded");
    expect(refused({ range: { minimum: tensor([Number.NaN]), maximum } })).toBe(
      "invalid-data: train: resume.range.minimum holds NaN; expected numbers.",
    );
    expect(refused({ range: { minimum, maximum: tensor([0, Number.NaN]) } })).toMatch(/range.maximum holds NaN/);
    expect(refused({ range: { minimum, maximum: tensor([1, 2]) } })).toMatch(/^checkpoint-mismatch: .*float32\[1\]/);
    expect(refused({ range: 5 as never })).toMatch(/^invalid-argument: train: resume: range is 5/);
    expect(refused({ range: { minimum, maximum: null } as never })).toMatch(
      /^invalid-argument: .*range.maximum is null/,
    );
  });

  it("refuses another seed, saying which to pass", () => {
    expect(verdict(() => checkTrainingState(diffusion, state, { seed: 8, keepEma: true }))).toBe(
      "checkpoint-mismatch: The state to resume from was trained with seed 7, the run has seed 8. Pass the state's to go on exactly.",
    );
  });

  it("refuses an average where none is kept, and the other way round", () => {
    expect(verdict(() => checkTrainingState(diffusion, state, { seed: 7, keepEma: false }))).toBe(
      "checkpoint-mismatch: The state to resume from has a moving average of the parameters, the run does not. Resume with the emaDecay of the first run.",
    );
    expect(verdict(() => checkTrainingState(diffusion, withoutEma, { seed: 7, keepEma: true }))).toBe(
      "checkpoint-mismatch: The state to resume from has no moving average of the parameters, the run keeps one. Resume with the emaDecay of the first run.",
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
    expect(verdict(() => checkFiniteState(state))).toBe("succeeded");
  });

  it.each(["parameters", "first", "second", "ema"] as const)("refuses an overflow in %s", (group) => {
    const spoilt: TrainingState = { ...state, [group]: { w: tensor([1, Number.POSITIVE_INFINITY]) } };
    const what = group === "parameters" ? 'parameter "w"' : `"w" in the state's ${group}`;
    expect(verdict(() => checkFiniteState(spoilt))).toContain(
      `non-finite-loss: After step 12, ${what} holds Infinity: a gradient overflowed.`,
    );
  });
});
