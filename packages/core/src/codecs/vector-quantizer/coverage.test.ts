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

/** What each of two codes is given of two latents, by three rounds of Sinkhorn in plain numbers. */
function givenOf(codes: number[], latents: number[]): number[] {
  const distances = latents.map((z) => codes.map((e) => (z - e) ** 2));
  const mean = distances.flat().reduce((sum, d) => sum + d / 4, 0);
  let shares = distances.map((row) => row.map((d) => Math.exp(-d / (0.05 * mean))));
  const overColumns = (): number[][] =>
    shares.map((row) => row.map((p, k) => p / shares.reduce((sum, other) => sum + (other[k] as number), 0)));
  for (let round = 0; round < 3; round++) {
    shares = overColumns();
    shares = shares.map((row) => row.map((p) => p / row.reduce((sum, other) => sum + other, 0)));
  }
  const weights = overColumns();
  return codes.map((_, k) => latents.reduce((sum, z, n) => sum + z * (weights[n]?.[k] as number), 0));
}

it("is how far codes are from their even shares of the data", () => {
  // Both codes lie nearer to the first latent; each is drawn to one of its own all the same.
  const [codes, latents] = [
    [0, 1],
    [-1, 10],
  ];
  const [first, second] = givenOf(codes, latents) as [number, number];
  expect(first).toBeLessThan(0);
  expect(second).toBeGreaterThan(8);
  const { value, slope } = measured(codes, latents);
  expect(value).toBeCloseTo((first ** 2 + (second - 1) ** 2) / 2, 3);
  // d/de (e - given)^2 / 2, the shares held still.
  expect(slope).toEqual([expect.closeTo(-first, 4), expect.closeTo(1 - second, 4)]);
  expect(measured([-1, 10], [-1, 10]).value).toBeCloseTo(0, 5);
});

it("is finite however far the codes are", () => {
  expect(Number.isFinite(measured([0, 1e4, -1e4], [1, 2, 3]).value)).toBe(true);
});
