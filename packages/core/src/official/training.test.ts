import { describe, expect, it } from "vitest";
import { diffusionForcingLoss } from "../diffusion/loss.js";
import { gradient } from "../engine/autodiff/index.js";
import { mul } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { everythingDecays, meanOverElements, officialWarmup } from "./training.js";

describe("officialWarmup", () => {
  it("takes the whole rate in the first step and lags by one after it", () => {
    const factor = officialWarmup({ kind: "constant", warmupSteps: 4 });
    expect([1, 2, 3, 4, 5, 6].map((step) => factor(step, 12))).toEqual([1, 0.25, 0.5, 0.75, 1, 1]);
    const none = officialWarmup({ kind: "constant" });
    expect([1, 2, 3].map((step) => none(step, 3))).toEqual([1, 1, 1]);
  });
});

describe("meanOverElements", () => {
  it("counts every element, whatever its mask", () => {
    const diffusion = {
      model: {
        config: { kind: "scaling" },
        tokenShape: [1],
        conditionFeatures: 0,
        parameters: { w: { shape: [], initializer: { kind: "ones" } } },
        apply: ({ w }: Record<string, never>, { tokens }: { tokens: never }) => mul(tokens, w as never),
      } as never,
      process: variancePreserving(cosineSchedule(2), { objective: "x0" }),
      lossWeighting: { kind: "uniform" },
    } as const;
    const inputs = {
      w: tensor([0.5], []),
      tokens: tensor([1, -2], [1, 2, 1]),
      noiseLevels: tensor(Int32Array.of(1, 2), [1, 2]),
      noise: tensor([0.5, -1], [1, 2, 1]),
      lossMask: tensor([1, 0], [1, 2, 1]),
    };
    const lossAt = (mask: number[]) => {
      const graph = trace(inputs, ({ w, ...batch }) => {
        const { loss } = diffusionForcingLoss(diffusion, { w }, batch, { denominator: meanOverElements });
        return { loss, slope: gradient(loss, [w])[0]! };
      });
      const { loss, slope } = evaluateGraph(graph, { ...inputs, lossMask: tensor(mask, [1, 2, 1]) });
      return [loss!.data[0], slope!.data[0]];
    };
    // Errors 0.2216228 and 2.1841911; d/dw of (w x - x0)^2 / 2 is (0.5292317 - 1) 1.0584634 for the first.
    expect(lossAt([1, 0])).toEqual([0.1108114, -0.498291].map((value) => expect.closeTo(value, 5)));
    expect(lossAt([10, 30])[0]).toBeCloseTo(33.87098, 4);
  });
});

describe("everythingDecays", () => {
  it("exempts nothing", () => {
    expect(everythingDecays("bias", { shape: [3], initializer: { kind: "zeros" } })).toEqual({});
  });
});
