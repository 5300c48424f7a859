import { describe, expect, it } from "vitest";
import { add, cast, mean, mul, reshape } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { evaluateGraph, referenceBackend } from "../../engine/reference/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import type { Network } from "../network.js";
import { Sampler } from "../sampler.js";
import { combinedEstimate, noisesHistory } from "./combined-estimate.js";
import { classifierFreeGuidance, type ScoreCombination, vanillaHistoryGuidance } from "./score-combination.js";

const process = variancePreserving(cosineSchedule(10), { objective: "x0", limit: { kind: "none" } });
const { signal, noise } = process.path!;
const integers = (...values: number[]): HostTensor => tensor(Int32Array.from(values), [1, values.length]);

/** Three tokens of history and one at level 4. */
const given = {
  x: tensor([10, 20, 30, 5], [1, 4, 1]),
  levels: integers(0, 0, 0, 4),
  historyNoise: tensor([1, 2, 3, 100], [1, 4, 1]),
};

/** The combined estimate, and what the network was shown in all. */
function combined(network: Network, terms: ScoreCombination, condition?: HostTensor) {
  const inputs: Record<string, HostTensor> = { ...given, ...(condition ? { condition } : {}) };
  let shown: { tokens: Value; levels: Value } | undefined;
  const graph = trace<string>(inputs, ({ x, levels, ...rest }) => {
    const stated = { x: x!, levels: levels!, tokens: x!, told: levels! };
    const watched: Network = (input) => {
      shown = input;
      return network(input);
    };
    const { clean, noise } = combinedEstimate(process, watched, terms, { ...stated, ...rest });
    return { clean, noise, tokens: shown!.tokens, levels: mul(cast(shown!.levels, "float32"), 1) };
  });
  return evaluateGraph(graph, inputs);
}

/** What the network is shown by a term alone. */
const shownBy = (term: Omit<ScoreCombination[number], "weight">) => {
  const { tokens, levels } = combined((input) => input.tokens, [{ weight: 1, ...term }]);
  return { tokens: Array.from(tokens!.data), levels: Array.from(levels!.data) };
};
const close = (values: number[]) => values.map((value) => expect.closeTo(value, 4));
const noised = (index: number, level: number) =>
  signal[level]! * given.x.data[index]! + noise[level]! * given.historyNoise.data[index]!;

describe("combinedEstimate", () => {
  it("shows the history as it is, all of it noised, none of it, or some", () => {
    expect(shownBy({})).toEqual({ tokens: [10, 20, 30, 5], levels: [0, 0, 0, 4] });
    expect(shownBy({ history: { level: 6 } })).toEqual({
      tokens: close([noised(0, 6), noised(1, 6), noised(2, 6), 5]),
      levels: [6, 6, 6, 4],
    });
    expect(shownBy({ history: { tokens: [] } })).toEqual({
      tokens: close([noised(0, 10), noised(1, 10), noised(2, 10), 5]),
      levels: [10, 10, 10, 4],
    });
    expect(shownBy({ history: { tokens: [-1, 0] } })).toEqual({
      tokens: close([10, noised(1, 10), 30, 5]),
      levels: [0, 10, 0, 4],
    });
    expect(shownBy({ history: { tokens: [1], level: 2 } })).toEqual({
      tokens: close([noised(0, 10), noised(1, 2), noised(2, 10), 5]),
      levels: [10, 2, 10, 4],
    });
  });

  it("adds up the estimates and knows the history", () => {
    // The clean token is a tenth of the level; term by term 0.4 for the last token, whose level is 4 in every one.
    const network: Network = ({ levels, tokens }) =>
      add(mul(tokens, 0), mul(cast(reshape(levels, tokens.shape), "float32"), 0.1));
    const found = combined(network, vanillaHistoryGuidance({ scale: 3 }));
    expect(Array.from(found.clean!.data)).toEqual(close([10, 20, 30, 0.4]));
    expect(found.noise!.data[3]).toBeCloseTo((5 - signal[4]! * 0.4) / noise[4]!, 4);
  });

  it("weighs the condition against zeros: 2 x + condition becomes 2 x + scale * condition", () => {
    const network: Network = ({ tokens, condition }) => add(mul(tokens, 2), condition!);
    const condition = tensor([1, 1, 1, 0.5], [1, 4, 1]);
    const { clean } = combined(network, classifierFreeGuidance({ scale: 4 }), condition);
    expect(clean!.data[3]).toBeCloseTo(2 * 5 + 4 * 0.5, 4);
  });

  it("needs noise exactly where a term hides or noises the history", () => {
    expect(noisesHistory([{ weight: 1 }, { weight: 0, condition: "null" }])).toBe(false);
    expect(noisesHistory([{ weight: 1, history: { tokens: "all" } }])).toBe(false);
    expect(noisesHistory(vanillaHistoryGuidance({ scale: 2 }))).toBe(true);
    expect(noisesHistory([{ weight: 1, history: { level: 3 } }])).toBe(true);
  });
});

describe("Sampler with scores", () => {
  // Answers the mean of what it sees: history matters.
  const diffusion = {
    model: {
      config: { kind: "test" },
      tokenShape: [1],
      conditionFeatures: 0,
      parameters: {},
      apply: (_: unknown, { tokens }: { tokens: Value }) => add(mul(tokens, 0.3), mul(mean(tokens, 1, true), 0.5)),
    },
    process,
    lossWeighting: { kind: "uniform" as const },
  };
  const sample = async (scores?: ScoreCombination) => {
    const sampler = new Sampler(diffusion, {
      backend: referenceBackend(),
      parameters: {},
      timesteps: 5,
      stabilizationLevel: 2,
      ...(scores ? { scores } : {}),
    });
    const tokens = tensor([1, 2, 0.5, -0.5], [1, 4, 1]);
    const rows = [5, 4, 3, 2, 1, 0].map((index) => [0, 0, index, index]);
    const { data } = await sampler.denoise({ tokens, rows, seed: 1 });
    return { data: Array.from(data), cost: sampler.evaluationsPerStep };
  };

  it("is plain sampling where the terms are one view, however often it is named", async () => {
    const plain = await sample();
    const split = await sample([{ weight: 0.25 }, { weight: 0.75 }]);
    expect(split.data).toEqual(plain.data.map((value) => expect.closeTo(value, 5)));
    expect((await sample(vanillaHistoryGuidance({ scale: 1 }))).data).toEqual(
      plain.data.map((v) => expect.closeTo(v, 5)),
    );
    expect([plain.cost, split.cost]).toEqual([1, 2]);
  });

  it("moves the samples further the stronger the history weighs", async () => {
    const [one, two, three] = await Promise.all(
      [1, 2, 3].map(async (scale) => (await sample(vanillaHistoryGuidance({ scale }))).data[3]!),
    );
    expect(two! - one!).toBeGreaterThan(0.05);
    expect(three! - two!).toBeGreaterThan(0.05);
  });
});
