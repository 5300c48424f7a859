import { describe, expect, it } from "vitest";
import { add, broadcastTo, reshape, sum } from "../../engine/graph/operations.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../../engine/tensor/tensor.js";
import type { Model } from "../../models/model.js";
import { failure } from "../../testing/fixtures/failure.js";
import { toldPlaces } from "../../testing/fixtures/told-places.js";
import { smallPath } from "../../testing/small-path.js";
import { vanillaHistoryGuidance } from "../guidance/score-combination.js";
import { recordedNoise } from "../noise-source.js";
import { checkedRollout, type RolloutOptions, type RolloutSampler } from "../rollout-options.js";
import { Sampler } from "../sampler.js";
import { ddim } from "../solvers/ddim.js";
import type { WalkOptions } from "../walk-inputs.js";
import type { WalkRequest } from "../walk-request.js";
import { RolloutMemory } from "./memory.js";

/** Remembers the sum of all tokens, w at first; every token is that and one more. */
const summing = (weights: readonly number[] = [1], conditionFeatures = 0): Model => ({
  config: { kind: "summing" },
  tokenShape: [1],
  conditionFeatures,
  parameters: { w: { shape: weights, initializer: { kind: "ones" } } },
  apply: (_, { tokens }) => tokens,
  memory: {
    types: ({ batch }) => ({ sum: { dtype: "float32", shape: [batch, 1] } }),
    initial: ({ w }, { batch }) => {
      const all = w!.shape.map((_, axis) => axis);
      return { sum: broadcastTo(reshape(sum(w!, all), [1, 1]), [batch, 1]) };
    },
    advance: (_, memory, { tokens }) => ({
      output: broadcastTo(add(reshape(memory.sum!, [-1, 1, 1]), 1), tokens.shape),
      memory: { sum: add(memory.sum!, sum(tokens, 1)) },
    }),
  },
});
const process = smallPath();
const diffusionOf = (model: Model) => ({ model, process, lossWeighting: process.lossWeighting });

describe("a memory of the sum of all tokens", () => {
  const sampler = new Sampler(diffusionOf(summing()), {
    backend: referenceBackend(),
    parameters: { w: tensor([10]) },
    timesteps: 1,
    stabilizationLevel: 0,
  });
  async function generated(more: Partial<RolloutOptions>): Promise<number[]> {
    const numbers: number[] = [];
    for await (const { tokens } of sampler.rollout({ length: 3, seed: 1, ...more })) numbers.push(...tokens.data);
    return numbers;
  }

  it("is asked for no window, begins with the weights, and reads context and chunks once each", async () => {
    expect(await generated({})).toEqual([11, 22, 44]);
    expect(await generated({ context: tensor([1, 2], [1, 2, 1]) })).toEqual([14, 28, 56]);
    expect(await generated({ context: tensor([1, 2], [1, 2, 1]), chunk: 2 })).toEqual([14, 14, 42]);
    expect(await generated({ window: 1, memory: "cache" })).toEqual([11, 22, 44]);
  });

  it.each<[HostTensorRecord | undefined, string]>([
    [undefined, "invalid-argument: The state to resume from are undefined; expected tensors by name."],
    [
      {},
      'shape-mismatch: rollout: the memory "sum" of the state to resume from is missing; expected float32[1, 1]. Resume with the batch, window, chunk and model of the rollout it comes from.',
    ],
    [
      { sum: tensor(Int32Array.of(1), [1, 1]) },
      'shape-mismatch: rollout: the memory "sum" of the state to resume from is int32[1, 1]; expected float32[1, 1]. Resume with the batch, window, chunk and model of the rollout it comes from.',
    ],
    [
      { sum: tensor([1, 2], [2, 1]) },
      'shape-mismatch: rollout: the memory "sum" of the state to resume from is float32[2, 1]; expected float32[1, 1]. Resume with the batch, window, chunk and model of the rollout it comes from.',
    ],
  ])("goes on from a state, but not from %o", async (memory, message) => {
    const resume = { done: 1, position: 4 };
    expect(await generated({ resume: { ...resume, memory: { sum: tensor([7], [1, 1]) } } })).toEqual([8, 16]);
    expect(await failure(() => generated({ resume: { ...resume, ...(memory && { memory }) } }))).toBe(message);
  });
});

/** A sampler whose walks are only noted, each with the memory it was given, and whose memories count who is alive. */
function noting(model: Model, { device = "cpu", options = {} as Partial<WalkOptions>, fails = false } = {}) {
  const asked: WalkRequest[] = [];
  const alive = new Set<unknown>();
  const remembered = () => {
    const values = { dtype: "float32" as const, shape: [1, 1] };
    const sum = { ...values, device, read: async () => tensor([3], [1, 1]), dispose: () => void alive.delete(sum) };
    alive.add(sum);
    return { sum };
  };
  const walker = {
    options: { solver: ddim(), stabilizationLevel: 0, ...options },
    backend: { device },
    evaluate: async () => remembered(),
    async *walk(request: WalkRequest) {
      asked.push(request);
      if (fails) throw new Error("lost");
      yield { step: 1, x: tensor([0], [1, 1, 1]), taken: 1, calls: 1 };
      yield { step: 2, x: request.tokens, memory: remembered(), taken: 6, calls: 2 };
    },
  };
  const sampler = { diffusion: diffusionOf(model), levels: Int32Array.of(0, 3), timesteps: 1, evaluationsPerStep: 1 };
  return { sampler: { ...sampler, walker } as unknown as RolloutSampler, asked, alive };
}
const noise = tensor([0.5], [1, 1, 1]) as HostTensor<"float32">;
const random = recordedNoise((path) => [Number(path.at(-1))]);
const next = { size: 1, position: 5, noise, rows: [Int32Array.of(1), Int32Array.of(0)], random };

describe("the walks of a cached rollout", () => {
  async function opened(noted: ReturnType<typeof noting>, more: Partial<RolloutOptions> = {}) {
    const options = checkedRollout(noted.sampler, { length: 9, seed: 1, ...more });
    return RolloutMemory.open(noted.sampler, options, random);
  }

  it.each([
    ["cpu", [2000, 4000], 1, 1, 16],
    ["wasm", [2000, 4000], 1, 1, 16],
    ["cuda", [2000, 4000], 1, 1, 1],
    ["cpu", [2000, 4001], 1, 1, 1],
    ["cpu", [1000, 4001], 2, 1, 1],
    ["cpu", [1000, 4000], 2, 1, 16],
    ["cpu", [1000, 4001], 1, 2, 1],
    ["cpu", [1000, 4000], 1, 2, 16],
  ])("on %s, of weights %j, take %d tokens after %d views in up to %d steps a run", async (...given) => {
    const [device, weights, size, views, unroll] = given;
    const options = views === 2 ? { scores: vanillaHistoryGuidance({ scale: 2 }) } : {};
    const noted = noting(summing(weights), { device, options });
    const past = await opened(noted);
    await past.extend({ ...next, size });
    expect(noted.asked.map((request) => request.unroll)).toEqual([unroll]);
  });

  it("are said to be followed by others of their shape, but for the context's", async () => {
    const noted = noting(summing());
    const past = await opened(noted, { context: tensor([1, 2], [1, 2, 1]) });
    await past.extend(next);
    expect(noted.asked.map(({ repeated }) => repeated)).toEqual([undefined, true]);
  });

  it("sum the weights of all parameters, and the sequences of the batch", async () => {
    const model = summing([1000, 4000]);
    const both = { ...model, parameters: { ...model.parameters, v: model.parameters.w! } };
    const unrolled = async (of: Model, batch: number) => {
      const noted = noting(of);
      await (await opened(noted, { batch })).extend(next);
      return noted.asked[0]?.unroll;
    };
    expect([await unrolled(both, 1), await unrolled(both, 2)]).toEqual([16, 1]);
    expect([await unrolled(model, 2), await unrolled(model, 3)]).toEqual([16, 1]);
  });

  it("are told the place of what they read: its condition, its noise, the inputs of its guidance", async () => {
    const noted = noting(summing([1], 1), { options: { scores: vanillaHistoryGuidance({ scale: 2 }) } });
    const { places, options } = toldPlaces();
    const past = await opened(noted, {
      context: tensor([1, 2], [1, 2, 1]),
      ...options,
    });
    await past.extend(next);
    const [context, chunk] = noted.asked;
    expect(context).toMatchObject({ rows: [], commit: true, condition: tensor([0, 1], [1, 2, 1]) });
    // What hides a token is drawn by its place: the noise of place 1 is 1.
    expect(context?.historyNoise).toEqual(tensor([0, 1], [1, 2, 1]));
    expect(context).not.toHaveProperty("guidanceInputs");
    expect(chunk).toMatchObject({ rows: next.rows, commit: true, tokens: noise, condition: tensor([5], [1, 1, 1]) });
    expect(chunk).toMatchObject({ historyNoise: tensor([5], [1, 1, 1]), guidanceInputs: { goal: tensor([5]) } });
    expect(places).toEqual([[5, 1]]);
    const plain = noting(summing());
    await (await opened(plain)).extend(next);
    expect(plain.asked[0]?.historyNoise).toBeUndefined();
  });

  it("remember as many tokens as the window holds beside a chunk, at least one", async () => {
    const model = summing();
    const types = ({ batch, tokens }: { batch: number; tokens: number }) => ({
      sum: { dtype: "float32", shape: [batch, tokens] } as const,
    });
    const growing: Model = { ...model, memory: { ...model.memory!, types } };
    const sizes = async (of: Model, more: Partial<RolloutOptions>) => {
      const noted = noting(of);
      await (await opened(noted, { memory: "cache", ...more })).extend(next);
      return noted.asked[0]?.memory?.types.sum?.shape;
    };
    expect(await sizes(growing, { window: 5, chunk: 2, batch: 3 })).toEqual([3, 3]);
    expect(await sizes(growing, { window: 2, chunk: 2 })).toEqual([1, 1]);
    expect(await sizes(model, {})).toEqual([1, 1]);
    expect(await failure(() => sizes(growing, {}))).toBe(
      "invalid-argument: rollout: window is missing; give the number of tokens the model was trained on.",
    );
  });

  it("read nothing where the context is empty", async () => {
    const noted = noting(summing());
    await opened(noted, { context: tensor([], [1, 0, 1]) });
    expect(noted.asked).toEqual([]);
  });

  it("give the last sequence with what it took, and hold one memory at a time", async () => {
    const noted = noting(summing());
    const past = await opened(noted);
    const before = [...noted.alive];
    expect(await past.extend(next)).toEqual({ tokens: noise, taken: 6, calls: 2 });
    expect(noted.asked[0]?.memory?.values).toEqual({ sum: before[0] });
    expect(noted.asked[0]?.memory?.types).toEqual({ sum: { dtype: "float32", shape: [1, 1] } });
    expect(noted.alive.size).toBe(1);
    expect(noted.alive).not.toContain(before[0]);
    expect(await past.state()).toEqual({ memory: { sum: tensor([3], [1, 1]) } });
    past.dispose();
    expect(noted.alive.size).toBe(0);
  });

  it("leave no memory behind where the context cannot be read", async () => {
    const noted = noting(summing(), { fails: true });
    expect(await failure(() => opened(noted, { context: noise }))).toBe("not ours: Error: lost");
    expect(noted.alive.size).toBe(0);
  });
});
