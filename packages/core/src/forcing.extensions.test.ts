import * as df from "@diffusion-forcing/core";
import {
  add,
  broadcastTo,
  concat,
  constant,
  div,
  equal,
  mul,
  reshape,
  slice,
  square,
  sub,
  type Value,
  where,
} from "@diffusion-forcing/core/graph";
import type { ModelInput, ModelMemory, Parameters } from "@diffusion-forcing/core/models";
import { atLevel, type NoiseProcess, perToken, processFromConfig } from "@diffusion-forcing/core/process";
import { pathOf, type Solver } from "@diffusion-forcing/core/sampling";
import { describe, expect, it } from "vitest";

// What someone outside can add: a process, a solver and a model with a memory, each one object, by the public subpaths
// alone.

/** x^k = (1 - k/K) x + (k/K) eps, written out from nothing; its network answers with the clean token. */
function fading(levels: number): NoiseProcess {
  const share = Float64Array.from({ length: levels + 1 }, (_, k) => k / levels);
  const rest = share.map((t) => 1 - t);
  const mixed = (clean: Value, noise: Value, at: Value): Value => {
    const rank = clean.shape.length;
    return add(mul(atLevel(rest, at, rank), clean), mul(atLevel(share, at, rank), noise));
  };
  const noiseOf = (noisy: Value, at: Value, clean: Value): Value => {
    const rank = noisy.shape.length;
    const perNoise = share.map((t) => (t === 0 ? 1 : 1 / t));
    return mul(sub(noisy, mul(atLevel(rest, at, rank), clean)), atLevel(perNoise, at, rank));
  };
  return {
    config: { kind: "fading", levels },
    levels,
    noiseClip: 10,
    priorScale: 1,
    terminal: { signal: 0, noise: 1 },
    signalToNoise: share.map((t) => (t === 0 ? Number.POSITIVE_INFINITY : ((1 - t) / t) ** 2)),
    sensitivity: [1, 0, 0],
    lossWeighting: { kind: "uniform" },
    guidanceGain: share.map((t) => t * (1 - t)),
    corrupt: (clean, at, noise) => mixed(clean, noise, at),
    modelInput: (noisy) => noisy,
    loss: (output, { clean }) => square(sub(output, clean)),
    estimate: (output, noisy, at) => ({ clean: output, noise: noiseOf(noisy, at, output) }),
    limit: (clean) => clean,
    noiseOf,
    transition: (noisy, { clean }, _from, to, noise) =>
      where(reshape(equal(to, 0), perToken(noisy)), clean, mixed(clean, noise, to)),
  };
}

/** Goes to the estimate, noised to the next level with what noise there is: deterministic, of any process. */
const renoising: Solver = {
  config: { kind: "renoising" },
  draws: 0,
  evaluations: 1,
  needsPath: false,
  memory: ({ shape }) => ({ steps: { dtype: "float32", shape: shape.slice(0, 2) } }),
  step: ({ process, predict, x, from, to, memory }) => {
    const { clean, noise } = predict(x, from);
    return { x: process.corrupt(clean, to, noise), memory: { steps: add(memory.steps as Value, 1) } };
  },
};

/** Answers a x + b (mean of the tokens before), remembering their sum and number. */
function averaging(features: number): df.Model {
  const advance: ModelMemory["advance"] = ({ a, b }, { sum, count }, { tokens }) => {
    const [batch, length] = tokens.shape as [number, number];
    let [total, seen] = [sum as Value, count as Value];
    const outputs: Value[] = [];
    for (let t = 0; t < length; t++) {
      const token = slice(tokens, 1, t, t + 1);
      const mean = reshape(div(total, where(equal(seen, 0), 1, seen)), token.shape);
      outputs.push(add(mul(token, a as Value), mul(mean, b as Value)));
      total = add(total, reshape(token, [batch, features]));
      seen = add(seen, 1);
    }
    return { output: concat(outputs, 1), memory: { sum: total, count: seen } };
  };
  const nothing = (...shape: number[]): Value => broadcastTo(constant(0), shape);
  const initial = (_: Parameters, { batch }: { batch: number }) => ({
    sum: nothing(batch, features),
    count: nothing(batch, 1),
  });
  return {
    config: { kind: "averaging", features },
    tokenShape: [features],
    conditionFeatures: 0,
    parameters: {
      a: { shape: [1], initializer: { kind: "zeros" } },
      b: { shape: [1], initializer: { kind: "zeros" } },
    },
    apply: (parameters, input: ModelInput) => {
      const batch = input.tokens.shape[0] as number;
      return advance(parameters, initial(parameters, { batch }), input).output;
    },
    memory: {
      types: ({ batch }) => ({
        sum: { dtype: "float32", shape: [batch, features] },
        count: { dtype: "float32", shape: [batch, 1] },
      }),
      initial,
      advance,
    },
  };
}

const backend = df.referenceBackend();
const process = fading(20);
const forcing = df.diffusionForcing({ model: averaging(1), process });

/** Sequences that stay at a level of their own: the mean of the past is the best guess. */
const batches = (_: number, random: df.RandomStream): df.Batch => {
  const data = Array.from({ length: 16 }, () => random.normal()).flatMap((level) => new Array<number>(4).fill(level));
  return { tokens: df.tensor(data, [16, 4, 1]) };
};

async function rolledOut(sampler: df.Sampler, more: Partial<df.RolloutOptions>): Promise<number[]> {
  const values: number[] = [];
  const context = df.tensor([2, 2, 2], [1, 3, 1]);
  for await (const { tokens } of sampler.rollout({ context, length: 4, window: 7, chunk: 2, seed: 1, ...more })) {
    values.push(...tokens.data);
  }
  return values;
}

describe("extensions from outside", () => {
  it("train, sample and roll out: a process, a solver and a model with a memory", async () => {
    const { parameters, losses } = await forcing.train({
      backend,
      batches,
      steps: 60,
      seed: 1,
      optimizer: { learningRate: 0.05 },
    });
    expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);
    const [a, b] = [parameters.a!.data[0]!, parameters.b!.data[0]!];
    expect(Math.min(a, b)).toBeGreaterThan(0.05);

    const sampler = forcing.sampler({ backend, parameters, timesteps: 5, solver: renoising, stabilizationLevel: 0 });
    const sampled = await sampler.sample({ batch: 3, length: 4, seed: 2, matrix: df.pyramid() });
    expect(sampled.shape).toEqual([3, 4, 1]);
    expect(sampled.data.every(Number.isFinite)).toBe(true);

    const cached = await rolledOut(sampler, { memory: "cache" });
    const read = await rolledOut(sampler, { memory: "recompute" });
    expect(cached).toEqual(read.map((value) => expect.closeTo(value, 5)));
    expect(await rolledOut(sampler, {})).toEqual(cached);
    // Three tokens of 2 are believed in part.
    expect(cached[0]).toBeGreaterThan(0.2);
  });

  it("samples a process without a path by its own law unless told otherwise, and refuses solvers that need one", async () => {
    const parameters = { a: df.tensor([0.5]), b: df.tensor([0.5]) };
    const sampler = forcing.sampler({ backend, parameters, timesteps: 5 });
    expect((await sampler.sample({ length: 3, seed: 2 })).data.every(Number.isFinite)).toBe(true);
    expect(() => forcing.sampler({ backend, parameters, solver: df.heun() })).toThrow(/"fading" has none.*ancestral/);
    expect(() => pathOf("mine", process)).toThrow(/"fading"/);
  });

  it("guides and combines scores with them", async () => {
    const parameters = { a: df.tensor([0.5]), b: df.tensor([0.5]) };
    const guidance: df.Guidance = {
      reward: (clean) => reshape(slice(clean, 1, 0, 1), [-1]),
      samples: 1,
      guidanceScale: 5,
    };
    const end = async (more: object): Promise<number> => {
      const sampler = forcing.sampler({ backend, parameters, timesteps: 5, solver: renoising, ...more });
      return (await sampler.sample({ length: 3, seed: 2 })).data[0]!;
    };
    expect(await end({ guidance })).toBeGreaterThan((await end({})) + 0.1);
    const scores = df.vanillaHistoryGuidance({ scale: 2 });
    const sampler = forcing.sampler({ backend, parameters, timesteps: 5, solver: renoising, scores });
    expect((await rolledOut(sampler, { memory: "cache" })).every(Number.isFinite)).toBe(true);
  });

  it("are refused where a part is missing or is something else", () => {
    const whole = { model: forcing.model, process };
    for (const model of [
      { ...whole.model, config: null },
      { ...whole.model, tokenShape: 0.5 },
    ]) {
      expect(() => df.diffusionForcing({ ...whole, model } as never)).toThrow(
        "expected a model, such as transformer()",
      );
    }
    const other = { ...process, signalToNoise: [1, 0] };
    expect(() => df.diffusionForcing({ ...whole, process: other } as never)).toThrow(
      "expected a noise process, such as",
    );
  });

  it("are read back from their configuration by readers of one's own", () => {
    const restored = processFromConfig(JSON.parse(JSON.stringify(process.config)), {
      fading: ({ levels }) => fading(levels as number),
    });
    expect(restored.levels).toBe(20);
  });
});
