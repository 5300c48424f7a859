import { expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { joinTokens, lastTokens, scaled, sliceTokens } from "./tokens.js";

// Two sequences of three tokens of two numbers.
const sequence = tensor([1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16], [2, 3, 2]);

it("takes tokens out of the middle of each sequence, copied", () => {
  const middle = sliceTokens(sequence, 1, 1);
  expect(middle).toEqual(tensor([3, 4, 13, 14], [2, 1, 2]));
  middle.data[0] = 99;
  expect(sequence.data[2]).toBe(3);
  expect(sliceTokens(sequence, 0, 2)).toEqual(tensor([1, 2, 3, 4, 11, 12, 13, 14], [2, 2, 2]));
});

it("takes the last tokens, all where there are fewer, and none of none", () => {
  expect(lastTokens(sequence, 2)).toEqual(tensor([3, 4, 5, 6, 13, 14, 15, 16], [2, 2, 2]));
  expect(lastTokens(sequence, 5)).toEqual(sequence);
  expect(lastTokens(sequence, Number.POSITIVE_INFINITY)).toEqual(sequence);
  expect(lastTokens(sequence, 0)).toBeUndefined();
});

it("joins sequences one after the other, sample by sample", () => {
  const more = tensor([7, 8, 17, 18], [2, 1, 2]);
  expect(joinTokens(sequence, more)).toEqual(
    tensor([1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18], [2, 4, 2]),
  );
  expect(joinTokens(more, sequence).data[2]).toBe(1);
});

it("scales, and gives the tensor itself for a factor of 1", () => {
  expect(scaled(sequence, 1)).toBe(sequence);
  expect(scaled(tensor([1, -2], [1, 2, 1]), 3)).toEqual(tensor([3, -6], [1, 2, 1]));
});
