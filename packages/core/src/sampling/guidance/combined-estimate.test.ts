import { describe, expect, it } from "vitest";
import { add, cast, concat, equal, mean, mul, reshape } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { evaluateGraph, referenceBackend } from "../../engine/reference/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import type { Network } from "../network.js";
import { Sampler } from "../sampler.js";
import { combinedEstimate, estimatorOf, noisesHistory, viewOf } from "./combined-estimate.js";
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

  it("tells samples of a batch apart: which tokens are history, and what each view says of them", () => {
    // A history of one token and of three; the network says the tokens it is shown plus their levels.
    const network: Network = ({ tokens, levels }) => add(tokens, cast(reshape(levels, tokens.shape), "float32"));
    const inputs = {
      x: tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4, 1]),
      levels: tensor(Int32Array.of(0, 4, 4, 4, 0, 0, 0, 4), [2, 4]),
      historyNoise: tensor([10, 20, 30, 40, 50, 60, 70, 80], [2, 4, 1]),
    };
    const terms: ScoreCombination = [
      { weight: 3, history: { tokens: [-1] } },
      { weight: -2, history: { tokens: [1], level: 2 } },
    ];
    const views = [0, 1].map((term) => {
      const graph = trace<string>(inputs, ({ x, levels, historyNoise }) => {
        const stated = { x: x!, levels: levels!, tokens: x!, told: levels!, historyNoise: historyNoise! };
        const view = viewOf(process, terms[term]!.history!, equal(levels!, 0), stated);
        return { told: mul(cast(view.told, "float32"), 1), tokens: view.tokens };
      });
      const { told, tokens } = evaluateGraph(graph, inputs);
      return { told: Array.from(told!.data), tokens: Array.from(tokens!.data) };
    });
    expect(views.map(({ told }) => told)).toEqual([
      [0, 4, 4, 4, 10, 10, 0, 4],
      [10, 4, 4, 4, 10, 2, 10, 4],
    ]);
    const at = (value: number, level: number, drawn: number) => signal[level]! * value + noise[level]! * drawn;
    expect(views.map(({ tokens }) => tokens)).toEqual([
      close([1, 2, 3, 4, at(5, 10, 50), at(6, 10, 60), 7, 8]),
      close([at(1, 10, 10), 2, 3, 4, at(5, 10, 50), at(6, 2, 60), at(7, 10, 70), 8]),
    ]);
    const graph = trace<string>(inputs, ({ x, levels, historyNoise }) => {
      const stated = { x: x!, levels: levels!, tokens: x!, told: levels!, historyNoise: historyNoise! };
      const { clean, noise } = combinedEstimate(process, network, terms, stated);
      return { clean, noise };
    });
    const { clean, noise: left } = evaluateGraph(graph, inputs);
    // 3 (x + 4) - 2 (x + 4) of what is denoised, in both samples.
    expect(Array.from(clean!.data)).toEqual(close([1, 6, 7, 8, 5, 6, 7, 12]));
    expect(left!.data[7]).toBeCloseTo((8 - signal[4]! * 12) / noise[4]!, 4);
  });

  it("shows tokens of the history at the level that the sampler pretends, where a view names none", () => {
    const inputs = { ...given, told: integers(2, 2, 2, 4), tokens: tensor([11, 21, 31, 5], [1, 4, 1]) };
    const graph = trace<string>(inputs, ({ x, levels, told, tokens, historyNoise }) => {
      const stated = { x: x!, levels: levels!, tokens: tokens!, told: told!, historyNoise: historyNoise! };
      const view = viewOf(process, { tokens: [1] }, equal(levels!, 0), stated);
      return { told: mul(cast(view.told, "float32"), 1), tokens: view.tokens };
    });
    const { told, tokens } = evaluateGraph(graph, inputs);
    expect(Array.from(told!.data)).toEqual([10, 2, 10, 4]);
    expect(Array.from(tokens!.data)).toEqual(close([noised(0, 10), 21, noised(2, 10), 5]));
  });

  it("keeps the first view's deviations, and adds up probabilities, of processes that have them", () => {
    const inputs = { x: tensor([1, 2], [2, 1, 1]), levels: tensor(Int32Array.of(4, 4), [2, 1]) };
    const telling = {
      ...process,
      estimate: (output: Value) => {
        const stack = reshape(concat([output, mul(output, 2)], 2), [4, 1, 2]);
        return { clean: output, noise: output, spread: mul(output, 10), probabilities: stack };
      },
    };
    const network: Network = ({ tokens, condition }) => add(tokens, condition!);
    const graph = trace<string>({ ...inputs, condition: inputs.x }, ({ x, levels, condition }) => {
      const stated = { x: x!, levels: levels!, tokens: x!, told: levels!, condition: condition! };
      const { spread, probabilities } = combinedEstimate(
        telling,
        network,
        classifierFreeGuidance({ scale: 3 }),
        stated,
      );
      return { spread: spread!, probabilities: probabilities! };
    });
    const found = evaluateGraph(graph, { ...inputs, condition: inputs.x });
    expect(Array.from(found.spread!.data)).toEqual([20, 40]);
    // 3 (2, 4) - 2 (1, 2) of the first sample.
    expect(Array.from(found.probabilities!.data)).toEqual([4, 8, 8, 16]);
    const without = trace<string>(inputs, ({ x, levels }) => {
      const stated = { x: x!, levels: levels!, tokens: x!, told: levels! };
      const estimate = combinedEstimate(process, ({ tokens }) => tokens, [{ weight: 1 }], stated);
      expect(Object.keys(estimate)).toEqual(["clean", "noise"]);
      return { clean: estimate.clean };
    });
    expect(Array.from(evaluateGraph(without, inputs).clean!.data)).toEqual([1, 2]);
  });

  it("names no condition to the network where there is none", () => {
    trace<string>({ x: given.x, levels: given.levels }, ({ x, levels }) => {
      const seen: string[][] = [];
      const network: Network = (input) => {
        seen.push(Object.keys(input));
        return input.tokens;
      };
      const stated = { x: x!, levels: levels!, tokens: x!, told: levels! };
      estimatorOf(process, network, undefined)(stated);
      estimatorOf(process, network, [{ weight: 1 }])({ ...stated, condition: x! });
      expect(seen).toEqual([
        ["tokens", "levels"],
        ["tokens", "levels", "condition"],
      ]);
      return { x: mul(x!, 1) };
    });
  });

  it("refuses to hide the history without noise to hide it with", () => {
    const { historyNoise: _, ...inputs } = given;
    const show = (history: { level?: number }) =>
      trace<string>(inputs, ({ x, levels }) => {
        const stated = { x: x!, levels: levels!, tokens: x!, told: levels! };
        return { tokens: mul(viewOf(process, history, equal(levels!, 0), stated).tokens, 1) };
      });
    expect(() => show({ level: 3 })).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining("needs historyNoise") }),
    );
    expect(() => show({})).not.toThrow();
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
