import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { diffusionForcing } from "../forcing.js";
import { initializeParameters } from "../models/parameters.js";
import { transformer } from "../models/transformer/index.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { vanillaHistoryGuidance } from "./guidance/score-combination.js";
import { checkedRollout, type RolloutOptions } from "./rollout-options.js";
import type { Sampler, SamplerOptions } from "./sampler.js";
import { ancestral } from "./solvers/ancestral.js";
import { speculative } from "./speculation/speculative.js";

function samplerOf(
  sizes: { readonly causal?: boolean; readonly conditionFeatures?: number } = {},
  options: Partial<SamplerOptions> = {},
): Sampler {
  const model = transformer({ features: 1, width: 8, layers: 1, heads: 1, ...sizes });
  const parameters = initializeParameters(model, createRandom(1));
  return diffusionForcing({ model, schedule: cosineSchedule(20) }).sampler({
    ...{ backend: referenceBackend(), parameters, timesteps: 2 },
    ...options,
  });
}
const context = tensor([1, 2], [2, 1, 1]);
const options = (more: object): RolloutOptions => ({ length: 3, window: 4, seed: 1, ...more });

describe("checkedRollout", () => {
  it("fills in a chunk of one token, and as many sequences as are known", () => {
    const plain = checkedRollout(samplerOf(), options({}));
    expect([plain.chunk, plain.batch, plain.memory, plain.window]).toEqual([1, 1, "cache", 4]);
    expect(checkedRollout(samplerOf(), options({ context })).batch).toBe(2);
    expect(checkedRollout(samplerOf(), options({ batch: 3 })).batch).toBe(3);
    const resume = { done: 1, position: 2, tokens: tensor([1, 2, 3, 4], [2, 2, 1]) };
    expect(checkedRollout(samplerOf(), options({ resume, memory: "recompute" })).batch).toBe(2);
  });

  it.each<[string, Sampler, object, string]>([
    ["a causal model's cache", samplerOf(), {}, "cache"],
    ["no cache where a chunk fills the window", samplerOf(), { chunk: 4 }, "recompute"],
    ["no cache of a model that is not causal", samplerOf({ causal: false }), {}, "recompute"],
    [
      "a cache where the history is shown or hidden whole",
      samplerOf({}, { scores: vanillaHistoryGuidance({ scale: 2 }) }),
      {},
      "cache",
    ],
    [
      "no cache of a view that picks tokens",
      samplerOf({}, { scores: [{ weight: 1, history: { tokens: [0] } }] }),
      {},
      "recompute",
    ],
    ["what it is told", samplerOf(), { memory: "recompute" }, "recompute"],
  ])("takes %s", (_name, sampler, more, memory) => {
    expect(checkedRollout(sampler, options(more)).memory).toBe(memory);
  });

  it("needs no window for a cache, and knows no end if there is none", () => {
    const { window, length } = checkedRollout(samplerOf(), { length: Number.POSITIVE_INFINITY, seed: 1 });
    expect([window, length]).toEqual([undefined, Number.POSITIVE_INFINITY]);
  });

  it("takes what is known as it is: as many sequences as batch says, more tokens than the window where they are cached", () => {
    const long = tensor([1, 2, 3, 4, 5], [1, 5, 1]);
    expect(checkedRollout(samplerOf(), options({ context: long, batch: 1 }))).toMatchObject({ memory: "cache" });
    expect(() => checkedRollout(samplerOf(), options({ context: long, memory: "recompute" }))).toThrow(
      "a context of 5 tokens with a window of 4; give its last 4 tokens, or a longer window",
    );
    const four = tensor([1, 2, 3, 4], [1, 4, 1]);
    expect(checkedRollout(samplerOf(), options({ context: four, memory: "recompute" })).context).toBe(four);
  });

  it("takes a rollout of nothing", () => {
    expect(checkedRollout(samplerOf(), options({ length: 0 })).length).toBe(0);
  });

  it("takes a condition for every token of context and rollout, or what gives it", () => {
    const sampler = samplerOf({ conditionFeatures: 1 });
    const condition = (tokens: number) => tensor(new Float32Array(2 * tokens), [2, tokens, 1]);
    expect(() => checkedRollout(sampler, options({ context, condition: condition(4) }))).not.toThrow();
    expect(() => checkedRollout(sampler, options({ context, condition: condition(3) }))).toThrow(
      "rollout: the condition is for 2 sequences of 3 tokens; expected 2 of 4: every token of context and rollout.",
    );
    // Of six tokens that were before the state, two were generated.
    const resume = { done: 2, position: 6, tokens: tensor(new Float32Array(8), [2, 4, 1]) };
    const resumed = { resume, memory: "recompute" };
    const three = tensor(new Float32Array(12), [3, 4, 1]);
    expect(() => checkedRollout(sampler, options({ context, condition: three }))).toThrow(
      "rollout: the condition is for 3 sequences of 4 tokens; expected 2 of 4",
    );
    expect(() => checkedRollout(sampler, options({ ...resumed, condition: condition(7) }))).not.toThrow();
    expect(() => checkedRollout(sampler, options({ ...resumed, condition: condition(6) }))).toThrow("expected 2 of 7");
    // The window has lost one of the tokens before it.
    const later = { resume: { ...resume, position: 7 }, memory: "recompute" };
    expect(() => checkedRollout(sampler, options({ ...later, condition: condition(7) }))).toThrow("expected 2 of 8");
    expect(() => checkedRollout(sampler, options({ condition: () => condition(1) }))).not.toThrow();
  });

  it.each<[string, object, string]>([
    ["more done than its position", { done: 5, position: 4 }, "has generated 5 tokens, and stands at 4"],
    [
      "more done than its position, though asked for",
      { done: 3, position: 2, tokens: tensor([1, 2], [1, 2, 1]) },
      "has generated 3 tokens, and stands at 2",
    ],
    ["more done than is asked for", { done: 99, position: 99 }, "has generated 99 tokens, and stands at 99"],
    ["fewer tokens than it should keep", { tokens: tensor([1], [1, 1, 1]) }, "keeps 1 tokens; expected 3"],
    ["no tokens", { tokens: undefined }, "keeps 0 tokens; expected 3"],
    [
      "the memory of a cache",
      { memory: { filled: tensor([1]) } },
      'is of a rollout with memory: "cache", this one has',
    ],
  ])("refuses a state with %s", (_what, change, message) => {
    const state = { done: 1, position: 3, tokens: tensor([1, 2, 3], [1, 3, 1]), ...change };
    const known = Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined));
    const resumed = (more: object): unknown => checkedRollout(samplerOf(), options({ resume: known, ...more }));
    expect(() => resumed({ memory: "recompute" })).toThrow(`rollout: the state to resume from ${message}`);
  });

  it("says that a state without a cache is none for a rollout with one, and takes one that is at its end", () => {
    const resume = { done: 3, position: 3, tokens: tensor([1, 2, 3], [1, 3, 1]) };
    expect(() => checkedRollout(samplerOf(), options({ resume }))).toThrow(
      'is of a rollout with memory: "recompute", this one has "cache". Resume with',
    );
    expect(checkedRollout(samplerOf(), options({ resume, memory: "recompute" })).resume).toEqual(resume);
  });

  const drafted = samplerOf(
    {},
    {
      solver: ancestral(),
      speculation: speculative({
        draft: {
          diffusion: diffusionForcing({
            model: transformer({ features: 1, width: 8, layers: 1, heads: 1 }),
            schedule: cosineSchedule(20),
          }),
          parameters: initializeParameters(
            transformer({ features: 1, width: 8, layers: 1, heads: 1 }),
            createRandom(1),
          ),
        },
      }),
    },
  );
  it("lets a draft model read its window again", () => {
    expect(checkedRollout(drafted, options({ memory: "recompute" })).memory).toBe("recompute");
  });

  it.each<[string, Sampler, object, string]>([
    ["a draft model beside a cache", drafted, {}, 'Roll out with memory: "recompute"'],
    [
      "other sequences than the context's",
      samplerOf(),
      { context, batch: 1 },
      "the context holds 2 sequences and batch is 1",
    ],
    [
      "a context of other tokens",
      samplerOf(),
      { context: tensor([1, 2], [1, 1, 2]) },
      "got float32[1, 1, 2] for the context; expected float32[B, T, 1]",
    ],
    [
      "a condition of whole numbers",
      samplerOf({ conditionFeatures: 1 }),
      { condition: tensor(new Int32Array(3), [1, 3, 1]) },
      "the condition is int32[1, 3, 1]; expected float32",
    ],
    ["no window without a cache", samplerOf(), { memory: "recompute", window: undefined }, "window is missing"],
    ["a window of nothing", samplerOf(), { window: 0 }, "window is 0; expected a whole number from 1"],
    ["a window beyond any device", samplerOf(), { window: 2 ** 20 + 1 }, "1 sequences of 1048577 tokens are too much"],
    [
      "a chunk beyond any device",
      samplerOf(),
      { window: undefined, chunk: 2 ** 20 + 1 },
      "1 sequences of 1048577 tokens are too much",
    ],
    [
      "a state of other tokens",
      samplerOf(),
      { resume: { done: 0, position: 1, tokens: tensor([1, 2], [1, 1, 2]) } },
      "got float32[1, 1, 2] for the resumed state; expected float32[B, T, 1]",
    ],
    ["half a token", samplerOf(), { length: 1.5 }, "length is 1.5; expected a whole number from 0, or Infinity"],
    ["an unknown memory", samplerOf(), { memory: "disk" }, 'memory is "disk"; expected "cache" or "recompute"'],
    ["null for a matrix", samplerOf(), { matrix: null }, "matrix is null; expected a matrix, such as pyramid()"],
    ["a state of half a token", samplerOf(), { resume: { done: 0.5, position: 1 } }, "resume.done is 0.5"],
    ["a state of anything", samplerOf(), { resume: { done: 0, position: 1, x: 1 } }, "there is no option resume.x"],
  ])("refuses %s", (_name, sampler, more, message) => {
    expect(() => checkedRollout(sampler, options(more))).toThrow(message);
  });
});
