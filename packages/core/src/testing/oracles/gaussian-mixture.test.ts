import { expect, it } from "vitest";
import { cosineSchedule } from "../../diffusion/schedule.js";
import { trace } from "../../graph/trace.js";
import { evaluateGraph } from "../../reference/index.js";
import { tensor } from "../../tensor/tensor.js";
import { gaussianMixture } from "./gaussian-mixture.js";

it("weighs the components' posterior means by how well they explain the whole sequence", () => {
  const schedule = cosineSchedule(100);
  const components = [
    { weight: 0.3, mean: [-1, 2], variance: 0.25 },
    { weight: 0.7, mean: [1, 1], variance: 0.5 },
  ];
  const process = gaussianMixture({ components }, { schedule });
  const inputs = { tokens: tensor([0.4, 1.1], [1, 2, 1]), noiseLevels: tensor(Int32Array.of(40, 70), [1, 2]) };
  const graph = trace(inputs, (values) => ({ x0: process.model.apply({}, { ...values, levelCount: 100 }) }));
  const found = Array.from(evaluateGraph(graph, inputs).x0!.data);

  const signal = [40, 70].map((level) => schedule.tables.sqrtAlphasCumprod[level]!);
  const noise = [40, 70].map((level) => 1 - schedule.tables.alphasCumprod[level]!);
  const values = [0.4, 1.1];
  const shares = components.map(({ weight, mean, variance }) =>
    values.reduce((product, x, t) => {
      const spread = signal[t]! ** 2 * variance + noise[t]!;
      return (product * Math.exp((-0.5 * (x - signal[t]! * mean[t]!) ** 2) / spread)) / Math.sqrt(spread);
    }, weight),
  );
  const total = shares[0]! + shares[1]!;
  const expected = values.map((x, t) =>
    components.reduce((sum, { mean, variance }, m) => {
      const spread = signal[t]! ** 2 * variance + noise[t]!;
      const posterior = mean[t]! + ((signal[t]! * variance) / spread) * (x - signal[t]! * mean[t]!);
      return sum + (shares[m]! / total) * posterior;
    }, 0),
  );
  expect(found).toEqual(expected.map((value) => expect.closeTo(value, 4)));
});
