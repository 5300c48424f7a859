import { describe, expect, it } from "vitest";
import { mul } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { edm } from "../../process/gaussian/edm.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import { predict } from "../predict.js";
import { reconstructionGuidance } from "./reconstruction.js";

describe("reconstructionGuidance", () => {
  it("moves the clean estimate by w sqrt(alphaBar) / 2 times minus the gradient of the squared error", () => {
    const process = variancePreserving(cosineSchedule(10), { objective: "x0", limit: { kind: "none" } });
    const guidance = reconstructionGuidance({ guidanceScale: 3, tokenShape: [2] });
    const inputs = {
      x: tensor([1, 2, 3, 4], [1, 2, 2]),
      levels: tensor(Int32Array.of(4, 6), [1, 2]),
      known: tensor([2, 9, 9, 1], [1, 2, 2]),
      mask: tensor([1, 0, 0, 1], [1, 2, 2]),
    };
    const graph = trace(inputs, ({ x, levels, known, mask }) => {
      const options = { stabilizationLevel: 0, guidance };
      const given = { guidanceInputs: { known, mask } };
      const found = predict(process, ({ tokens }) => mul(tokens, 0.5), options, given, x, levels);
      return { clean: found.clean, reward: found.guidance!.reward };
    });
    const { clean, reward } = evaluateGraph(graph, inputs);
    // Errors: 2 - 0.5 and 1 - 2; d|error|^2/dx = -2 * 0.5 * error.
    expect(reward!.data[0]).toBeCloseTo(-0.5 * (1.5 ** 2 + 1 ** 2), 5);
    const signal = (level: number) => process.path!.signal[level]!;
    expect(clean!.data[0]).toBeCloseTo(0.5 + ((3 * signal(4)) / 2) * 1.5, 4);
    expect(clean!.data[1]).toBeCloseTo(1, 5);
    expect(clean!.data[2]).toBeCloseTo(1.5, 5);
    expect(clean!.data[3]).toBeCloseTo(2 - ((3 * signal(6)) / 2) * 1, 4);
  });

  it("has the gain of the signal's share for processes that keep no variance, finite at every level", () => {
    const gain = reconstructionGuidance({ guidanceScale: 1, tokenShape: [1] }).gain!(edm({ levels: 20 }));
    expect(gain[0]).toBe(1);
    expect(gain[20]).toBeCloseTo(1 / Math.sqrt(1 + 80 ** 2), 8);
    expect(gain.every(Number.isFinite)).toBe(true);
  });

  it("declares what it takes", () => {
    const sequence = { dtype: "float32", shape: [5, 7, 3, 4, 4] };
    expect(reconstructionGuidance({ guidanceScale: 1, tokenShape: [3, 4, 4] }).inputs?.(5, 7)).toEqual({
      known: sequence,
      mask: sequence,
    });
  });
});
