import { describe, expect, it } from "vitest";
import { mul } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../process/loss.js";
import { ddimStep } from "./ddim.js";
import { reconstructionGuidance } from "./reconstruction-guidance.js";

const schedule = cosineSchedule(10);

describe("reconstructionGuidance", () => {
  it("moves the clean estimate by w sqrt(alphaBar) / 2 times minus the gradient of the squared error", () => {
    const process: DiffusionProcess = {
      model: {
        config: { kind: "test" },
        tokenShape: [2],
        conditionFeatures: 0,
        parameters: {},
        apply: (_, { tokens }) => mul(tokens, 0.5),
      },
      schedule,
      objective: "x0",
      lossWeighting: { kind: "uniform" },
      clipNoise: 20,
    };
    const guidance = reconstructionGuidance({ scale: 3, tokenShape: [2] });
    const inputs = {
      x: tensor([1, 2, 3, 4], [1, 2, 2]),
      from: tensor(Int32Array.of(4, 6), [1, 2]),
      to: tensor(Int32Array.of(3, 5), [1, 2]),
      known: tensor([2, 9, 9, 1], [1, 2, 2]),
      mask: tensor([1, 0, 0, 1], [1, 2, 2]),
    };
    const graph = trace(inputs, ({ x, from, to, known, mask }) => {
      const options = { eta: 0, stabilizationLevel: 0, guidance };
      const { x0, guidance: found } = ddimStep(process, {}, options, { x, from, to, guidanceInputs: { known, mask } });
      return { x0, value: found!.value };
    });
    const { x0, value } = evaluateGraph(graph, inputs);
    // Errors: 2 - 0.5 and 1 - 2; d|error|^2/dx = -2 * 0.5 * error.
    expect(value!.data[0]).toBeCloseTo((-3 / 2) * (1.5 ** 2 + 1 ** 2), 5);
    const signal = (level: number) => schedule.tables.sqrtAlphasCumprod[level]!;
    expect(x0!.data[0]).toBeCloseTo(0.5 + ((3 * signal(4)) / 2) * 1.5, 4);
    expect(x0!.data[1]).toBeCloseTo(1, 5);
    expect(x0!.data[2]).toBeCloseTo(1.5, 5);
    expect(x0!.data[3]).toBeCloseTo(2 - ((3 * signal(6)) / 2) * 1, 4);
  });

  it("moves the predicted noise no further than the guidance's clip, if it has one", () => {
    const process: DiffusionProcess = {
      model: {
        config: { kind: "test" },
        tokenShape: [1],
        conditionFeatures: 0,
        parameters: {},
        apply: (_, x) => x.tokens,
      },
      schedule,
      objective: "noise",
      lossWeighting: { kind: "uniform" },
      clipNoise: 20,
    };
    const guided = (clip?: number) => {
      const guidance = { ...reconstructionGuidance({ scale: 50, tokenShape: [1] }), ...(clip ? { clip } : {}) };
      const inputs = {
        x: tensor([0.5], [1, 1, 1]),
        from: tensor(Int32Array.of(6), [1, 1]),
        to: tensor(Int32Array.of(5), [1, 1]),
        known: tensor([9], [1, 1, 1]),
        mask: tensor([1], [1, 1, 1]),
      };
      const graph = trace(inputs, ({ x, from, to, known, mask }) => {
        const options = { eta: 0, stabilizationLevel: 0, guidance };
        return { eps: ddimStep(process, {}, options, { x, from, to, guidanceInputs: { known, mask } }).eps };
      });
      return Math.abs(evaluateGraph(graph, inputs).eps!.data[0]!);
    };
    expect(guided()).toBeGreaterThan(3);
    expect(guided(2)).toBeCloseTo(2, 6);
  });

  it("declares what it takes", () => {
    const sequence = { dtype: "float32", shape: [5, 7, 3, 4, 4] };
    expect(reconstructionGuidance({ scale: 1, tokenShape: [3, 4, 4] }).inputs?.(5, 7)).toEqual({
      known: sequence,
      mask: sequence,
    });
  });
});
