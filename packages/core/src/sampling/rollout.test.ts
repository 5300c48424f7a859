import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { add, mean, mul, sum } from "../engine/graph/operations.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import type { NoiseSource } from "./noise-source.js";
import type { RolloutChunk, RolloutOptions, RolloutState } from "./rollout-options.js";
import { Sampler } from "./sampler.js";
import { ddim } from "./solvers/ddim.js";
import { heun } from "./solvers/heun.js";

/** Answers half of the mean of what it sees, plus its condition. */
function diffusionOf(conditionFeatures: number): Diffusion {
  return {
    model: {
      config: { kind: "averaging" },
      tokenShape: [1],
      conditionFeatures,
      parameters: {},
      apply: (_, { tokens, condition }) => {
        const seen = add(mul(tokens, 0.1), mul(mean(tokens, 1, true), 0.5));
        return condition === undefined ? seen : add(seen, condition);
      },
    },
    process: variancePreserving(cosineSchedule(30), { objective: "x0", limit: { kind: "none" } }),
    lossWeighting: { kind: "uniform" },
  };
}
const samplerOf = (conditionFeatures = 0) =>
  new Sampler(diffusionOf(conditionFeatures), {
    backend: referenceBackend(),
    parameters: {},
    timesteps: 4,
    solver: ddim({ eta: 1 }),
    stabilizationLevel: 0,
  });
const context = tensor([1, 2], [1, 2, 1]);
const options = (more: Partial<RolloutOptions> = {}): RolloutOptions => ({
  context,
  length: 7,
  window: 4,
  chunk: 2,
  seed: 3,
  ...more,
});
type Taken = RolloutChunk & { readonly state: RolloutState };
async function chunks(sampler: Sampler, given: RolloutOptions): Promise<Taken[]> {
  const result: Taken[] = [];
  for await (const chunk of sampler.rollout(given)) result.push({ ...chunk, state: await chunk.snapshot() });
  return result;
}
const numbers = (list: readonly RolloutChunk[]): number[] => list.flatMap(({ tokens }) => Array.from(tokens.data));

describe("rollout", () => {
  it("goes on from any state as if it had never stopped, the state being plain data of constant size", async () => {
    const whole = await chunks(samplerOf(), options());
    expect(whole.map(({ tokens }) => tokens.shape[1])).toEqual([2, 2, 2, 1]);
    for (const { state } of whole.slice(0, 3)) {
      const { context: _, ...rest } = options();
      const resumed = await chunks(samplerOf(), { ...rest, resume: structuredClone(state) });
      expect(numbers(resumed)).toEqual(numbers(whole).slice(state.done));
    }
    expect(whole.at(-1)?.state).toMatchObject({ done: 7, position: 9, tokens: { shape: [1, 4, 1] } });
  });

  it("draws by paths of its own for every chunk, its start and its steps", async () => {
    const paths: string[] = [];
    const noting = (path: readonly (string | number)[]): NoiseSource => ({
      split: (label) => noting([...path, label]),
      fillNormal: (target) => {
        paths.push(path.join("/"));
        target.fill(0);
      },
    });
    await chunks(samplerOf(), options({ length: 2, chunk: 1, seed: noting([]) }));
    const steps = [1, 2, 3, 4].map((step) => `steps/${step}/step/0`);
    expect(paths).toEqual([0, 1].flatMap((done) => ["start", ...steps].map((path) => `${done}/${path}`)));
  });

  it("gives a guidance the inputs of the tokens in its window", async () => {
    const asked: [number, number][] = [];
    const sampler = new Sampler(diffusionOf(0), {
      backend: referenceBackend(),
      parameters: {},
      timesteps: 2,
      guidance: {
        samples: 1,
        inputs: (batch, length) => ({ goal: { dtype: "float32", shape: [batch, length, 1] } }),
        reward: (clean, { goal }) => sum(mul(clean, goal!), [1, 2]),
      },
    });
    const guidanceInputs = (first: number, count: number) => {
      asked.push([first, count]);
      return { goal: tensor(new Float32Array(count), [1, count, 1]) };
    };
    await chunks(sampler, options({ guidanceInputs }));
    expect(asked).toEqual([
      [0, 4],
      [2, 4],
      [4, 4],
      [5, 4],
    ]);
  });

  it("gives the model the conditions of the tokens in its window", async () => {
    const values = Array.from({ length: 9 }, (_, t) => 10 * t);
    const condition = tensor(values, [1, 9, 1]);
    const asked: [number, number][] = [];
    const byFunction = (first: number, count: number): HostTensor => {
      asked.push([first, count]);
      return tensor(values.slice(first, first + count), [1, count, 1]);
    };
    const whole = await chunks(samplerOf(1), options({ condition }));
    expect(numbers(await chunks(samplerOf(1), options({ condition: byFunction })))).toEqual(numbers(whole));
    expect(asked).toEqual([
      [0, 4],
      [2, 4],
      [4, 4],
      [5, 4],
    ]);
    // The condition outweighs the rest: tokens grow as it does.
    expect(numbers(whole).every((value, t) => value > 10 * (t + 2))).toBe(true);
  });

  it("counts places and evaluations, and starts from noise in batches", async () => {
    const { context: _, ...rest } = options({ length: 3, batch: 3 });
    const [chunk, last] = await chunks(samplerOf(), rest);
    expect([chunk?.tokens.shape, last?.tokens.shape]).toEqual([
      [3, 2, 1],
      [3, 1, 1],
    ]);
    // A pyramid of four steps and two tokens, then one token alone.
    expect([chunk?.evaluations, last?.evaluations]).toEqual([5, 4]);
    expect([chunk?.position, last?.position]).toEqual([0, 2]);
  });

  it("lets a start's prior know the condition of the chunk, and counts every evaluation of a step", async () => {
    const asked: (readonly number[])[] = [];
    const sampler = new Sampler(diffusionOf(1), {
      backend: referenceBackend(),
      parameters: {},
      timesteps: 4,
      solver: heun(),
      start: {
        level: 30,
        prior: ({ noise, condition }) => {
          asked.push([...condition!.data]);
          return noise;
        },
      },
    });
    const condition = tensor([0, 1, 2, 3, 4], [1, 5, 1]);
    const given = await chunks(sampler, options({ length: 3, condition }));
    expect(asked).toEqual([[2, 3], [4]]);
    expect(given.map(({ evaluations, calls }) => [evaluations, calls])).toEqual([
      [10, 10],
      [8, 8],
    ]);
  });

  it("asks a function for no condition of the chunk alone where nobody needs it", async () => {
    const places: number[][] = [];
    const condition = (first: number, count: number) => {
      places.push([first, count]);
      return tensor(new Float32Array(count), [1, count, 1]);
    };
    await chunks(samplerOf(1), options({ length: 2, condition }));
    expect(places).toEqual([[0, 4]]);
  });

  it("gives the states of the past no more, once the rollout has gone on", async () => {
    const rollout = samplerOf().rollout(options());
    const { value: first } = await rollout.next();
    await rollout.next();
    await expect((first as RolloutChunk).snapshot()).rejects.toThrow("the state after 2 tokens is gone");
    await rollout.return(undefined);
  });

  it("goes on for ever, until aborted", async () => {
    const controller = new AbortController();
    const rollout = samplerOf().rollout(options({ length: Number.POSITIVE_INFINITY, signal: controller.signal }));
    for (let i = 0; i < 20; i++) await rollout.next();
    controller.abort();
    await expect(rollout.next()).rejects.toMatchObject({ code: "aborted" });
  });

  it.each<[string, Partial<RolloutOptions>, string]>([
    ["a context longer than the window", { context: tensor([1, 2, 3, 4, 5], [1, 5, 1]) }, "give its last 4 tokens"],
    ["a chunk larger than the window", { chunk: 5 }, "chunk is 5 and window is 4"],
    ["an unknown option", { onStep: () => {} } as object, "onStep"],
    ["no seed", { seed: undefined } as object, "seed"],
    ["a cache of a model that has none", { memory: "cache" }, "keeps no memory"],
    ["a context that holds NaN", { context: tensor([Number.NaN], [1, 1, 1]) }, "NaN"],
    ["a condition the model does not take", { condition: tensor([1], [1, 1, 1]) }, "takes no condition"],
    ["context and resume", { resume: { done: 0, position: 0 } }, "give one"],
    ["no batch", { batch: 0 }, "batch"],
    ["a negative length", { length: -1 }, "length"],
  ])("refuses %s", async (_name, more, message) => {
    await expect(chunks(samplerOf(), options(more))).rejects.toThrow(message);
  });

  it("refuses conditions that do not reach to the end", async () => {
    const short = tensor(new Float32Array(8), [1, 8, 1]);
    await expect(chunks(samplerOf(1), options({ condition: short }))).rejects.toThrow(/float32\[1, 9, 1\]|condition/);
    await expect(chunks(samplerOf(1), options())).rejects.toThrow("takes a condition");
    for (const condition of [null, {}, [1]]) {
      await expect(chunks(samplerOf(1), options({ condition: condition as never }))).rejects.toThrow(
        /^rollout: condition is .*; expected a tensor, or a function that gives one\.$/,
      );
    }
  });
});
