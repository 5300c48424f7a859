import { expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { partsOf } from "./batch-parts.js";

it("cuts every input along the batch, in order, and shares what is the same for all", () => {
  const tokens = tensor([1, 2, 3, 4, 5, 6, 7, 8], [4, 2, 1]);
  const levels = tensor(Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [4, 2]);
  const mask = tensor([1, 0], [1, 2, 1]);
  const inputs = { tokens, levels, mask };
  const parts = partsOf(inputs, 2);
  expect(parts).toEqual([
    { tokens: tensor([1, 2, 3, 4], [2, 2, 1]), levels: tensor(Int32Array.of(1, 2, 3, 4), [2, 2]), mask },
    { tokens: tensor([5, 6, 7, 8], [2, 2, 1]), levels: tensor(Int32Array.of(5, 6, 7, 8), [2, 2]), mask },
  ]);
  expect(partsOf(inputs, 4).map((part) => [...part.tokens.data])).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ]);
  expect(partsOf(inputs, 1)[0]).toBe(inputs);
});
