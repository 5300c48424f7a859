import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { failureOf } from "../testing/fixtures/failure.js";
import { checkNoiseLevels, independentNoiseLevels, maskNoiseLevels, stepwiseNoiseLevels } from "./noise-levels.js";

const sizes = { batch: 2, tokens: 3, levels: 10 };

/** Draws that were written down; `asked` tells which were taken. */
function scripted(uniforms: number[], integers: number[]) {
  const asked: string[] = [];
  return {
    asked,
    uniform(): number {
      asked.push("uniform");
      return uniforms.shift() as number;
    },
    integer(low: number, high: number): number {
      asked.push(`integer ${low}..${high - 1}`);
      return integers.shift() as number;
    },
  };
}

describe("independentNoiseLevels", () => {
  it("draws every token of every sequence by itself, from 1 to K", () => {
    const random = scripted([], [3, 10, 1, 4, 4, 7]);
    const { dtype, shape, data } = independentNoiseLevels(random, sizes);
    expect([dtype, shape, [...data]]).toEqual(["int32", [2, 3], [3, 10, 1, 4, 4, 7]]);
    expect(random.asked).toEqual(new Array(6).fill("integer 1..10"));
  });

  it("reaches both ends, and never level 0", () => {
    const { data } = independentNoiseLevels(createRandom(3), { batch: 50, tokens: 20, levels: 4 });
    expect([...new Set(data)].sort()).toEqual([1, 2, 3, 4]);
  });
});

describe("stepwiseNoiseLevels", () => {
  it("draws a level for each sample, token by token, where no token is given", () => {
    const random = scripted([0.5, 0.5, 0.5, 0.5], [5, 6, 7, 8, 9, 10]);
    const { dtype, shape, data } = stepwiseNoiseLevels(random, sizes);
    // The draws 5, 6 are the two samples' first token.
    expect([dtype, shape, [...data]]).toEqual(["int32", [2, 3], [5, 7, 9, 6, 8, 10]]);
    const level = ["integer 1..10", "integer 1..10"];
    expect(random.asked).toEqual(["uniform", "uniform", ...level, "uniform", ...level, "uniform", ...level]);
  });

  it("gives a token, at level 1 in the whole batch, where the first draw does not exceed `any`", () => {
    const random = scripted([0.26, 0.5, 0.25, 0.24], [5, 6]);
    expect([...stepwiseNoiseLevels(random, sizes, { any: 0.25, first: 0 }).data]).toEqual([5, 1, 1, 6, 1, 1]);
    // The first token has a second draw, .5 against `first`.
    expect(random.asked.filter((draw) => draw === "uniform")).toHaveLength(4);
  });

  it("gives the first token by a second draw too, and no other", () => {
    const random = scripted([0.9, 0.4, 0.4, 0.4], [5, 6, 7, 8]);
    expect([...stepwiseNoiseLevels(random, sizes, { any: 0.25, first: 0.5 }).data]).toEqual([1, 5, 7, 1, 6, 8]);
  });

  it("gives the first token where its second draw does not exceed `first`", () => {
    const random = scripted([0.9, 0.5, 0.9, 0.9], [5, 6, 7, 8]);
    expect([...stepwiseNoiseLevels(random, sizes, { first: 0.5 }).data]).toEqual([1, 5, 7, 1, 6, 8]);
  });

  it.each([{ any: 1.1 }, { any: -0.1 }, { first: 1.1 }, { first: -0.1 }, { any: Number.NaN }])(
    "refuses %j",
    (given) => {
      expect(() => stepwiseNoiseLevels(createRandom(1), sizes, given)).toThrow(/expected a number from 0 to 1/);
    },
  );

  it("takes the probabilities 0 and 1", () => {
    const all = stepwiseNoiseLevels(createRandom(1), sizes, { any: 1, first: 0 });
    expect([...all.data]).toEqual([1, 1, 1, 1, 1, 1]);
    const first = stepwiseNoiseLevels(scripted([0.9, 0.9, 0.9, 0.9], [2, 3, 4, 5]), sizes, { any: 0, first: 1 });
    expect([...first.data]).toEqual([1, 2, 4, 1, 3, 5]);
  });
});

describe("maskNoiseLevels", () => {
  const levels = tensor(Int32Array.of(3, 4, 5, 6), [2, 2]);

  it("makes noise only of tokens whose frames are all missing, and of no others", () => {
    const mask = tensor(Uint8Array.of(1, 1, 0, 0, 0, 1, 1, 0), [2, 4]);
    const masked = maskNoiseLevels(levels, mask, 10);
    expect([masked.dtype, masked.shape, [...masked.data]]).toEqual(["int32", [2, 2], [3, 10, 5, 6]]);
    expect([...levels.data]).toEqual([3, 4, 5, 6]);
  });

  it.each([
    [new Uint8Array(6), [2, 3]],
    [new Uint8Array(4), [1, 4]],
    [new Uint8Array(8), [2, 2, 2]],
  ])("refuses a mask that does not divide into the tokens", (data, shape) => {
    expect(() => maskNoiseLevels(levels, tensor(data, shape), 10)).toThrow(/a multiple of 2/);
  });
});

describe("what is no tensor of levels, or no sizes", () => {
  const levels = tensor(Int32Array.of(3, 4, 5, 6), [2, 2]);
  const mask = tensor(Uint8Array.of(1, 1, 1, 1), [2, 2]);
  const short = { ...mask, data: Uint8Array.of(1, 1) };
  it.each<[string, () => unknown, RegExp]>([
    [
      "no levels",
      () => maskNoiseLevels(undefined as never, mask, 10),
      /^invalid-argument: .*noise levels is undefined/,
    ],
    ["floats", () => maskNoiseLevels(tensor([1], [1, 1]) as never, mask, 10), /^dtype-mismatch: .*expected int32/],
    ["no mask", () => maskNoiseLevels(levels, null as never, 10), /^invalid-argument: .*the mask is null/],
    ["a mask shorter than its shape", () => maskNoiseLevels(levels, short, 10), /^shape-mismatch: .*holds 4 elements/],
    ["levels of one axis", () => maskNoiseLevels(tensor(Int32Array.of(3)), mask, 10), /^shape-mismatch/],
    [
      "levels of three axes",
      () => maskNoiseLevels(tensor(Int32Array.of(3, 4, 5, 6), [2, 2, 1]), mask, 10),
      /^shape-mismatch/,
    ],
    ["no K", () => maskNoiseLevels(levels, mask, Number.NaN), /^invalid-argument: .*number of levels/],
    ["no levels to check", () => checkNoiseLevels(undefined as never, 10), /^invalid-argument/],
    ["no sizes", () => independentNoiseLevels(createRandom(0), undefined as never), /^invalid-argument/],
    [
      "a batch of NaN",
      () => stepwiseNoiseLevels(createRandom(0), { ...sizes, batch: Number.NaN }),
      /^invalid-argument: stepwiseNoiseLevels: batch is NaN/,
    ],
    ["no probabilities", () => stepwiseNoiseLevels(createRandom(0), sizes, null as never), /^invalid-argument/],
  ])("is refused: %s", (_, call, message) => {
    expect(failureOf(call)).toMatch(message);
  });
});

describe("checkNoiseLevels", () => {
  it("takes 0 to K, and names the first level outside", () => {
    expect(() => checkNoiseLevels(tensor(Int32Array.of(0, 10), [1, 2]), 10)).not.toThrow();
    expect(() => checkNoiseLevels(tensor(Int32Array.of(0, 11), [1, 2]), 10)).toThrow(
      /Noise level 11 at element 1 of \[1, 2\] is outside 0\.\.10/,
    );
    expect(() => checkNoiseLevels(tensor(Int32Array.of(-1, 10), [1, 2]), 10)).toThrow(/Noise level -1 at element 0/);
  });
});
