import { expect, it } from "vitest";
import { elementsOf, levelsOf, numbersOf } from "../../testing/elements-of.js";
import { flowMatching } from "./flow-matching.js";
import { logRatioGap } from "./path.js";

const close = (values: number[]) => values.map((value) => expect.closeTo(value, 12));

it("runs straight from the token to the noise, t = k / K", () => {
  const { path, signalToNoise, sensitivity, priorScale, terminal, lossWeighting } = flowMatching({ levels: 4 });
  expect(lossWeighting).toEqual({ kind: "uniform" });
  expect([...path!.noise]).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect([...path!.signal]).toEqual([1, 0.75, 0.5, 0.25, 0]);
  expect([...signalToNoise]).toEqual([Number.POSITIVE_INFINITY, ...close([9, 1, 1 / 9, 0])]);
  expect([sensitivity, priorScale, terminal]).toEqual([[1, 2, 1], 1, { signal: 0, noise: 1 }]);
});

it("moves levels towards noise by the shift: t' = 3 t / (1 + 2 t) (Esser et al. 2024, eq. 23)", () => {
  const { path } = flowMatching({ levels: 4, shift: 3 });
  expect([...path!.noise]).toEqual(close([0, 0.5, 0.75, 0.9, 1]));
  expect([...path!.signal]).toEqual(close([1, 0.5, 0.25, 0.1, 0]));
});

it("reads a velocity: x = x^k - t v, eps = x^k + (1 - t) v, and charges its squared error", () => {
  const process = flowMatching({ levels: 4 });
  const inputs = { x: numbersOf(2, 2, 2), output: numbersOf(4, 4, 4), levels: levelsOf(1, 4, 0) };
  const of = (part: "clean" | "noise") =>
    elementsOf(inputs, ({ x, output, levels }) => process.estimate(output, x, levels)[part]);
  expect(of("clean")).toEqual([1, -2, 2]);
  expect(of("noise")).toEqual([5, 2, 6]);
  const loss = elementsOf(inputs, ({ x, output, levels }) =>
    // eps - x = 4 - 2.
    process.loss(output, { clean: x, noisy: x, levels, noise: output }),
  );
  expect(loss).toEqual([4, 4, 4]);
});

it("has finite steps even of a single level, from nothing but noise to clean", () => {
  const { path } = flowMatching({ levels: 1 });
  const gap = elementsOf({ from: levelsOf(1, 1), to: levelsOf(0, 1) }, ({ from, to }) =>
    logRatioGap(path!, from, to, 3),
  );
  expect(gap).toEqual([80, 0]);
});
