import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { mul, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { vanillaHistoryGuidance } from "./guidance/score-combination.js";
import { Sampler, type SamplerOptions } from "./sampler.js";
import { heun } from "./solvers/heun.js";

/** Answers w times what it sees. */
const diffusion: Diffusion = {
  model: {
    config: { kind: "scaling" },
    tokenShape: [1],
    conditionFeatures: 0,
    parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
    apply: ({ w }, { tokens }) => mul(tokens, w!),
  },
  process: variancePreserving(cosineSchedule(50)),
  lossWeighting: { kind: "uniform" },
};
const parameters = { w: tensor([0.5]) };

describe("Sampler", () => {
  it("shows clean tokens at a hundredth of the levels unless told, at least at 1", () => {
    const levelOf = (levels: number, options: Partial<SamplerOptions> = {}): number => {
      const own = { ...diffusion, process: variancePreserving(cosineSchedule(levels)) };
      const given = { backend: referenceBackend(), parameters, ...options };
      return new Sampler(own, given).walker.options.stabilizationLevel;
    };
    expect([levelOf(1000), levelOf(250), levelOf(40)]).toEqual([10, 3, 1]);
    expect(levelOf(1000, { stabilizationLevel: 0 })).toBe(0);
  });

  it("counts the evaluations of a step: one and one for every future of several, each term, as the solver asks", () => {
    const guidance = (samples: number) => ({ samples, reward: (clean: Value) => sum(clean, [1, 2]) });
    const count = (options: Partial<SamplerOptions>): number =>
      new Sampler(diffusion, { backend: referenceBackend(), parameters, ...options }).evaluationsPerStep;
    const scores = vanillaHistoryGuidance({ scale: 2 });
    expect([count({}), count({ guidance: guidance(1) }), count({ guidance: guidance(4) })]).toEqual([1, 1, 5]);
    expect([
      count({ scores }),
      count({ solver: heun() }),
      count({ solver: heun(), scores, guidance: guidance(3) }),
    ]).toEqual([2, 2, 16]);
  });

  it("pretends any level there is, the last included", () => {
    const given = { backend: referenceBackend(), parameters, stabilizationLevel: 50 };
    expect(new Sampler(diffusion, given).walker.options.stabilizationLevel).toBe(50);
  });

  it("limits estimates to the range of the data that stands among the weights", () => {
    const ranged = { ...parameters, "data.minimum": tensor([-2]), "data.maximum": tensor([3]) };
    const given = { backend: referenceBackend(), parameters: ranged };
    expect(new Sampler(diffusion, given).walker.options.range).toEqual({ minimum: tensor([-2]), maximum: tensor([3]) });
    expect(new Sampler(diffusion, { ...given, parameters }).walker.options).not.toHaveProperty("range");
  });

  it("counts all evaluations of a sample's steps", async () => {
    const sampler = new Sampler(diffusion, { backend: referenceBackend(), parameters, timesteps: 3, solver: heun() });
    const counts: number[][] = [];
    for await (const { step, evaluations, calls } of sampler.sampleStream({ length: 1, seed: 1 }))
      counts.push([step, evaluations, calls]);
    expect(counts).toEqual([
      [1, 2, 2],
      [2, 4, 4],
      [3, 6, 6],
    ]);
  });
});
