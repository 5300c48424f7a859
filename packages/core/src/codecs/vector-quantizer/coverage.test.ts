import { expect, it } from "vitest";
import { gradient } from "../../engine/autodiff/index.js";
import { trace } from "../../engine/graph/trace.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { unevenness } from "./coverage.js";

function measured(codebook: number[], latents: number[]) {
  const inputs = { e: tensor(codebook, [codebook.length, 1]), z: tensor(latents, [latents.length, 1]) };
  const graph = trace(inputs, ({ e, z }) => {
    const value = unevenness(e!, z!);
    return { value, slope: gradient(value, [e!])[0]! };
  });
  const { value, slope } = evaluateGraph(graph, inputs) as Record<string, HostTensor>;
  return { value: value!.data[0] as number, slope: [...slope!.data] as number[] };
}

it("is how far codes are from their even shares of the data", () => {
  // Two latents, two codes: one for each, though both codes lie nearer to the first.
  const { value, slope } = measured([0, 1], [-1, 10]);
  expect(value).toBeCloseTo((1 + 81) / 2, 1);
  // d/de (e - z)^2 / 2: 0 + 1 and 1 - 10.
  expect(slope).toEqual([expect.closeTo(1, 1), expect.closeTo(-9, 1)]);
  expect(measured([-1, 10], [-1, 10]).value).toBeCloseTo(0, 5);
});

it("is finite however far the codes are", () => {
  expect(Number.isFinite(measured([0, 1e4, -1e4], [1, 2, 3]).value)).toBe(true);
});
