import { describe, expect, it } from "vitest";
import {
  add,
  broadcastTo,
  concat,
  constant,
  mul,
  reshape,
  slice,
  square,
  stopGradient,
  sub,
  sum,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { createRandom } from "../../engine/random/index.js";
import { evaluateGraph, referenceBackend } from "../../engine/reference/index.js";
import { type HostTensor, tensor, zeros } from "../../engine/tensor/tensor.js";
import type { Model, ModelMemory } from "../../models/model.js";
import { cosineSchedule, linearSchedule } from "../../process/gaussian/schedule.js";
import { checkLaw } from "../../testing/law.js";
import { autoregressiveModel, kalmanFilter } from "../../testing/oracles/index.js";
import type { Guidance } from "../guidance.js";
import { pyramid, schedulingMatrix } from "../matrix-shapes.js";
import type { ChunkOptions, RecurrentSamplerOptions } from "./options.js";
import { RecurrentSampler } from "./recurrent-sampler.js";
import { type RecurrentProcess, recurrentProcess, recurrentStepGraph } from "./step-graph.js";

const samplerOf = (process: RecurrentProcess, options: Partial<RecurrentSamplerOptions>): RecurrentSampler =>
  new RecurrentSampler(process, { backend: referenceBackend(), parameters: {}, ...options });

/** Token by token, no gradient passing from one to the next. */
function cutBetweenTokens(advance: ModelMemory["advance"]): ModelMemory["advance"] {
  return (weights, before, chunk) => {
    let memory = before;
    const at = (x: Value, t: number): Value => slice(x, 1, t, t + 1);
    const outputs = Array.from({ length: chunk.tokens.shape[1]! }, (_, t) => {
      const one = { ...chunk, tokens: at(chunk.tokens, t), noiseLevels: at(chunk.noiseLevels, t) };
      const read = advance(weights, { state: stopGradient(memory.state!) }, one);
      ({ memory } = read);
      return read.output;
    });
    return { output: concat(outputs, 1), memory };
  };
}

/** The first chunk [B, length, ...] that a sampler makes. */
async function firstChunk(sampler: RecurrentSampler, batch: number, length: number, more: Partial<ChunkOptions> = {}) {
  const start = await sampler.initialState(batch);
  const options = { length, chunk: length, random: createRandom(91), ...more };
  for await (const { tokens } of sampler.rollout(start, options)) return tokens;
  throw new Error("no chunk");
}

describe("guidance of a chunk by a quadratic reward", () => {
  const [correlation, variance, strength, goal, steps, count] = [0.9, 0.25, 1.5, 0.8, 40, 30];
  const filtered = autoregressiveModel(correlation, Math.sqrt(variance * (1 - correlation ** 2)));
  // Guided, x0 follows from the predicted noise: a schedule that leaves a share of signal loses no digits in that.
  const exact = kalmanFilter(filtered, { schedule: linearSchedule(1000) });
  const guidance: Guidance = {
    samples: 1,
    factor: "current",
    value: (x0) => mul(sum(square(sub(x0, reshape(constant(goal), [1, 1, 1]))), [1, 2]), -strength),
  };
  const starts = new Float32Array(2 * count);
  createRandom(92).fillNormal(starts);
  const { tables } = exact.schedule;

  /** Two tokens from where they start, by the closed form of each step, in doubles. */
  function walked(levels: Int32Array, start: readonly [number, number]): number[] {
    const y: [number, number] = [...start];
    const { rows } = schedulingMatrix(pyramid({ uncertainty: 5 }), steps, 2);
    for (let m = 1; m < rows.length; m++) {
      const alphaOf = (row: Int32Array | undefined, t: number) => tables.alphasCumprod[levels[row![t]!]!]!;
      const a = [0, 1].map((t) => Math.sqrt(alphaOf(rows[m - 1], t)));
      const noise = a.map((x) => 1 - x * x);
      // E[x_0 | y_0] = f y_0, and E[x_1 | y_0, y_1] = g y_0 + h y_1: regression on two sights.
      const [s00, s11] = [a[0]! ** 2 * variance + noise[0]!, a[1]! ** 2 * variance + noise[1]!];
      const s01 = a[0]! * a[1]! * correlation * variance;
      const [k0, k1] = [a[0]! * correlation * variance, a[1]! * variance];
      const determinant = s00 * s11 - s01 * s01;
      const f = (a[0]! * variance) / s00;
      const [g, h] = [(k0 * s11 - k1 * s01) / determinant, (k1 * s00 - k0 * s01) / determinant];
      const x0 = [f * y[0], g * y[0] + h * y[1]];
      const pull = x0.map((x) => -2 * strength * (x - goal));
      const slope = [pull[0]! * f + pull[1]! * g, pull[1]! * h];
      for (const t of [0, 1]) {
        if (rows[m]![t] === rows[m - 1]![t]) continue;
        const n = Math.sqrt(noise[t]!);
        const eps = (y[t]! - a[t]! * x0[t]!) / n - n * slope[t]!;
        const next = alphaOf(rows[m], t);
        y[t] = (Math.sqrt(next) * (y[t]! - n * eps)) / a[t]! + Math.sqrt(1 - next) * eps;
      }
    }
    return y;
  }

  /** The largest difference of a sampler's tokens from the closed form. */
  async function difference(process: RecurrentProcess, options: Partial<RecurrentSamplerOptions>): Promise<number> {
    const sampler = samplerOf(process, { steps, stabilizationLevel: 0, ...options });
    let drawn = 0;
    const random = (): HostTensor => tensor(starts.subarray(drawn++ * count, drawn * count), [count, 1, 1]);
    const matrix = pyramid({ uncertainty: 5 });
    const { data } = await firstChunk(sampler, count, 2, { random, matrix });
    const errors = Array.from({ length: count }, (_, b) => {
      const expected = walked(sampler.levels, [starts[b]!, starts[count + b]!]);
      return Math.max(...expected.map((x, t) => Math.abs(data[2 * b + t]! - x)));
    });
    return Math.max(...errors);
  }

  it("moves every sample by the closed form of the walk, through the states between tokens", async ({ task }) => {
    const { model } = exact;
    const { advance } = model.memory;
    const cut: RecurrentProcess = {
      ...exact,
      model: {
        ...model,
        memory: { ...model.memory, advance: cutBetweenTokens(advance) },
      },
    };
    checkLaw(task, {
      law: "A quadratic reward moves a recurrent model's chunk by the closed form of the guided walk",
      statistic: "largest difference over 30 samples of 2 tokens",
      found: await difference(exact, { guidance }),
      within: [0, 1e-4],
      broken: {
        "gradient cut between tokens": await difference(cut, { guidance }),
        "no guidance": await difference(exact, {}),
      },
    });
  });

  it("that wants nothing changes nothing", async () => {
    const nothing: Guidance = { samples: 1, value: (x0) => mul(sum(x0, [1, 2]), 0) };
    const options = { steps: 6, stabilizationLevel: 3 };
    const sampler = samplerOf(exact, { ...options, guidance: nothing });
    const [start, plain] = [await sampler.initialState(3), samplerOf(exact, options)];
    const rollout = { length: 5, chunk: 3, random: createRandom(93) };
    const found = sampler.rollout(start, rollout);
    for await (const { tokens, state } of plain.rollout(start, rollout)) {
      const guided = (await found.next()).value!;
      for (const [name, a, b] of [
        ["tokens", guided.tokens, tokens],
        ["state", guided.state.latent, state.latent],
      ] as const) {
        expect(a.shape).toEqual(b.shape);
        expect(Array.from(a.data), name).toEqual(Array.from(b.data, (x) => expect.closeTo(x, 4)));
      }
    }
  });
});

/** Estimates half of the sum of all tokens so far, whatever the levels; the state is that sum. */
const summing: Model = {
  config: { kind: "summing" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: { start: { shape: [1], initializer: { kind: "zeros" } } },
  apply: () => {
    throw new Error("read token by token");
  },
  memory: {
    types: ({ batch }) => ({ state: { dtype: "float32", shape: [batch, 1] } }),
    initial: ({ start }, { batch }) => ({ state: broadcastTo(reshape(start!, [1, 1]), [batch, 1]) }),
    advance: (_, memory, { tokens }) => {
      let state = memory.state!;
      const totals = Array.from({ length: tokens.shape[1]! }, (_, t) => {
        state = add(state, reshape(slice(tokens, 1, t, t + 1), state.shape));
        return reshape(state, [...state.shape, 1]);
      });
      return { output: mul(concat(totals, 1), 0.5), memory: { state } };
    },
  },
};
const process = recurrentProcess({
  model: summing,
  schedule: cosineSchedule(50),
  objective: "x0",
  lossWeighting: { kind: "uniform" },
  clipNoise: 6,
});
const parameters = { start: tensor([0], [1]) };
const weighted: Guidance["value"] = (x0) => sum(mul(x0, constant(tensor([1, 10], [1, 2, 1]))), [1, 2]);

describe("guidance of a recurrent sampler", () => {
  it("over futures keeps each sample with its own state", async () => {
    const guidance: Guidance = { samples: 2, value: (x0) => mul(sum(square(x0), [1, 2]), -0.1) };
    const sampler = samplerOf(process, { parameters, steps: 4, guidance });
    // The same noise for every sample; that of the two futures [2, B, T, 1] differs.
    const random = (shape: readonly number[]): HostTensor => {
      const noise = zeros("float32", shape);
      const half = noise.data.length / 2;
      return tensor(
        noise.data.map((_, i) => (shape.length === 4 && i >= half ? -0.7 : 0.3)),
        shape,
      );
    };
    const from = async (states: number[]): Promise<number[]> => {
      const state = { position: 0, latent: tensor(states, [states.length, 1]) };
      const { value } = await sampler.rollout(state, { length: 2, chunk: 2, random }).next();
      return Array.from(value!.tokens.data);
    };
    const [first, second, both] = [await from([1]), await from([-2]), await from([1, -2])];
    expect(both).toEqual([...first, ...second]);
    expect(first).not.toEqual(second);
  });

  it("gives the value its inputs, by the place of the chunk", async () => {
    const asked: [number, number][] = [];
    const guidance: Guidance = {
      samples: 1,
      inputs: (batch, length) => ({ goal: { dtype: "float32", shape: [batch, length] } }),
      value: (x0, { goal }) => sum(mul(reshape(x0, goal!.shape), goal!), 1),
    };
    const sampler = samplerOf(process, { parameters, steps: 2, guidance });
    const run = async (scale: number): Promise<number[]> => {
      const values: number[] = [];
      const guidanceInputs = (first: number, count: number) => {
        asked.push([first, count]);
        return { goal: tensor(new Float32Array(count).fill(scale), [1, count]) };
      };
      const options = { length: 3, chunk: 2, random: createRandom(94), guidanceInputs };
      for await (const { tokens } of sampler.rollout(await sampler.initialState(1), options))
        values.push(...tokens.data);
      return values;
    };
    const [up, down] = [await run(0.5), await run(-0.5)];
    expect(asked.slice(0, 2)).toEqual([
      [0, 2],
      [2, 1],
    ]);
    expect(up[1]).toBeGreaterThan(down[1]!);
  });

  it('in the paper\'s way is added to the tokens after the step, "official"', () => {
    const inputs = {
      "parameters/start": parameters.start,
      state: tensor([3], [1, 1]),
      x: tensor([1, -2], [1, 2, 1]),
      from: tensor(Int32Array.of(20, 40), [1, 2]),
      to: tensor(Int32Array.of(0, 30), [1, 2]),
    };
    const after = (guidance?: Guidance): ArrayLike<number> => {
      const options = {
        eta: 0,
        stabilizationLevel: 1,
        compatibility: "official",
        ...(guidance ? { guidance } : {}),
      } as const;
      return evaluateGraph(recurrentStepGraph(process, options, 1, 2), inputs).x!.data;
    };
    const [plain, guided] = [after(), after({ samples: 1, value: weighted })];
    // Slopes of 1 * x0_0 + 10 * x0_1 by the tokens: (1 + 10) / 2 and 10 / 2. The first takes its last step: factor 0.
    const { alphasCumprod } = process.schedule.tables;
    const noise = 1 - alphasCumprod[40]!;
    const factor = noise - Math.sqrt(1 - alphasCumprod[30]!) * Math.sqrt(noise);
    expect(guided[0]).toBe(plain[0]);
    expect(guided[1]! - plain[1]!).toBeCloseTo(5 * factor, 5);
    expect(factor).toBeGreaterThan(0.05);
  });

  it("in the paper's way steers a rollout", async () => {
    const towards = async (sign: number): Promise<number> => {
      const guidance: Guidance = { samples: 1, value: (x0) => mul(weighted(x0, {}), sign) };
      const sampler = samplerOf(process, { parameters, steps: 4, guidance, compatibility: "official" });
      const { data } = await firstChunk(sampler, 1, 2);
      return data[0]! + data[1]!;
    };
    expect(await towards(0.1)).toBeGreaterThan(await towards(-0.1));
  });

  it.each<[Partial<Guidance>, string]>([
    [{}, "samples 4"],
    [{ samples: 1, factor: "next" }, "factor next"],
    [{ samples: 1, clip: 3 }, "clip 3"],
  ])("refuses %j in the paper's way", (more, message) => {
    const options = { parameters, compatibility: "official", guidance: { value: weighted, ...more } } as const;
    expect(() => samplerOf(process, options)).toThrow(message);
    expect(() => samplerOf(process, options)).toThrow("expected samples 1, and neither factor nor clip");
  });

  it("refuses a number of futures that is none, and a value that is none per sample", async () => {
    expect(() => samplerOf(process, { parameters, guidance: { value: weighted, samples: 0 } })).toThrow("0 samples");
    const scalar = samplerOf(process, { parameters, guidance: { samples: 1, value: (x0) => sum(x0) } });
    await expect(firstChunk(scalar, 2, 2)).rejects.toThrow("expected one value per sample, float32[2]");
  });
});
