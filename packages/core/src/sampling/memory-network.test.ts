import { describe, expect, it } from "vitest";
import { add, cast, mul, reshape, sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { smallPath } from "../testing/small-path.js";
import { classifierFreeGuidance, vanillaHistoryGuidance } from "./guidance/score-combination.js";
import { afterCommit, checkCacheable, isCacheable, memoryNetwork } from "./memory-network.js";
import { ddim } from "./solvers/ddim.js";

/**
 * Remembers the sum of all it has read, conditions among it; says ten times that and the token, a hundred times the level
 * it was told, and its condition as thousands.
 */
const model: Model = {
  config: { kind: "summing" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: {},
  apply: () => {
    throw new Error("It is asked through its memory.");
  },
  memory: {
    types: ({ batch }) => ({ total: { dtype: "float32", shape: [batch] } }),
    initial: () => ({}),
    advance: (_parameters, { total }, input) => {
      const { tokens, noiseLevels, condition } = input;
      // Without a condition there is no key for one.
      if ("condition" in input !== (condition !== undefined)) throw new Error("The condition is undefined.");
      const level = mul(reshape(cast(noiseLevels, "float32"), tokens.shape), 100);
      const past = reshape(mul(total!, 10), [-1, 1, 1]);
      const said = add(add(tokens, past), level);
      const after = add(total!, sum(tokens, [1, 2]));
      if (condition === undefined) return { output: said, memory: { total: after } };
      return { output: add(said, mul(condition, 1000)), memory: { total: add(after, sum(condition, [1, 2])) } };
    },
  },
};
const process = smallPath();
const diffusion = { model, process, lossWeighting: process.lossWeighting };

describe("memoryNetwork", () => {
  it("gives each view its own memory, and all futures of a view the same", () => {
    // Two views of two sequences, of which the network is asked about two futures.
    const inputs = {
      total: tensor([1, 2, 3, 4]),
      tokens: tensor(new Float32Array(8), [8, 1, 1]),
      levels: tensor(new Int32Array(8), [8, 1]),
    };
    const graph = trace(inputs, ({ total, tokens, levels }) => ({
      output: memoryNetwork(diffusion, {}, { total }, 2)({ tokens, levels }),
    }));
    expect([...evaluateGraph(graph, inputs).output!.data]).toEqual([10, 20, 10, 20, 30, 40, 30, 40]);
  });

  it("reads a memory as it is where the batch is the memory's", () => {
    const inputs = {
      total: tensor([1, 2]),
      tokens: tensor([0.5, 0.25], [2, 1, 1]),
      levels: tensor(Int32Array.of(0, 3), [2, 1]),
    };
    const graph = trace(inputs, ({ total, tokens, levels }) => ({
      output: memoryNetwork(diffusion, {}, { total }, 1)({ tokens, levels }),
    }));
    expect([...evaluateGraph(graph, inputs).output!.data]).toEqual([10.5, 320.25]);
  });

  it("passes a condition on, and the number of levels", () => {
    const inputs = {
      total: tensor([1, 2]),
      tokens: tensor([0.5, 0.25], [2, 1, 1]),
      levels: tensor(Int32Array.of(0, 3), [2, 1]),
      condition: tensor([5, 7], [2, 1, 1]),
    };
    const counts: number[] = [];
    const counting: Model = {
      ...model,
      memory: {
        ...model.memory!,
        advance: (parameters, memory, input) => {
          counts.push(input.levelCount);
          return model.memory!.advance(parameters, memory, input);
        },
      },
    };
    const graph = trace(inputs, ({ total, ...given }) => ({
      output: memoryNetwork({ ...diffusion, model: counting }, {}, { total }, 1)(given),
    }));
    expect([...evaluateGraph(graph, inputs).output!.data]).toEqual([5010.5, 7320.25]);
    expect(counts).toEqual([3]);
  });
});

describe("afterCommit", () => {
  const inputs = { total: tensor([1, 5]), x: tensor([0.5, 2], [1, 2, 1]) };
  const plain = { solver: ddim(), stabilizationLevel: 0 };

  it("remembers clean tokens as they are", () => {
    const graph = trace({ ...inputs, total: tensor([1]) }, ({ total, x }) =>
      afterCommit(diffusion, {}, { total }, plain, x, { guidanceInputs: {} }),
    );
    expect([...evaluateGraph(graph, { ...inputs, total: tensor([1]) }).total!.data]).toEqual([3.5]);
  });

  it("shows each view of a history what it may see of them: all, and nothing but noise", () => {
    const given = { ...inputs, noise: tensor([0.25, -4], [1, 2, 1]) };
    const options = { ...plain, scores: vanillaHistoryGuidance({ scale: 2 }) };
    const graph = trace(given, ({ total, x, noise }) =>
      afterCommit(diffusion, {}, { total }, options, x, { guidanceInputs: {}, historyNoise: noise }),
    );
    // A hidden token is noised to the last level: .28 x 2.5 + .96 (.25 - 4) in all.
    expect([...evaluateGraph(graph, given).total!.data]).toEqual([3.5, expect.closeTo(5 - 2.9, 5)]);
  });

  it("shows the views of a guidance without a condition zeros", () => {
    const given = { ...inputs, condition: tensor([100, 200], [1, 2, 1]) };
    const options = { ...plain, scores: classifierFreeGuidance({ scale: 2 }) };
    const after = (scores: typeof options.scores | undefined, total: number[]) => {
      const own = { ...given, total: tensor(total) };
      const graph = trace(own, ({ total: memory, x, condition }) =>
        afterCommit(diffusion, {}, { total: memory }, scores ? { ...plain, scores } : plain, x, {
          guidanceInputs: {},
          condition,
        }),
      );
      return [...evaluateGraph(graph, own).total!.data];
    };
    // Views in the order of the terms.
    const expected = options.scores.map(({ condition }, i) => [1, 5][i]! + 2.5 + (condition === "null" ? 0 : 300));
    expect(after(options.scores, [1, 5])).toEqual(expected);
    expect(new Set(options.scores.map(({ condition }) => condition))).toContain("null");
    expect(after(undefined, [1])).toEqual([303.5]);
  });
});

it("keeps a view in a memory unless it picks tokens by their place", () => {
  expect(isCacheable(undefined)).toBe(true);
  expect(isCacheable([{ weight: 1 }, { weight: -1, history: { tokens: [] } }])).toBe(true);
  expect(isCacheable([{ weight: 1, history: { tokens: "all" } }])).toBe(true);
  expect(isCacheable([{ weight: 1 }, { weight: 1, history: { tokens: [2] } }])).toBe(false);
  expect(() => checkCacheable([{ weight: 1, history: { tokens: [2] } }])).toThrow(
    /picks tokens by their place.*memory: "recompute"/,
  );
  expect(() => checkCacheable(vanillaHistoryGuidance({ scale: 2 }))).not.toThrow();
});
