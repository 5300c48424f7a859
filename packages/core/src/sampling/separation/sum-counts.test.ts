import { expect, it } from "vitest";
import { SumCounts } from "./sum-counts.js";

it("is the share of a sum's code among all codes of the pair", () => {
  const counts = new SumCounts(4);
  counts.add([0, 0, 0, 1, 2], [1, 1, 1, 1, 0], [2, 2, 3, 2, 1]);
  const { first, second, logLikelihoods } = counts.support(2);
  expect([[...first], [...second]]).toEqual([
    [0, 1],
    [1, 1],
  ]);
  expect([...logLikelihoods]).toEqual([Math.log(2 / 3), 0]);
  expect(counts.support(0).first.length).toBe(0);
  expect([counts.has(0), counts.has(3), counts.pairs]).toEqual([false, true, 3]);
  const { first: all, logLikelihoods: none } = counts.everything();
  expect([[...all], [...none]]).toEqual([
    [0, 1, 2],
    [0, 0, 0],
  ]);
});

it("counts a sum without a first source both ways, and goes on counting", () => {
  const counts = new SumCounts(3);
  counts.add([0], [1], [2], { symmetric: true });
  expect([...counts.support(2).first]).toEqual([0, 1]);
  counts.add([1], [0], [1]);
  expect([...counts.support(2).logLikelihoods]).toEqual([0, Math.log(1 / 2)]);
});

it("is kept as rows, which count the same again", () => {
  const counts = new SumCounts(3);
  counts.add([0, 0, 2], [1, 1, 0], [2, 2, 1]);
  expect(counts.entries()).toEqual([
    [0, 1, 2, 2],
    [2, 0, 1, 1],
  ]);
  const again = new SumCounts(3);
  for (const [a, b, m, times] of counts.entries()) again.add([a], [b], [m], { times });
  expect(again.entries()).toEqual(counts.entries());
  expect(() => again.add([0], [0], [0], { times: 0 })).toThrow("times is 0; expected a whole number from 1");
});

it("refuses codes there are not, and lists of other lengths", () => {
  const counts = new SumCounts(3);
  expect(() => counts.add([0], [3], [0])).toThrow("there is no code 3 (number 0); expected whole numbers from 0 to 2");
  expect(() => counts.add([0], [1, 1], [0])).toThrow("1 and 2 codes of sources and 1 of sums");
  expect(() => counts.support(-1)).toThrow("there is no code -1");
  expect(() => new SumCounts(1)).toThrow("categories is 1; expected a whole number from 2");
});

it("keeps all pairs apart from those of a code, and what it has found", () => {
  const counts = new SumCounts(3);
  counts.add([0, 2], [1, 0], [1, 2]);
  expect([...counts.support(1).first]).toEqual([0]);
  expect([...counts.everything().first]).toEqual([0, 2]);
  expect([...counts.support(1).first]).toEqual([0]);
  expect(counts.support(1)).toBe(counts.support(1));
  expect(counts.everything()).toBe(counts.everything());
});

it.each([2, 65_536])("takes %d categories, in lists and typed arrays", (categories) => {
  const counts = new SumCounts(categories);
  counts.add(Int32Array.of(categories - 1), Uint16Array.of(0), [1]);
  expect(counts.entries()).toEqual([[categories - 1, 0, 1, 1]]);
});

it("refuses numbers of categories, and lists, that are none", () => {
  for (const categories of [1.5, 65_537, Number.NaN, "3"]) {
    expect(() => new SumCounts(categories as never)).toThrow(/expected a whole number from 2 to 65536/);
  }
  const counts = new SumCounts(3);
  expect(() => counts.add([0], [1], [1, 1])).toThrow("1 and 1 codes of sources and 2 of sums");
  for (const codes of [5, null, { length: 1, 0: 0 }, new DataView(new ArrayBuffer(4))]) {
    expect(() => counts.add(codes as never, [0], [0])).toThrow(
      expect.objectContaining({ code: "invalid-data", message: expect.stringContaining("expected a list") }),
    );
  }
  expect(() => counts.add([0], [0.5], [0])).toThrow("there is no code 0.5 (number 0)");
});
