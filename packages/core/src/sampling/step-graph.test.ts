import { describe, expect, it } from "vitest";
import { mul, sum } from "../engine/graph/operations.js";
import type { Model } from "../models/model.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../process/loss.js";
import type { DdimOptions } from "./ddim.js";
import type { Guidance } from "./guidance.js";
import { guidanceInputName, parameterName, samplingStepGraph } from "./step-graph.js";

function processOf(conditionFeatures: number): DiffusionProcess {
  const model: Model = {
    config: { kind: "scaling" },
    tokenShape: [3],
    conditionFeatures,
    parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
    apply: (parameters, { tokens }) => mul(tokens, parameters.w!),
  };
  return { model, schedule: cosineSchedule(50), objective: "v", lossWeighting: { kind: "uniform" }, clipNoise: 6 };
}
const guidance: Guidance = {
  inputs: (batch, length) => ({ goal: { dtype: "float32", shape: [batch, length] } }),
  value: (x0) => sum(x0, [1, 2]),
};

function signature(options: Partial<DdimOptions>, conditionFeatures = 0, details = false) {
  const shape = { batch: 2, length: 5 };
  const complete = { eta: 0, stabilizationLevel: 0, ...options };
  const { inputs, outputs } = samplingStepGraph(processOf(conditionFeatures), complete, shape, details);
  const type = (value: { dtype: string; shape: readonly number[] }) => `${value.dtype}[${value.shape.join(", ")}]`;
  return {
    inputs: inputs.map((value) => `${value.attributes.name} ${type(value)}`),
    outputs: Object.entries(outputs).map(([name, value]) => `${name} ${type(value)}`),
  };
}

const always = ["parameters/w float32[1]", "x float32[2, 5, 3]", "from int32[2, 5]", "to int32[2, 5]"];

describe("samplingStepGraph", () => {
  it("takes the sequence and its levels, and gives the sequence", () => {
    expect(signature({})).toEqual({ inputs: always, outputs: ["x float32[2, 5, 3]"] });
  });

  it("takes noise above eta 0, and the condition of a conditioned model", () => {
    expect(signature({ eta: 0.5 }).inputs).toEqual([...always, "noise float32[2, 5, 3]"]);
    expect(signature({}, 2).inputs).toEqual([...always, "condition float32[2, 5, 2]"]);
  });

  it("takes the guidance's inputs, and noise for its futures if they are several", () => {
    expect(signature({ guidance }).inputs).toEqual([
      ...always,
      "futureNoise float32[4, 2, 5, 3]",
      "guidance/goal float32[2, 5]",
    ]);
    expect(signature({ guidance: { ...guidance, samples: 1 } }).inputs).toEqual([
      ...always,
      "guidance/goal float32[2, 5]",
    ]);
  });

  it("gives the details asked for", () => {
    expect(signature({}, 0, true).outputs).toEqual(["x float32[2, 5, 3]", "x0 float32[2, 5, 3]"]);
    expect(signature({ guidance }, 0, true).outputs).toEqual([
      "x float32[2, 5, 3]",
      "x0 float32[2, 5, 3]",
      "guidanceValue float32[2]",
      "guidanceGradient float32[2, 5, 3]",
    ]);
  });

  it("names parameters and guidance inputs apart", () => {
    expect([parameterName("w"), guidanceInputName("w")]).toEqual(["parameters/w", "guidance/w"]);
  });
});
