import { describe, expect, it } from "vitest";
import { mul, reshape, slice, sum } from "../../engine/graph/operations.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { diffusionForcing } from "../../forcing.js";
import { initializeParameters, transformer } from "../../models/index.js";
import { bayesianFlow } from "../../process/bayesian-flow/continuous.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import type { Guidance } from "../guidance/gradient.js";
import { classifierFreeGuidance, vanillaHistoryGuidance } from "../guidance/score-combination.js";
import type { NoiseSource } from "../noise-source.js";
import { pyramid } from "../plan/matrix-shapes.js";
import type { SamplerOptions } from "../sampler.js";
import { ancestral } from "../solvers/ancestral.js";
import { ddim } from "../solvers/ddim.js";
import { speculative } from "./speculative.js";

const sizes = { features: 2, width: 16, layers: 2, heads: 2 } as const;
const schedule = cosineSchedule(60);
function samplerOf(model: ReturnType<typeof transformer>, options: Partial<SamplerOptions>) {
  return diffusionForcing({ model, schedule }).sampler({
    backend: referenceBackend(),
    parameters: initializeParameters(model, createRandom(1)),
    timesteps: 8,
    solver: ancestral(),
    ...options,
  });
}
const close = (values: ArrayLike<number>) => Array.from(values, (value) => expect.closeTo(value, 4));
const context = tensor([0.3, -0.2, 0.1, 0.5], [1, 2, 2]);
const guidance: Guidance = {
  guidanceScale: 0.3,
  inputs: (batch) => ({ goal: { dtype: "float32", shape: [batch, 1] } }),
  reward: (clean, { goal }) => mul(sum(slice(clean, 2, 0, 1), [1, 2]), reshape(goal!, [-1])),
};

/** Numbers drawn from the last element on, so that a chunk's are the same whether the window is drawn with it or not. */
function fromTheEnd(source: NoiseSource): NoiseSource {
  return {
    split: (label) => fromTheEnd(source.split(label)),
    fillNormal: (target, options) => {
      source.fillNormal(target, options);
      target.reverse();
    },
  };
}

describe("speculative", () => {
  const plainModel = transformer({ ...sizes, causal: false });
  const conditioned = transformer({ ...sizes, causal: false, conditionFeatures: 1 });
  const condition = tensor([1, 2, 3, 4, 5], [1, 5, 1]);

  it.for([
    ["a plain walk", plainModel, {}, {}],
    ["guidance over futures", plainModel, { guidance }, { guidanceInputs: { goal: tensor([2], [1, 1]) } }],
    ["history guidance", plainModel, { scores: vanillaHistoryGuidance({ scale: 1.5 }) }, {}],
    ["classifier-free guidance", conditioned, { scores: classifierFreeGuidance({ scale: 2 }) }, { condition }],
  ] as const)("in frozen windows of one step is the plain walk: %s", async ([, model, options, inputs]) => {
    const request = { context, length: 3, matrix: pyramid({ uncertainty: 2 }), seed: 5, ...inputs };
    const plain = await samplerOf(model, options).sample(request);
    const drafted = samplerOf(model, { ...options, speculation: speculative({ draft: "frozen", length: 1 }) });
    expect(Array.from((await drafted.sample(request)).data)).toEqual(close(plain.data));
  });

  it("keeps every step that a draft model of the same weights takes: as the plain walk, in a fifth of the runs", async () => {
    const request = { batch: 3, length: 4, matrix: pyramid({ uncertainty: 2 }), seed: 5 };
    const plain = samplerOf(plainModel, {});
    const diffusion = diffusionForcing({ model: plainModel, schedule });
    const draft = { diffusion, parameters: initializeParameters(plainModel, createRandom(1)) };
    const sampler = samplerOf(plainModel, { speculation: speculative({ draft, length: 7 }) });
    const expected = await plain.sample(request);
    let calls = 0;
    let data: ArrayLike<number> = [];
    for await (const progress of sampler.sampleStream(request)) {
      ({ calls } = progress);
      ({ data } = await progress.read());
    }
    expect(Array.from(data)).toEqual(close(expected.data));
    // 14 moves; a token's last step, at which nothing is random, is the same for both.
    expect(calls).toBeLessThanOrEqual(7);
    await sampler.dispose();
  });

  it("is the same with a cache of keys and values as without", async () => {
    const model = transformer({ ...sizes, causal: true, positions: "rotary" });
    const rolled = async (memory: "cache" | "recompute") => {
      const sampler = samplerOf(model, { solver: ddim({ eta: 1 }), speculation: speculative({ length: 4 }) });
      const all: number[] = [];
      const calls: number[] = [];
      const seed = fromTheEnd(createRandom(2));
      for await (const chunk of sampler.rollout({ context, length: 6, chunk: 3, window: 12, memory, seed })) {
        all.push(...chunk.tokens.data);
        calls.push(chunk.calls);
      }
      return { all, calls };
    };
    const [cached, recomputed] = [await rolled("cache"), await rolled("recompute")];
    expect(cached.all).toEqual(close(recomputed.all));
    expect(cached.calls).toEqual(recomputed.calls);
  });

  it("refuses what it cannot draft for, naming it", () => {
    const speculation = speculative();
    expect(() => speculative({ draft: "frozn" as never })).toThrow(/draft.*frozn.*"frozen", "recent" or a draft model/);
    expect(() => speculative({ length: 0 })).toThrow(/length/);
    expect(() => samplerOf(plainModel, { solver: ddim(), speculation })).toThrow(/ddim.*draws nothing.*ancestral\(\)/);
    const { law: _law, ...lawless } = ancestral();
    expect(() => samplerOf(plainModel, { solver: lawless, speculation })).toThrow(/"ancestral".*draws nothing/);
    const other = diffusionForcing({ model: plainModel, schedule: cosineSchedule(61) });
    const draft = { diffusion: other, parameters: initializeParameters(plainModel, createRandom(1)) };
    expect(() => samplerOf(plainModel, { speculation: speculative({ draft }) })).toThrow(/another process/);
    const narrow = transformer({ ...sizes, features: 3 });
    const thin = { diffusion: diffusionForcing({ model: narrow, schedule }), parameters: {} };
    expect(() => samplerOf(plainModel, { speculation: speculative({ draft: thin }) })).toThrow(/other tokens/);
    const flow = bayesianFlow({ levels: 60 });
    const steps = { ...flow, posterior: undefined };
    expect(() =>
      diffusionForcing({ model: plainModel, process: steps as never }).sampler({
        backend: referenceBackend(),
        parameters: initializeParameters(plainModel, createRandom(1)),
        speculation,
      }),
    ).toThrow(/bayesian-flow.*no normal steps/);
  });

  it("leaves a draft model without a memory to windows that are read again", async () => {
    const model = transformer({ ...sizes, causal: true, positions: "rotary" });
    const draft = {
      diffusion: diffusionForcing({ model, schedule }),
      parameters: initializeParameters(model, createRandom(1)),
    };
    const sampler = samplerOf(model, { speculation: speculative({ draft }) });
    const rollout = sampler.rollout({ length: 2, window: 4, seed: 1 });
    await expect(rollout.next()).rejects.toThrow(/draft model keeps no memory.*recompute/);
  });
});
