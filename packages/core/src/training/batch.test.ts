import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../engine/errors.js";
import { tensor, zeros } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { type Batch, batchRange, checkBatch } from "./batch.js";

const plain: Model = {
  config: { kind: "test" },
  tokenShape: [2],
  conditionFeatures: 0,
  parameters: {},
  apply: (_parameters, { tokens }) => tokens,
};
const conditioned: Model = { ...plain, conditionFeatures: 1 };
const tokens = zeros("float32", [2, 3, 2]);
const levels = (data: number[], shape = [2, 3]) => tensor(Int32Array.from(data), shape);

/** "code: message" of what a model of 2 features and a schedule of 10 levels say to the batch. */
function verdict(batch: Batch, model: Model = plain): string {
  try {
    checkBatch(model, 10, batch);
  } catch (error) {
    return isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : String(error);
  }
  return "accepted";
}

describe("checkBatch", () => {
  it("accepts what fits", () => {
    const noiseLevels = levels([0, 1, 2, 8, 9, 10]);
    expect(verdict({ tokens })).toBe("accepted");
    expect(verdict({ tokens, noiseLevels, lossMask: zeros("float32", [2, 3, 1]) })).toBe("accepted");
    expect(verdict({ tokens, lossMask: zeros("float32", [2]) })).toBe("accepted");
    expect(verdict({ tokens, condition: zeros("float32", [2, 3, 1]) }, conditioned)).toBe("accepted");
  });

  it("refuses what is no sound tensor: data lost in JSON, cut short, or of another kind", () => {
    const lost = (value: unknown) => JSON.parse(JSON.stringify(value));
    expect(verdict({ tokens: lost(tokens) })).toMatch(
      /^dtype-mismatch: The batch's "tokens" is float32\[2, 3, 2\], but its data are .* does not survive JSON/,
    );
    expect(verdict({ tokens: { ...tokens, data: new Float32Array(11) } })).toBe(
      'shape-mismatch: The batch\'s "tokens" is float32[2, 3, 2], which holds 12 elements, but its data have 11.',
    );
    expect(verdict({ tokens, noiseLevels: lost(levels([1, 2, 3, 4, 5, 6])) })).toMatch(
      /^dtype-mismatch: .*"noiseLevels"/,
    );
    expect(verdict({ tokens, lossMask: { ...zeros("float32", [2]), data: undefined as never } })).toMatch(
      /^invalid-argument: The batch's "lossMask" is an object with .*; expected a tensor/,
    );
    expect(verdict({ tokens, mask: tokens } as Batch)).toBe(
      'invalid-data: The batch has no "mask"; what it may hold is tokens, noiseLevels, lossMask and condition.',
    );
    expect(verdict({} as Batch)).toMatch(/^invalid-argument: The batch's "tokens" is undefined; expected a tensor/);
  });

  it.each([
    [null, "null"],
    ["tokens", '"tokens"'],
    [undefined, "undefined"],
  ])("refuses %s, which is no batch", (batch, shown) => {
    expect(verdict(batch as never)).toBe(`invalid-data: The batch is ${shown}; expected an object with tokens.`);
  });

  it("refuses tokens of another type", () => {
    expect(verdict({ tokens: zeros("float32", [2, 3, 1]) })).toBe(
      "shape-mismatch: The batch's tokens are float32[2, 3, 1]; the model takes float32[B, T, 2].",
    );
    expect(verdict({ tokens: zeros("float32", [3, 2]) })).toMatch(/^shape-mismatch: .* float32\[3, 2\]/);
    expect(verdict({ tokens: zeros("int32", [2, 3, 2]) })).toMatch(/^shape-mismatch: .* int32\[2, 3, 2\]/);
  });

  it("refuses numbers that are not finite, saying where they are", () => {
    const broken = tensor([0, 1, Number.NaN, 3], [1, 2, 2]);
    expect(verdict({ tokens: broken })).toBe(
      "invalid-data: The batch's tokens hold NaN at element 2; expected finite numbers. Clean the data.",
    );
    expect(verdict({ tokens: tensor([Number.NaN, 0], [1, 1, 2]) })).toMatch(/NaN at element 0/);
    const infinite = tensor([1, Number.POSITIVE_INFINITY]);
    expect(verdict({ tokens, lossMask: infinite })).toMatch(/^invalid-data: .*lossMask hold Infinity at element 1/);
    const condition = tensor([0, 0, 0, 0, 0, Number.NEGATIVE_INFINITY], [2, 3, 1]);
    expect(verdict({ tokens, condition }, conditioned)).toMatch(
      /^invalid-data: .*condition hold -Infinity at element 5/,
    );
  });

  it("refuses levels of another type or outside 0..K", () => {
    expect(verdict({ tokens, noiseLevels: levels([1, 2, 3], [1, 3]) })).toBe(
      "shape-mismatch: The batch's noise levels are int32[1, 3]; expected int32[2, 3].",
    );
    expect(verdict({ tokens, noiseLevels: zeros("float32", [2, 3]) })).toMatch(/^shape-mismatch: .* float32\[2, 3\]/);
    expect(verdict({ tokens, noiseLevels: levels([1, 2, 3, 4, 5, 11]) })).toBe(
      "invalid-noise-levels: Noise level 11 is outside 0..10.",
    );
    expect(verdict({ tokens, noiseLevels: levels([1, 2, -1, 4, 5, 6]) })).toMatch(/^invalid-noise-levels: .* -1 /);
  });

  it("refuses element weights that would not broadcast to the tokens", () => {
    expect(verdict({ tokens, lossMask: zeros("float32", [2, 2, 2]) })).toBe(
      "shape-mismatch: The batch's element weights are float32[2, 2, 2]; expected float32, broadcastable to [2, 3, 2].",
    );
    // These would blow the loss up to a mean over more elements than the batch has.
    expect(verdict({ tokens, lossMask: zeros("float32", [4, 2, 3, 2]) })).toMatch(/^shape-mismatch/);
    const single = zeros("float32", [1, 1, 2]);
    expect(verdict({ tokens: single, lossMask: zeros("float32", [1, 5, 2]) })).toMatch(/^shape-mismatch/);
    expect(verdict({ tokens, lossMask: zeros("int32", [2]) })).toMatch(/^shape-mismatch: .* int32\[2\]/);
  });

  it("refuses a condition the model does not take, and one that is missing", () => {
    expect(verdict({ tokens, condition: zeros("float32", [2, 3, 1]) })).toBe(
      "shape-mismatch: The batch's condition is float32[2, 3, 1]; the model takes none.",
    );
    expect(verdict({ tokens }, conditioned)).toBe(
      "shape-mismatch: The batch's condition is missing; the model takes float32[2, 3, 1].",
    );
    expect(verdict({ tokens, condition: zeros("float32", [2, 1, 1]) }, conditioned)).toMatch(/is float32\[2, 1, 1\]/);
    expect(verdict({ tokens, condition: zeros("int32", [2, 3, 1]) }, conditioned)).toBe(
      "shape-mismatch: The batch's condition is int32[2, 3, 1]; the model takes float32[2, 3, 1].",
    );
  });
});

describe("batchRange", () => {
  const batch = { tokens: tensor([1, 5, -2, 7, 3, 6], [1, 3, 2]) };
  const range = (given: Batch) => {
    const { minimum, maximum } = batchRange(undefined, given);
    return [[...minimum.data], [...maximum.data]];
  };

  it("is the smallest and the largest of each channel", () => {
    expect(range(batch)).toEqual([
      [-2, 5],
      [3, 7],
    ]);
    const known = { minimum: tensor([-9, 0]), maximum: tensor([0, 6]) };
    const { minimum, maximum } = batchRange(known, batch);
    expect([[...minimum.data], [...maximum.data]]).toEqual([
      [-9, 0],
      [3, 7],
    ]);
  });

  it("leaves out what the loss mask leaves out, however it broadcasts", () => {
    expect(range({ ...batch, lossMask: tensor([1, 0, 1], [1, 3, 1]) })).toEqual([
      [1, 5],
      [3, 6],
    ]);
    expect(range({ ...batch, lossMask: tensor([0, 1], [2]) })).toEqual([
      [Number.POSITIVE_INFINITY, 5],
      [Number.NEGATIVE_INFINITY, 7],
    ]);
    expect(range({ ...batch, lossMask: tensor([0, 1, 1, 1, 1, 0], [1, 3, 2]) })).toEqual([
      [-2, 5],
      [3, 7],
    ]);
  });
});
