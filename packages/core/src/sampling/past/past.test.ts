import { describe, expect, it } from "vitest";
import { tensor } from "../../engine/tensor/tensor.js";
import { transformer } from "../../models/transformer/index.js";
import { smallPath } from "../../testing/small-path.js";
import { recordedNoise } from "../noise-source.js";
import type { CheckedRollout, RolloutSampler } from "../rollout-options.js";
import { conditionOf, historyNoise } from "./past.js";

const process = smallPath();
const model = transformer({ features: 1, width: 8, layers: 1, heads: 1, conditionFeatures: 1 });
const sampler = { diffusion: { model, process, lossWeighting: process.lossWeighting } } as unknown as RolloutSampler;
const rollout: CheckedRollout = { length: 4, seed: 1, batch: 2, chunk: 1, memory: "recompute", window: 4 };

describe("conditionOf", () => {
  it("cuts the tokens out of the whole condition, or asks for them", () => {
    const condition = tensor([0, 1, 2, 3, 10, 11, 12, 13], [2, 4, 1]);
    expect(conditionOf(sampler, { ...rollout, condition }, 1, 2)).toEqual(tensor([1, 2, 11, 12], [2, 2, 1]));
    const asked = (first: number, count: number) => tensor([first, count, first, count], [2, 2, 1]);
    expect(conditionOf(sampler, { ...rollout, condition: asked }, 7, 2)).toEqual(tensor([7, 2, 7, 2], [2, 2, 1]));
  });

  it("checks what a function gave", () => {
    const wrong = () => tensor([1], [1, 1, 1]);
    expect(() => conditionOf(sampler, { ...rollout, condition: wrong }, 0, 2)).toThrow(
      "rollout: the condition is float32[1, 1, 1]; the model takes float32[2, 2, 1].",
    );
    expect(() => conditionOf(sampler, rollout, 0, 2)).toThrow("rollout: the condition is missing");
  });
});

it("hides each token by noise of its place in the whole sequence, within the limit", () => {
  const paths: string[] = [];
  const source = recordedNoise((path) => {
    paths.push(path.join("/"));
    const place = path[1] as number;
    return [place, -place, 10 + place, 90];
  });
  // Two sequences of tokens of two numbers; the numbers at a place are those of all sequences.
  expect(historyNoise(source, [2, 3, 2], 4, 20)).toEqual(
    tensor([4, -4, 5, -5, 6, -6, 14, 20, 15, 20, 16, 20], [2, 3, 2]),
  );
  expect(paths).toEqual(["history/4", "history/5", "history/6"]);
});
