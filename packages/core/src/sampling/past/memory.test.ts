import { describe, expect, it } from "vitest";
import { mul, square, sum } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { createRandom, type RandomStream } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../../engine/tensor/tensor.js";
import { dit3d } from "../../models/dit3d/index.js";
import type { Model } from "../../models/model.js";
import { recurrent } from "../../models/recurrent/index.js";
import { transformer } from "../../models/transformer/index.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import { drawnParameters } from "../../testing/apply-model.js";
import { deviceStandIn } from "../../testing/device-stand-in.js";
import { drawTensor } from "../../testing/values.js";
import {
  classifierFreeGuidance,
  fractionalHistoryGuidance,
  temporalHistoryGuidance,
  vanillaHistoryGuidance,
} from "../guidance/score-combination.js";
import type { NoiseSource } from "../noise-source.js";
import { autoregressive, fullSequence, type MatrixShape, pyramid } from "../plan/matrix-shapes.js";
import type { RolloutChunk, RolloutOptions, RolloutState } from "../rollout-options.js";
import { Sampler, type SamplerOptions } from "../sampler.js";
import { ancestral } from "../solvers/ancestral.js";
import { ddim } from "../solvers/ddim.js";
import { dpmSolverPlusPlus } from "../solvers/dpm-solver-plus-plus.js";

const process = variancePreserving(cosineSchedule(20));
const [known, length, batch] = [3, 5, 2];

const models: Record<string, Model> = {
  transformer: transformer({
    positions: "rotary",
    features: 2,
    conditionFeatures: 2,
    width: 8,
    layers: 2,
    heads: 2,
    feedForward: 8,
  }),
  dit3d: dit3d({ tokenShape: [2], conditionFeatures: 2, width: 8, heads: 2, layers: 2, feedForward: 8 }),
  recurrent: recurrent({ features: 2, conditionFeatures: 2, stateSize: 6, width: 4, learnedInitialState: true }),
};

const drawn = (shape: number[], seed: number): HostTensor =>
  drawTensor({ dtype: "float32", shape, low: -1, high: 1 }, seed);

/**
 * Noise of a token by its place from the end, so that what a chunk draws is the same whether the tokens before it stand in
 * the same tensor or not.
 */
function fromTheEnd(random: RandomStream): NoiseSource {
  return {
    split: (label) => fromTheEnd(random.split(label)),
    fillNormal: (target, { clip = 20 } = {}) => {
      for (let i = target.length - 1; i >= 0; i--) target[i] = Math.min(Math.max(random.normal(), -clip), clip);
    },
  };
}
const seeds = () => Array.from({ length: batch }, (_, b) => fromTheEnd(createRandom(30 + b)));

function samplerOf(model: Model, options: Partial<SamplerOptions>): Sampler {
  const diffusion = { model, process, lossWeighting: { kind: "uniform" } } as const;
  return new Sampler(diffusion, {
    backend: referenceBackend(),
    parameters: drawnParameters(model),
    timesteps: 4,
    stabilizationLevel: 2,
    ...options,
  });
}

const options = (more: Partial<RolloutOptions>): RolloutOptions => ({
  context: drawn([batch, known, 2], 7),
  condition: drawn([batch, known + length, 2], 8),
  length,
  // The last chunk is of one token: what a cache holds is the window less a whole chunk.
  window: known + length + 1,
  chunk: 2,
  seed: seeds(),
  ...more,
});

async function rolledOut(sampler: Sampler, given: RolloutOptions): Promise<number[]> {
  const values: number[] = [];
  for await (const { tokens } of sampler.rollout(given)) values.push(...tokens.data);
  return values;
}

/** The largest difference, relative to the largest value. */
function difference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  const largest = Math.max(...b.map(Math.abs));
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / largest;
}

const reward = (clean: Value): Value => mul(sum(square(clean), [1, 2]), -0.5);
const matrices: [string, MatrixShape][] = [
  ["autoregressive", autoregressive()],
  ["pyramid", pyramid()],
  ["full sequence", fullSequence()],
];
const steerings: [string, Partial<SamplerOptions>][] = [
  ["plainly", {}],
  ["without stabilisation", { stabilizationLevel: 0 }],
  ["with fresh noise", { solver: ddim({ eta: 1 }) }],
  ["by a multistep solver", { solver: dpmSolverPlusPlus() }],
  ["up a reward", { guidance: { reward, samples: 1 } }],
  ["up a reward over futures", { guidance: { reward, samples: 2 } }],
  ["with vanilla history guidance", { scores: vanillaHistoryGuidance({ scale: 2 }) }],
  ["with stabilised history guidance", { scores: vanillaHistoryGuidance({ scale: 2, stabilizationLevel: 3 }) }],
  ["with fractional history guidance", { scores: fractionalHistoryGuidance({ scale: 1.5, level: 8 }) }],
  ["free of a classifier", { scores: classifierFreeGuidance({ scale: 2 }) }],
  [
    "with history guidance, up a reward over futures",
    { scores: vanillaHistoryGuidance({ scale: 1.5 }), guidance: { reward, samples: 2 }, solver: ancestral() },
  ],
];

describe.each(Object.keys(models))("a cache of %s", (name) => {
  const model = models[name] as Model;

  it.each(steerings)("rolls out as the window read again does, within it: %s", async (_what, steering) => {
    const sampler = samplerOf(model, steering);
    for (const [, matrix] of matrices) {
      const cached = await rolledOut(sampler, options({ matrix, memory: "cache" }));
      const read = await rolledOut(sampler, options({ matrix, memory: "recompute" }));
      expect(cached.every(Number.isFinite)).toBe(true);
      expect(difference(cached, read)).toBeLessThan(1e-5);
    }
    await sampler.dispose();
  });

  it("differs where the past does: the comparison sees it", async () => {
    const sampler = samplerOf(model, {});
    const one = await rolledOut(sampler, options({ memory: "cache" }));
    const other = await rolledOut(sampler, options({ memory: "cache", context: drawn([batch, known, 2], 9) }));
    expect(difference(one, other)).toBeGreaterThan(1e-4);
  });

  it("goes on from a snapshot with the same bits, past the window too", async () => {
    const sampler = samplerOf(model, { solver: ddim({ eta: 1 }), scores: vanillaHistoryGuidance({ scale: 1.5 }) });
    const given = options({ memory: "cache", window: 5, seed: 4 });
    const whole = await rolledOut(sampler, given);
    const states: RolloutState[] = [];
    for await (const chunk of sampler.rollout(given)) states.push(structuredClone(await chunk.snapshot()));
    expect(states.map(({ done, position }) => [done, position])).toEqual([
      [2, 5],
      [4, 7],
      [5, 8],
    ]);
    const { context: _, ...rest } = given;
    for (const resume of states.slice(0, 2)) {
      const resumed = await rolledOut(sampler, { ...rest, batch, resume });
      expect(resumed).toEqual(whole.slice(resume.done * batch * 2));
    }
  });

  it("starts from nothing", async () => {
    const sampler = samplerOf(model, {});
    const { context: _, ...rest } = options({ batch, condition: drawn([batch, length, 2], 8) });
    const cached = await rolledOut(sampler, { ...rest, memory: "cache" });
    expect(difference(cached, await rolledOut(sampler, { ...rest, memory: "recompute" }))).toBeLessThan(1e-5);
  });
});

describe("a cached rollout", () => {
  const model = models.transformer as Model;

  it("walks unrolled as step by step, whatever the steps draw and remember", async () => {
    for (const steering of [
      { solver: dpmSolverPlusPlus() },
      { solver: ddim({ eta: 1 }), guidance: { reward, samples: 2 } },
      { solver: ancestral({ variance: 0.5 }), scores: vanillaHistoryGuidance({ scale: 2 }) },
    ]) {
      const { walker } = samplerOf(model, steering);
      const ends = [1, 3, 16].map(async (unroll) => {
        const walk = walker.walk({
          tokens: drawn([1, 4, 2], 5),
          condition: drawn([1, 4, 2], 6),
          rows: [
            [0, 4, 4, 4],
            [0, 3, 4, 4],
            [0, 3, 4, 4],
            [0, 2, 3, 4],
            [0, 0, 2, 4],
            [0, 0, 0, 3],
            [0, 0, 0, 0],
          ],
          random: createRandom(9),
          unroll,
        });
        let last: number[] = [];
        for await (const { x } of walk) last = Array.from((x as HostTensor).data);
        return last;
      });
      const [single, thrice, all] = (await Promise.all(ends)) as [number[], number[], number[]];
      expect(difference(thrice, single)).toBeLessThan(1e-6);
      expect(difference(all, single)).toBeLessThan(1e-6);
    }
  });

  it("leaves nothing on the device, cut short or not", async () => {
    const { backend, live } = deviceStandIn();
    const sampler = samplerOf(model, { backend, solver: dpmSolverPlusPlus() });
    await rolledOut(sampler, options({ memory: "cache" }));
    expect(live()).toBe(0);
    for await (const _ of sampler.rollout(options({ memory: "cache" }))) break;
    expect(live()).toBe(0);
  });

  it("keeps a memory of constant size, however long it goes on", async () => {
    const sampler = samplerOf(model, { timesteps: 1 });
    const condition = (_: number, count: number): HostTensor =>
      tensor(new Float32Array(batch * count * 2), [batch, count, 2]);
    const sizes = new Set<number>();
    const slots = new Set<number | undefined>();
    for await (const chunk of sampler.rollout(options({ memory: "cache", condition, length: 40, window: 6 }))) {
      const { memory } = await chunk.snapshot();
      for (const [name, { shape }] of Object.entries(memory!)) if (name.includes("key")) slots.add(shape[2]);
      sizes.add(Object.values(memory!).reduce((total, { data }) => total + data.length, 0));
      expect(chunk.tokens.data.every(Number.isFinite)).toBe(true);
    }
    expect(sizes.size).toBe(1);
    // A window of 6 tokens, less the chunk of 2 that is denoised.
    expect([...slots]).toEqual([4]);
  });

  it("gives its memory away, and takes back none that cannot be", async () => {
    const sampler = samplerOf(model, { timesteps: 1 });
    const condition = (_: number, count: number): HostTensor =>
      tensor(new Float32Array(batch * count * 2), [batch, count, 2]);
    const all = options({ memory: "cache", condition, length: 4, window: 6 });
    const tokensOf = async (spoil: boolean): Promise<HostTensor[]> => {
      const found: HostTensor[] = [];
      for await (const { tokens, snapshot } of sampler.rollout(all)) {
        found.push({ ...tokens, data: tokens.data.slice() } as HostTensor);
        const { memory = {} } = await snapshot();
        if (spoil) for (const { data } of Object.values(memory)) data.fill(1);
      }
      return found;
    };
    expect(await tokensOf(true)).toEqual(await tokensOf(false));

    const first = (await sampler.rollout(all).next()).value as RolloutChunk;
    const { memory, ...state } = await first.snapshot();
    const { context: _, ...rest } = all;
    const resumed = (change: HostTensorRecord): Promise<unknown> =>
      sampler.rollout({ ...rest, batch, resume: { ...state, memory: { ...memory, ...change } } }).next();
    const [name, values] = Object.entries(memory!).find(([, { dtype }]) => dtype === "float32")!;
    await expect(
      resumed({ [name]: { ...values, data: values.data.slice().fill(Number.NaN) } as HostTensor }),
    ).rejects.toThrow(`the memory "${name}" of the state to resume from holds NaN`);
    if (memory!.filled === undefined) return;
    for (const filled of [-5, 1e9]) {
      await expect(resumed({ filled: tensor(new Int32Array(batch).fill(filled)) })).rejects.toThrow(
        `"filled" of the state to resume from counts ${filled} tokens; expected 0 to ${state.position}`,
      );
    }
  });

  it.each<[string, Partial<SamplerOptions>, object, RegExp]>([
    ["no window", {}, { window: undefined }, /window is missing/],
    [
      "views that pick tokens by their place",
      { scores: temporalHistoryGuidance([{ weight: 1, tokens: [-1] }]) },
      {},
      /recompute/,
    ],
    [
      "a state of another window",
      {},
      { context: undefined, batch, resume: { done: 0, position: 3, memory: {} } },
      /is missing; expected/,
    ],
  ])("refuses %s", async (_what, steering, more, message) => {
    await expect(rolledOut(samplerOf(model, steering), options({ memory: "cache", ...more }))).rejects.toThrow(message);
  });
});
