import { describe, expect, it } from "vitest";
import { constant } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { cosineSchedule } from "../gaussian/schedule.js";
import { processFromConfig } from "../process-from-config.js";
import { type TokenPredictionOptions, tokenPrediction } from "./token-prediction.js";

const codebook = [
  [1, 0],
  [0, 1],
  [-1, -1],
];
const process = tokenPrediction({ codebook, schedule: cosineSchedule(10) });

/** What a function of inputs [1, T, D] gives, in a row. */
function evaluated(inputs: Record<string, HostTensor>, of: (values: Record<string, Value>) => Value): number[] {
  const graph = trace(inputs, (values) => ({ result: of(values) }));
  return [...((evaluateGraph(graph, inputs).result as HostTensor).data as Float32Array)];
}
const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));
const at = (...levels: number[]): HostTensor => tensor(Int32Array.from(levels), [1, levels.length]);

describe("tokenPrediction", () => {
  it("has the cross-entropy of a token's code as the loss of each of its numbers, several codes a token too", () => {
    const inputs = {
      clean: tensor([0, 1, -1, -1], [1, 1, 4]),
      output: tensor([1, 0, -1, 300, 0, 300], [1, 1, 6]),
      levels: at(3),
    };
    const nats = evaluated(inputs, ({ clean, output, levels }) =>
      process.loss(output as Value, {
        clean: clean as Value,
        noisy: clean as Value,
        levels: levels as Value,
        noise: clean as Value,
      }),
    );
    // Code 1 of logits (1, 0, -1), code 2 of (300, 0, 300).
    expect(nats).toEqual(close([1.4076059, 1.4076059, Math.LN2, Math.LN2]));
    expect(process.outputShape?.([4])).toEqual([6]);
  });

  it("estimates the mean of the codes, and says how likely each is", () => {
    const inputs = { output: tensor([0, Math.log(3), -100], [1, 1, 3]), x: tensor([5, 5], [1, 1, 2]), levels: at(10) };
    const estimate = (part: "clean" | "probabilities") =>
      evaluated(
        inputs,
        ({ output, x, levels }) => process.estimate(output as Value, x as Value, levels as Value)[part] as Value,
      );
    expect(estimate("probabilities")).toEqual(close([0.25, 0.75, 0]));
    expect(estimate("clean")).toEqual(close([0.25, 0.75]));
  });

  it("shows the network nothing of a token at the last level", () => {
    const inputs = { x: tensor([5, 4, 3, 2, 1, 0], [1, 3, 2]), levels: at(10, 9, 0) };
    expect(evaluated(inputs, ({ x, levels }) => process.modelInput(x as Value, levels as Value))).toEqual([
      0, 0, 3, 2, 1, 0,
    ]);
  });

  it("makes a code of a token in its last step, whatever a guidance has moved, and moves it with the guidance before", () => {
    const inputs = { x: tensor([0.3, 0.2, 0.3, 0.2], [1, 2, 2]), noise: tensor([0, 0, 0, 0], [1, 2, 2]) };
    const certain = tensor([0, 1, 0, 0, 1, 0], [1, 2, 1, 3]);
    const step = (moved: number) =>
      evaluated(inputs, ({ x, noise }) =>
        process.transition(
          x as Value,
          {
            clean: constant(tensor([0, 1 + moved, 0, 1 + moved], [1, 2, 2])),
            noise: noise as Value,
            probabilities: constant(certain),
          },
          constant(at(5, 5)),
          constant(at(0, 2)),
          noise as Value,
          { choices: [noise as Value, noise as Value] },
        ),
      );
    const [plain, guided] = [step(0), step(0.5)];
    expect(plain.slice(0, 2)).toEqual([0, 1]);
    expect(guided.slice(0, 2)).toEqual([0, 1]);
    expect((guided[3] as number) - (plain[3] as number)).toBeGreaterThan(0.2);
  });

  it("draws a code by Gumbel noise, of a law that the temperature sharpens", () => {
    // Shares .5, .3, .2 and .1, .8, .1 of two tokens; the noise 0, 0, 1 has normal shares .5, .5, .841.
    const inputs = {
      x: tensor([0, 0, 0, 0], [1, 2, 2]),
      first: tensor([0, 0, 0, 0], [1, 2, 2]),
      second: tensor([1, 9, 1, 9], [1, 2, 2]),
    };
    const shares = tensor([0.5, 0.3, 0.2, 0.1, 0.8, 0.1], [1, 2, 1, 3]);
    const drawn = (temperature: number) => {
      const process = tokenPrediction({ codebook, schedule: cosineSchedule(10), temperature });
      return evaluated(inputs, ({ x, first, second }) =>
        process.transition(
          x as Value,
          { clean: x as Value, noise: x as Value, probabilities: constant(shares) },
          constant(at(5, 5)),
          constant(at(0, 0)),
          x as Value,
          { choices: [first as Value, second as Value] },
        ),
      );
    };
    // -log of those over the shares: 1.39, 2.31, .86 and 6.9, .87, 1.7, so codes 2 and 1.
    expect(drawn(1)).toEqual([-1, -1, 0, 1]);
    // Over their squares: 2.8, 7.7, 4.3 and 69, 1.1, 17, so codes 0 and 1.
    expect(drawn(0.5)).toEqual([1, 0, 0, 1]);
    // Over their roots: .98, 1.3, .39 and 2.2, .77, .55, so code 2 twice.
    expect(drawn(2)).toEqual([-1, -1, -1, -1]);
    // The likeliest, whatever the noise.
    expect(drawn(0)).toEqual([1, 0, 0, 1]);
  });

  it("takes as many draws as its codes need, and none for choosing without Gumbel noise", () => {
    expect(process.draws).toBe(3); // the noise, and 2 x 2 numbers for 3 codes
    expect(tokenPrediction({ codebook, temperature: 0 }).draws).toBe(1);
  });

  it("comes back from its configuration", () => {
    const stored: unknown = JSON.parse(JSON.stringify(process.config));
    const again = processFromConfig(stored);
    expect(again.config).toEqual(process.config);
    expect(again.levels).toBe(10);
  });

  it.each<[Record<string, unknown>, string]>([
    [
      { codebook: [[1, 0]] },
      "codebook is an array of 1 elements; expected 2 or more rows of as many finite numbers each",
    ],
    [{ codebook: [[1, 0], [1]] }, "2 or more rows"],
    [{ codebook: [[1], [Number.NaN]] }, "2 or more rows"],
    [
      {
        codebook: [
          [1, 2],
          [1, Number.NaN],
        ],
      },
      "2 or more rows",
    ],
    [{ codebook: [[], []] }, "2 or more rows"],
    [{ codebook: [["1"], ["2"]] }, "2 or more rows"],
    [{ codebook: [[1], [1_000_001]] }, "2 or more rows"],
    [{ codebook: [[1], [-1_000_001]] }, "2 or more rows"],
    [{ codebook: "ab" }, "2 or more rows"],
    [{ codebook: [1, 2] }, "2 or more rows"],
    [{ temperature: -1 }, "temperature is -1"],
    [{ gumbel: 1 }, "there is no option gumbel"],
    [{ schedule: 100 }, "schedule is 100; expected a noise schedule"],
  ])("refuses %j", (wrong, message) => {
    expect(() => tokenPrediction({ codebook, ...wrong } as TokenPredictionOptions)).toThrow(message);
  });

  it("takes codebooks of up to 2^22 numbers, none above a million", () => {
    const row = new Array<number>(2 ** 21).fill(0.5);
    expect(tokenPrediction({ codebook: [row, row] }).outputShape?.([2 ** 21])).toEqual([2]);
    const longer = [...row, 1];
    expect(() => tokenPrediction({ codebook: [longer, longer] })).toThrow("2 or more rows");
    expect(tokenPrediction({ codebook: [[1e6], [-1e6]] }).outputShape?.([3])).toEqual([6]);
  });

  it("takes the nearest code for a token's own, whatever the codes' lengths", () => {
    const process = tokenPrediction({ codebook: [[1], [3]], schedule: cosineSchedule(10), noiseClip: 3 });
    const inputs = {
      clean: tensor([1.9, 2.1], [1, 2, 1]),
      output: tensor([0, Math.log(3), 0, Math.log(3)], [1, 2, 2]),
    };
    const nats = evaluated(inputs, ({ clean, output }) => {
      const x = clean as Value;
      return process.loss(output as Value, { clean: x, noisy: x, levels: x, noise: x });
    });
    expect(nats).toEqual(close([Math.log(4), Math.log(4 / 3)]));
    expect([process.noiseClip, process.lossWeighting]).toEqual([3, { kind: "uniform" }]);
    expect(process.config).toMatchObject({ temperature: 1, noiseClip: 3 });
  });

  it("takes tokens of any number of axes", () => {
    const inputs = { clean: tensor([1, 0, 0, 1], [1, 1, 2, 2]), output: tensor([0, 0, 0, 0, 0, 0], [1, 1, 2, 3]) };
    const graph = trace(inputs, ({ clean, output }) => ({
      nats: process.loss(output, { clean, noisy: clean, levels: clean, noise: clean }),
    }));
    const { shape, data } = evaluateGraph(graph, inputs).nats!;
    expect([shape, [...data]]).toEqual([[1, 1, 2, 2], close([1, 1, 1, 1].map(() => Math.log(3)))]);
  });

  it("refuses tokens of other widths", () => {
    expect(() => process.outputShape?.([3])).toThrow("a token [3] holds no whole number of codes of 2 numbers");
    expect(() => process.outputShape?.([0])).toThrow("a token [0] holds no whole number of codes");
    expect(() => process.outputShape?.([])).toThrow("a token [] holds no whole number of codes");
    const inputs = { output: tensor([0, 0, 0, 0], [1, 1, 4]), x: tensor([0, 0], [1, 1, 2]), levels: at(3) };
    expect(() =>
      evaluated(
        inputs,
        ({ output, x, levels }) => process.estimate(output as Value, x as Value, levels as Value).clean,
      ),
    ).toThrow("tokenPrediction: [1, 1, 4] holds no whole number of codes of 3 numbers");
  });
});
