import { opCases, type TestedOp } from "@diffusion-forcing/core/testing";
import { expect, it } from "vitest";
import { breaches, compare } from "./compare.js";
import type { Measured } from "./measure.js";

const ops = Object.fromEntries(Object.keys(opCases).map((op) => [op, 0])) as Record<TestedOp, number>;
const reference: Measured = {
  version: null,
  ops,
  afterStep: [1, -2],
  afterSampling: [0.5, 1],
  losses: [1, 0.5, 0.25],
  sample: [1, -1],
  noise: "3f800000",
};

it("finds nothing between equals", () => {
  const parity = compare(reference, reference);
  expect(parity).toMatchObject({ afterStep: 0, afterSampling: 0, loss: 0, sample: 0, noise: "3f800000" });
  expect(breaches(parity, reference)).toEqual([]);
});

it("measures relative to the largest value, the loss by its last step", () => {
  const parity = compare(
    { ...reference, afterStep: [1.5, -2], afterSampling: [0.5, 1.25], losses: [9, 9, 0.375], sample: [1, -0.5] },
    reference,
  );
  expect(parity).toMatchObject({ afterStep: 0.25, afterSampling: 0.25, loss: 0.5, sample: 0.5 });
  expect(breaches(parity, reference)).toEqual([
    "the loss after 200 steps differs by 5.0e-1",
    "the sample differs by 5.0e-1",
  ]);
});

it("names the worst op of each class, and calls a failed one out", () => {
  const parity = compare({ ...reference, ops: { ...ops, sin: 1e-6, exp: 1e-5, conv2d: null } }, reference);
  expect(parity.classes.transcendental).toEqual({ op: "exp", difference: 1e-5 });
  expect(parity.classes.products).toEqual({ op: "conv2d", difference: Number.POSITIVE_INFINITY });
  expect(breaches(parity, reference)).toEqual(["conv2d differs by Infinity"]);
});

it("takes noise of other bits for a breach", () => {
  const parity = compare({ ...reference, noise: "3f800001" }, reference);
  expect(breaches(parity, reference)).toEqual(["the noise has other bits"]);
});
