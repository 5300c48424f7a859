import { expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { dataRangeOf, extendedRange, weightsOf, withDataRange } from "./data-range.js";
import { transformer } from "./transformer/index.js";

it("grows with each batch, channel by channel, and leaves out what is masked", () => {
  const first = extendedRange(undefined, tensor([1, -2, 3, 4], [1, 2, 2]));
  expect([[...first.minimum.data], [...first.maximum.data]]).toEqual([
    [1, -2],
    [3, 4],
  ]);
  const second = extendedRange(first, tensor([9, -9, 0, 0.5], [1, 2, 2]), [0, 0, 1, 1]);
  expect([[...second.minimum.data], [...second.maximum.data]]).toEqual([
    [0, -2],
    [3, 4],
  ]);
});

it("holds numbers that only fall, and only one", () => {
  const { minimum, maximum } = extendedRange(undefined, tensor([5, 4, 3], [1, 3, 1]));
  expect([minimum.data[0], maximum.data[0]]).toEqual([3, 5]);
  const one = extendedRange(undefined, tensor([-2], [1, 1, 1]));
  expect([one.minimum.data[0], one.maximum.data[0]]).toEqual([-2, -2]);
});

it("takes frames by channel", () => {
  const range = extendedRange(undefined, tensor([0, 1, 2, 3, 10, 11, 12, 13], [1, 1, 2, 2, 2]));
  expect([[...range.minimum.data], [...range.maximum.data]]).toEqual([
    [0, 10],
    [3, 13],
  ]);
});

it("stands among weights and comes out again", () => {
  const model = transformer({ features: 2, width: 8, layers: 1, heads: 1 });
  const range = extendedRange(undefined, tensor([1, 2], [1, 1, 2]));
  const all = withDataRange({}, range);
  expect(dataRangeOf(model, all)).toEqual(range);
  expect(dataRangeOf(model, {})).toBeUndefined();
  expect(Object.keys(weightsOf(model, all))).not.toContain("data.minimum");
  expect(() => dataRangeOf(model, { "data.minimum": tensor([1, 2, 3]) })).toThrow(/expected float32\[2\]/);
});
