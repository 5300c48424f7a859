import { isDiffusionForcingError, transformer } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { parsePlannerConfig, plannerDiffusion } from "./config.js";

const config = {
  kind: "maze2d-planner",
  maze: "medium",
  fields: ["position", "velocity"],
  frameStack: 3,
  lengths: [3, 5],
  model: transformer({ features: 12, width: 8, heads: 2, layers: 1, causal: false }).config,
  schedule: { kind: "linear", levels: 100 },
  objective: "x0",
  lossWeighting: { kind: "clamped-snr", low: 0.5, high: 5 },
  clipNoise: 6,
};

describe("parsePlannerConfig", () => {
  it("returns a config that survived JSON unchanged", () => {
    expect(parsePlannerConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["another kind", { kind: "planner" }, 'kind is "planner"; expected "maze2d-planner"'],
    ["no kind", { kind: undefined }, "kind is missing"],
    ["an unknown maze", { maze: "huge" }, 'maze is "huge"; expected umaze, medium, large'],
    ["a field that does not exist", { frameStep: 1 }, "frameStep is 1; expected no such field (known: kind, maze,"],
    ["an inherited name as maze", { maze: "toString" }, 'maze is "toString"'],
    ["no fields", { fields: [] }, "fields is []"],
    ["fields that are no list", { fields: "position" }, 'fields is "position"'],
    ["fields without the position", { fields: ["velocity"] }, 'fields is ["velocity"]; expected "position", then'],
    ["fields in another order", { fields: ["velocity", "position"] }, 'fields is ["velocity", "position"]'],
    ["a repeated field", { fields: ["position", "position"] }, 'fields is ["position", "position"]'],
    ["an unknown field", { fields: ["position", "speed"] }, 'fields is ["position", "speed"]'],
    ["a frame stack of 0", { frameStack: 0 }, "frameStack is 0; expected a positive integer"],
    ["a broken frame stack", { frameStack: 2.5 }, "frameStack is 2.5"],
    ["no lengths", { lengths: [] }, "lengths is []; expected rising integers from 3"],
    ["lengths that do not rise", { lengths: [4, 4] }, "lengths is [4, 4]"],
    ["a length without room for a plan", { lengths: [2, 3] }, "lengths is [2, 3]"],
    ["lengths as text", { lengths: ["3"] }, 'lengths is ["3"]'],
    ["no model", { model: undefined }, "model is missing; expected an object"],
    ["a model of unknown kind", { model: { kind: "mamba" } }, 'no model of kind "mamba"'],
    ["an illegal model", { model: { ...config.model, heads: 3 } }, "heads is 3"],
    ["a model field that does not exist", { model: { ...config.model, dropout: 0.1 } }, "there is no option dropout"],
    [
      "a model too large to exist",
      { model: { ...config.model, width: 1e9 } },
      "model.width is 1000000000; expected at",
    ],
    ["features of other frames", { model: { ...config.model, features: 6 } }, "model.features is 6; expected 12"],
    ["a conditioned model", { model: { ...config.model, conditionFeatures: 2 } }, "model.conditionFeatures is 2"],
    ["an unknown objective", { objective: "score" }, 'objective is "score"'],
    ["no loss weighting", { lossWeighting: undefined }, "A loss weighting's kind is undefined"],
    ["an unknown loss weighting", { lossWeighting: { kind: "sigmoid" } }, 'A loss weighting\'s kind is "sigmoid"'],
    [
      "an illegal loss weighting",
      { lossWeighting: { kind: "clamped-snr", low: 6, high: 5 } },
      "expected low at most high",
    ],
    ["a noise limit of 0", { clipNoise: 0 }, "clipNoise is 0; expected a positive number"],
    ["a noise limit as text", { clipNoise: "6" }, 'clipNoise is "6"'],
    ["no noise limit", { clipNoise: undefined }, "clipNoise is missing"],
  ])("refuses %s, naming it", (_what, change, message) => {
    const parse = () => parsePlannerConfig({ ...config, ...change });
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.toSatisfy((error) => isDiffusionForcingError(error, "invalid-config")));
  });

  it.each<[unknown, string]>([
    [{ kind: "quadratic", levels: 100 }, 'noise schedule\'s kind is "quadratic"'],
    [{ kind: "linear", levels: 20 }, "levels is 20"],
    [{ kind: "linear", levels: 1e9 }, "levels is 1000000000"],
    [undefined, "A noise schedule's kind"],
  ])("refuses the schedule %j", (schedule, message) => {
    const parse = () => parsePlannerConfig({ ...config, schedule });
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.toSatisfy((error) => isDiffusionForcingError(error, "invalid-schedule")));
  });

  it.each([null, 7, "{}", []])("refuses %j, which is no object", (value) => {
    expect(() => parsePlannerConfig(value)).toThrow(`the file is ${JSON.stringify(value)}; expected a JSON object`);
  });
});

it("builds the process that the config describes", () => {
  const { model, process, lossWeighting } = plannerDiffusion(parsePlannerConfig(config));
  expect(model.config).toEqual(config.model);
  expect(process.config).toMatchObject({ schedule: config.schedule, objective: "x0", noiseClip: 6 });
  expect(lossWeighting).toEqual(config.lossWeighting);
});
