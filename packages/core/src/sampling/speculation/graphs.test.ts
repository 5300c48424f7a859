import { describe, expect, it } from "vitest";
import { mul } from "../../engine/graph/operations.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import type { Model } from "../../models/model.js";
import { smallPath } from "../../testing/small-path.js";
import { ancestral } from "../solvers/ancestral.js";
import { draftGraph, kernelGraph } from "./graphs.js";

// Levels whose signal and noise are 1 and 0, .8 and .6, .6 and .8, .28 and .96; the network says half of the token.
const process = smallPath();
const model: Model = {
  config: { kind: "half" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
  apply: ({ w }, { tokens }) => mul(tokens, w!),
};
const diffusion = { model, process, lossWeighting: process.lossWeighting };
const options = { solver: ancestral(), stabilizationLevel: 0 };
const w = tensor([0.5]);
const int32 = (values: number[], shape: number[]) => tensor(Int32Array.from(values), shape);

/** Ho et al. 2020, eq. 7, between two levels: the weight of the clean token, that of the noisy one, and the deviation. */
function posterior(from: number, to: number): readonly [clean: number, noisy: number, deviation: number] {
  const [signal, noise] = [
    [1, 0.8, 0.6, 0.28],
    [0, 0.6, 0.8, 0.96],
  ] as const;
  const step = signal[from]! / signal[to]!;
  const added = noise[from]! ** 2 - (step * noise[to]!) ** 2;
  return [
    (signal[to]! * added) / noise[from]! ** 2,
    (step * noise[to]! ** 2) / noise[from]! ** 2,
    (noise[to]! / noise[from]!) * Math.sqrt(added),
  ];
}

it("looks at several states of every sample in one run", () => {
  const graph = kernelGraph(diffusion, options, { batch: 1, length: 2, steps: 2 });
  expect(graph.inputs.map(({ attributes, shape }) => [attributes.name, ...shape])).toEqual([
    ["parameters/w", 1],
    ["x", 2, 2, 1],
    ["from", 2, 2],
    ["to", 2, 2],
  ]);
  const { clean, mean } = evaluateGraph(graph, {
    "parameters/w": w,
    x: tensor([1, 2, -1, 4], [2, 2, 1]),
    from: int32([3, 3, 2, 3], [2, 2]),
    to: int32([2, 1, 1, 0], [2, 2]),
  });
  expect([...clean!.data]).toEqual([0.5, 1, -0.5, 2].map((x) => expect.closeTo(x, 6)));
  const expected = (x: number, from: number, to: number) => {
    const [ofClean, ofNoisy] = posterior(from, to);
    return expect.closeTo(ofClean * (x / 2) + ofNoisy * x, 5);
  };
  expect([...mean!.data]).toEqual([expected(1, 3, 2), expected(2, 3, 1), expected(-1, 2, 1), expected(4, 3, 0)]);
});

describe("draftGraph", () => {
  const given = {
    x: tensor([1, 2], [1, 2, 1]),
    // The first token moves twice, the second once.
    levels: int32([3, 3, 2, 3, 1, 2], [3, 1, 2]),
    noise: tensor([0.5, 7, -1, 2], [2, 1, 2, 1]),
    known: tensor([0, 0, 0, 0], [2, 1, 2, 1]),
    isKnown: int32([0, 0, 0, 0], [2, 1, 2]),
  };
  const [a, b] = [posterior(3, 2), posterior(2, 1)];

  it("takes steps in a row around a fixed estimate, a token that stays where it is", () => {
    const graph = draftGraph(diffusion, options, { batch: 1, length: 2, steps: 2 }, true);
    expect(graph.inputs.map(({ attributes }) => attributes.name)).not.toContain("parameters/w");
    const { states, means, deviations } = evaluateGraph(graph, { ...given, clean: tensor([0.4, -0.2], [1, 2, 1]) });
    const first = a[0] * 0.4 + a[1] * 1;
    const moved = first + a[2] * 0.5;
    const second = b[0] * 0.4 + b[1] * moved;
    const other = a[0] * -0.2 + a[1] * 2;
    const close = (x: number) => expect.closeTo(x, 5);
    expect([...states!.data]).toEqual([close(moved), 2, close(second - b[2]), close(other + 2 * a[2])]);
    expect([means!.data[0], means!.data[2], means!.data[3]]).toEqual([close(first), close(second), close(other)]);
    expect([deviations!.shape, deviations!.data[0], deviations!.data[2]]).toEqual([
      [2, 1, 2],
      close(a[2]),
      close(b[2]),
    ]);
  });

  it("takes them by a model, which sees what was drafted", () => {
    const graph = draftGraph(diffusion, options, { batch: 1, length: 2, steps: 2 }, false);
    const { states } = evaluateGraph(graph, { ...given, "parameters/w": w });
    const moved = (a[0] / 2 + a[1]) * 1 + a[2] * 0.5;
    const close = (x: number) => expect.closeTo(x, 5);
    const expected = [
      close(moved),
      2,
      close((b[0] / 2 + b[1]) * moved - b[2]),
      close((a[0] / 2 + a[1]) * 2 + 2 * a[2]),
    ];
    expect([...states!.data]).toEqual(expected);
  });

  it("goes on from what is known already", () => {
    const graph = draftGraph(diffusion, options, { batch: 1, length: 2, steps: 2 }, true);
    const known = { known: tensor([9, 0, 0, 0], [2, 1, 2, 1]), isKnown: int32([1, 0, 0, 0], [2, 1, 2]) };
    const { states } = evaluateGraph(graph, { ...given, ...known, clean: tensor([0.4, -0.2], [1, 2, 1]) });
    const second = b[0] * 0.4 + b[1] * 9 - b[2];
    expect([states!.data[0], states!.data[2]]).toEqual([9, expect.closeTo(second, 5)]);
  });
});
