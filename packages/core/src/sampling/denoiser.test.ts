import { describe, expect, it } from "vitest";
import { add, cast, mul, reshape } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import type { Objective } from "../process/gaussian/objective.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../process/loss.js";
import { denoise, stabilizedInput, stabilizedLevels } from "./denoiser.js";

/** Answers its tokens + 100 times their level + 1000 times their condition. */
const telling: Model = {
  config: { kind: "telling" },
  tokenShape: [1],
  conditionFeatures: 1,
  parameters: {},
  apply: (_parameters, { tokens, noiseLevels, condition }) => {
    const levels = reshape(cast(noiseLevels, "float32"), tokens.shape);
    const output = add(tokens, mul(levels, 100));
    return condition === undefined ? output : add(output, mul(condition, 1000));
  },
};

function processOf(objective: Objective, clipNoise = 6): DiffusionProcess {
  return { model: telling, schedule: cosineSchedule(50), objective, lossWeighting: { kind: "uniform" }, clipNoise };
}

describe("stabilisation", () => {
  const inputs = { x: tensor([2, 3, 5], [1, 3, 1]), levels: tensor(Int32Array.of(0, 1, 50), [1, 3]) };
  const stabilized = (level: number) => {
    const graph = trace(inputs, ({ x, levels }) => ({
      levels: stabilizedLevels(levels, level),
      tokens: stabilizedInput(processOf("x0"), x, levels, level),
    }));
    const { levels, tokens } = evaluateGraph(graph, inputs);
    return { levels: [...levels!.data], tokens: [...tokens!.data] };
  };

  it("tells clean tokens' pretended level and scales them by its signal, others untouched", () => {
    // alphaBar of level 15 of 50 is 0.7869105.
    expect(stabilized(15)).toEqual({ levels: [15, 1, 50], tokens: [expect.closeTo(1.7741595, 6), 3, 5] });
  });

  it("does nothing at level 0", () => {
    expect(stabilized(0)).toEqual({ levels: [0, 1, 50], tokens: [2, 3, 5] });
  });
});

describe("denoise", () => {
  const inputs = {
    tokens: tensor([2, 3], [1, 2, 1]),
    levels: tensor(Int32Array.of(0, 4), [1, 2]),
    condition: tensor([1, -1], [1, 2, 1]),
  };
  const run = (process: DiffusionProcess, conditioned: boolean) => {
    const graph = trace(inputs, ({ tokens, levels, condition }) => ({
      ...denoise(process, {}, tokens, levels, conditioned ? condition : undefined),
    }));
    return evaluateGraph(graph, inputs);
  };

  it("gives the model the tokens, their levels and the condition", () => {
    expect([...run(processOf("x0"), true).output!.data]).toEqual([1002, -597]);
    expect([...run(processOf("x0"), false).output!.data]).toEqual([2, 403]);
  });

  it("converts the answer by the objective", () => {
    expect([...run(processOf("x0"), false).x0!.data]).toEqual([2, 403]);
    expect([...run(processOf("noise", 500), false).eps!.data]).toEqual([2, 403]);
    expect([...run(processOf("noise", 6), false).eps!.data]).toEqual([2, 6]);
    // At level 0 v is noise and x0 is the token itself.
    expect(run(processOf("v"), false).x0!.data[0]).toBe(2);
  });
});
