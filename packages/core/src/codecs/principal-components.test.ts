import { describe, expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { codecFromConfig, learnedNetworks } from "./codec-from-config.js";
import { principalComponentsCodec } from "./principal-components.js";

/** One number kept, two projected on the diagonal. */
const options = { kept: 1, features: 2, components: 1 };
const weights = {
  mean: tensor([10, 1, 2], [3]),
  std: tensor([5, 2], [2]),
  basis: tensor([0.6, 0.8], [1, 2]),
};
const codec = principalComponentsCodec(options, weights);

describe("principalComponentsCodec", () => {
  it("keeps numbers, and projects the others on the components", () => {
    // (20 - 10) / 5; (0.6 (4 - 1) + 0.8 (6 - 2)) / 2
    const tokens = codec.encode(tensor([20, 4, 6, 10, 1, 2], [1, 2, 3]));
    expect(tokens.shape).toEqual([1, 2, 2]);
    expect(Array.from(tokens.data)).toEqual([2, 2.5, 0, 0].map((value) => expect.closeTo(value, 6)));
    expect([codec.tokenShape([3]), codec.itemsPerToken]).toEqual([[2], 1]);
  });

  it("decodes to the nearest item in the components' span: the item itself, if it lies there", () => {
    const there = tensor([20, 1 + 0.6 * 5, 2 + 0.8 * 5], [1, 1, 3]);
    const back = codec.decode(codec.encode(there));
    expect(Array.from(back.data)).toEqual([20, 4, 6].map((value) => expect.closeTo(value, 5)));
    // What is beside it, (-0.8, 0.6), is lost.
    const beside = codec.decode(codec.encode(tensor([20, 4 - 0.8, 6 + 0.6], [1, 1, 3])));
    expect(Array.from(beside.data)).toEqual([20, 4, 6].map((value) => expect.closeTo(value, 5)));
  });

  it("is what its configuration and weights describe", () => {
    expect(codec.config).toEqual({ kind: "principal-components", kept: 1, features: 2, components: 1 });
    const [network] = learnedNetworks(codec.config);
    expect(Object.entries(network?.parameters ?? {}).map(([name, { shape }]) => [name, shape])).toEqual([
      ["mean", [3]],
      ["std", [2]],
      ["basis", [1, 2]],
    ]);
    const again = codecFromConfig(JSON.parse(JSON.stringify(codec.config)), weights);
    const item = tensor([1, 2, 3], [1, 1, 3]);
    expect(again.encode(item)).toEqual(codec.encode(item));
  });

  it("refuses other items, sizes and weights", () => {
    expect(() => codec.encode(tensor([1, 2], [1, 1, 2]))).toThrow("expected float32[B, F, 3]");
    expect(() => codec.decode(tensor([1, 2, 3], [1, 1, 3]))).toThrow("expected float32[B, F, 2]");
    expect(() => codec.tokenShape([2])).toThrow("the items are [2]; expected [3]");
    expect(() => principalComponentsCodec({ features: 2, components: 3 }, weights)).toThrow(
      "at most as many components",
    );
    expect(() => principalComponentsCodec({ features: 2, components: 1 }, weights)).toThrow('Parameter "mean"');
    const still = { ...weights, std: tensor([5, 0], [2]) };
    expect(() => principalComponentsCodec(options, still)).toThrow("std holds 0 at element 1; expected positive");
    expect(() => codecFromConfig({ kind: "principal-components", features: -1, components: 1 })).toThrow(
      "features is -1",
    );
  });
});
