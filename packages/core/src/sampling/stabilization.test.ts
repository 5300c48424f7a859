import { describe, expect, it } from "vitest";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { bayesianFlow } from "../process/bayesian-flow/continuous.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import type { NoiseProcess } from "../process/process.js";
import { stabilized } from "./stabilization.js";

describe("stabilized", () => {
  const inputs = { x: tensor([2, 3, 5], [1, 3, 1]), levels: tensor(Int32Array.of(0, 1, 50), [1, 3]) };
  const shown = (process: NoiseProcess, level: number) => {
    const graph = trace(inputs, ({ x, levels }) => {
      const { tokens, told } = stabilized(process, x, levels, level);
      // Level 0 costs the graph nothing.
      expect([tokens === x, told === levels]).toEqual([level === 0, level === 0]);
      return { tokens, told };
    });
    const { told, tokens } = evaluateGraph(graph, inputs);
    return { levels: [...told!.data], tokens: [...tokens!.data] };
  };
  const process = variancePreserving(cosineSchedule(50), { objective: "x0" });

  it("tells clean tokens' pretended level and scales them by its signal, others untouched", () => {
    // alphaBar of level 15 of 50 is 0.7869105.
    expect(shown(process, 15)).toEqual({ levels: [15, 1, 50], tokens: [expect.closeTo(1.7741595, 6), 3, 5] });
  });

  it("does nothing at level 0", () => {
    expect(shown(process, 0)).toEqual({ levels: [0, 1, 50], tokens: [2, 3, 5] });
  });

  it("knows a process by its contract: a Bayesian flow's belief in a clean token is less than whole", () => {
    const flow = bayesianFlow({ levels: 50, finalStd: 0.1 });
    // gamma of level 10: 1 - 0.1^(2 * 0.8).
    expect(shown(flow, 10).tokens[0]).toBeCloseTo(2 * (1 - 0.1 ** 1.6), 5);
  });
});
