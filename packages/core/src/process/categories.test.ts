import { describe, expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { elementsOf } from "../testing/elements-of.js";
import { drawnCategory, largest, normalShare, surprise } from "./categories.js";

const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));

describe("normalShare", () => {
  it("is the normal distribution function", () => {
    const shares = elementsOf({ x: tensor([-1.96, 0, 1, 2]) }, ({ x }) => normalShare(x));
    expect(shares).toEqual(close([0.0249979, 0.5, 0.8413447, 0.9772499]));
  });
});

describe("drawnCategory", () => {
  const drawn = (probabilities: number[], noise: number[]) =>
    elementsOf({ p: tensor(probabilities, [1, 3]), z: tensor(noise, [1, 3]) }, ({ p, z }) => drawnCategory(p, z));

  it("takes the least of -log U over the probabilities", () => {
    // -log of .5, .5, .841: .69, .69, .17. Over .5, .3, .2: 1.39, 2.31, .86; over .7, .2, .1: .99, 3.47, 1.73.
    expect(drawn([0.5, 0.3, 0.2], [0, 0, 1])).toEqual([0, 0, 1]);
    expect(drawn([0.7, 0.2, 0.1], [0, 0, 1])).toEqual([1, 0, 0]);
  });

  it("never takes what has no probability, whatever the noise", () => {
    expect(drawn([0, 1, 0], [6, -6, 6])).toEqual([0, 1, 0]);
  });
});

describe("largest", () => {
  it("is 1 for the largest of each row, shared by equal ones", () => {
    const rows = elementsOf({ x: tensor([1, 3, 2, 5, 0, 5], [2, 3]) }, ({ x }) => largest(x));
    expect(rows).toEqual([0, 1, 0, 0.5, 0, 0.5]);
  });
});

describe("surprise", () => {
  it("is minus the logarithm of the true category's probability, finite where that is 0", () => {
    const inputs = { p: tensor([0.25, 0.75, 1, 0], [2, 2]), truth: tensor([1, 0, 0, 1], [2, 2]) };
    expect(elementsOf(inputs, ({ p, truth }) => surprise(p, truth))).toEqual(close([Math.log(4), -Math.log(1e-30)]));
  });
});
