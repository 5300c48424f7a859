import { expect, it } from "vitest";
import { trace } from "../../engine/graph/trace.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import { gaussianMixture, type MixtureLaw } from "./gaussian-mixture.js";

const schedule = cosineSchedule(100);
const process = variancePreserving(schedule, { objective: "x0", limit: { kind: "none" } });

function posteriorMean(law: MixtureLaw, tokens: number[], levels: number[]): number[] {
  const { model } = gaussianMixture(law, { process });
  const inputs = { tokens: tensor(tokens, [1, 2, 1]), noiseLevels: tensor(Int32Array.from(levels), [1, 2]) };
  const graph = trace(inputs, (values) => ({ x0: model.apply({}, { ...values, levelCount: 100 }) }));
  return Array.from(evaluateGraph(graph, inputs).x0!.data);
}

it("weighs the components' posterior means by how well they explain the whole sequence", () => {
  const components = [
    { weight: 0.3, mean: [-1, 2], variance: 0.25 },
    { weight: 0.7, mean: [1, 1], variance: 0.5 },
  ];
  const law = {
    components: components.map(({ weight, mean, variance }) => ({
      weight,
      mean,
      covariance: [
        [variance, 0],
        [0, variance],
      ],
    })),
  };
  const found = posteriorMean(law, [0.4, 1.1], [40, 70]);

  const signal = [40, 70].map((level) => schedule.path.signal[level]!);
  const noise = [40, 70].map((level) => 1 - schedule.path.signal[level]! ** 2);
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

it("takes the tokens of a component as correlated: two components that differ in nothing else", () => {
  const [weights, correlations] = [
    [0.6, 0.4],
    [0.9, -0.9],
  ];
  const components = weights.map((weight, m) => ({
    weight,
    mean: [0, 0],
    covariance: [
      [1, correlations[m]!],
      [correlations[m]!, 1],
    ],
  }));
  const [x, y] = [0.8, 0.5];
  const found = posteriorMean({ components }, [x, y], [30, 60]);
  const [a, b] = [schedule.path.signal[30]!, schedule.path.signal[60]!];
  // A sight (a x_0 + noise, b x_1 + noise) has unit variances and the correlation a b r.
  const parts = correlations.map((r, m) => {
    const seen = a * b * r;
    const determinant = 1 - seen ** 2;
    const [u, v] = [(x - seen * y) / determinant, (y - seen * x) / determinant];
    const density = (weights[m]! * Math.exp(-0.5 * (x * u + y * v))) / Math.sqrt(determinant);
    return { density, means: [a * u + r * b * v, r * a * u + b * v] };
  });
  const total = parts[0]!.density + parts[1]!.density;
  const expected = [0, 1].map((t) => parts.reduce((sum, { density, means }) => sum + (density / total) * means[t]!, 0));
  expect(found).toEqual(expected.map((value) => expect.closeTo(value, 4)));
});
