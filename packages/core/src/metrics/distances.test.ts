import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { energyDistance, frechetDistance, maximumMeanDiscrepancy, medianDistance } from "./distances.js";
import { symmetricEigen } from "./symmetric-eigen.js";

/** Points whose mean and unbiased covariance are exactly these: m +- sqrt(3/2 variance) along each axis, and m. */
const cross = (mean: readonly number[], variances: readonly number[]) => {
  const width = mean.length;
  const count = 2 * width;
  const points = mean.flatMap((_, axis) =>
    [-1, 1].map((side) =>
      mean.map((m, k) => (k === axis ? m + side * Math.sqrt(((count - 1) / 2) * (variances[k] as number)) : m)),
    ),
  );
  return { shape: [count, width], data: points.flat() };
};
const normal = (seed: number, count: number, width: number, shift = 0) => {
  const data = new Float32Array(count * width);
  createRandom(seed).fillNormal(data);
  return tensor(
    data.map((x) => x + shift),
    [count, width],
  );
};

describe("frechetDistance", () => {
  it("is the closed form of two normal laws with diagonal covariances", () => {
    const [a, b] = [cross([0, 1], [4, 9]), cross([3, 1], [1, 16])];
    // |mean difference|^2 + the squared differences of the deviations.
    expect(frechetDistance(a, b)).toBeCloseTo(9 + (2 - 1) ** 2 + (3 - 4) ** 2, 10);
    expect(frechetDistance(a, a)).toBeCloseTo(0, 10);
  });

  it("does not change when both sets are turned", () => {
    const turn = ({ shape, data }: ReturnType<typeof cross>) => ({
      shape,
      data: data.map((_, i) => {
        const [x, y] = [data[i - (i % 2)] as number, data[i - (i % 2) + 1] as number];
        return i % 2 === 0 ? 0.8 * x - 0.6 * y : 0.6 * x + 0.8 * y;
      }),
    });
    const [a, b] = [cross([0, 1], [4, 9]), turn(cross([3, 1], [1, 16]))];
    expect(frechetDistance(turn(a), turn(b))).toBeCloseTo(frechetDistance(a, b), 9);
  });

  it("takes fewer points than features", () => {
    const [a, b] = [normal(1, 3, 10), normal(2, 4, 10)];
    const distance = frechetDistance(a, b);
    expect(distance).toBeGreaterThan(0);
    expect(frechetDistance(b, a)).toBeCloseTo(distance, 6);
  });

  it("refuses sets of other widths", () => {
    expect(() => frechetDistance(normal(1, 3, 2), normal(1, 3, 3))).toThrow("got [3, 2] and [3, 3]");
  });
});

describe("energyDistance", () => {
  it("is the closed form for single points, 0 for equal sets and symmetric", () => {
    expect(energyDistance(tensor([0, 0], [1, 2]), tensor([3, 4], [1, 2]))).toBeCloseTo(10, 12);
    const [a, b] = [normal(1, 20, 2), normal(2, 30, 2)];
    expect(energyDistance(a, a)).toBeCloseTo(0, 12);
    expect(energyDistance(a, b)).toBeCloseTo(energyDistance(b, a), 12);
  });

  it("tells a shifted law from the same one", () => {
    expect(energyDistance(normal(1, 300, 1), normal(2, 300, 1))).toBeLessThan(0.02);
    expect(energyDistance(normal(1, 300, 1), normal(2, 300, 1, 0.5))).toBeGreaterThan(0.08);
  });
});

describe("maximumMeanDiscrepancy", () => {
  it("is the kernel's closed form for pairs of points", () => {
    // Points 0, 2 and 1, 1 at width 1: pairs within 0,2: exp(-2); within 1,1: 1; across: exp(-1/2).
    const [a, b] = [tensor([0, 2], [2, 1]), tensor([1, 1], [2, 1])];
    const options = { bandwidth: 1 };
    expect(maximumMeanDiscrepancy(a, b, options)).toBeCloseTo(Math.exp(-2) + 1 - 2 * Math.exp(-0.5), 12);
    const biased = (2 + 2 * Math.exp(-2)) / 4 + 1 - 2 * Math.exp(-0.5);
    expect(maximumMeanDiscrepancy(a, b, { ...options, estimator: "biased" })).toBeCloseTo(biased, 12);
  });

  it("takes the median distance of all pairs as its width", () => {
    const [a, b] = [tensor([0, 1], [2, 1]), tensor([3], [1, 1])];
    const estimator = "biased" as const;
    expect(maximumMeanDiscrepancy(a, b, { estimator })).toBe(maximumMeanDiscrepancy(a, b, { estimator, bandwidth: 2 }));
  });

  it("takes the mean of the middle two of an even number of distances", () => {
    // Points 0, 1 and 3, 7: distances 1, 2, 3, 4, 6, 7; their median is 3.5.
    const [a, b] = [tensor([0, 1], [2, 1]), tensor([3, 7], [2, 1])];
    expect(medianDistance(a, b, 1)).toBe(3.5);
    expect(maximumMeanDiscrepancy(a, b)).toBe(maximumMeanDiscrepancy(a, b, { bandwidth: 3.5 }));
    expect(maximumMeanDiscrepancy(a, b)).not.toBe(maximumMeanDiscrepancy(a, b, { bandwidth: 3 }));
  });

  it("refuses options that it does not have", () => {
    const [a, b] = [tensor([0, 1], [2, 1]), tensor([3, 7], [2, 1])];
    expect(() => maximumMeanDiscrepancy(a, b, { bandwidth: -1 })).toThrow(
      "bandwidth is -1; expected a positive number",
    );
    expect(() => maximumMeanDiscrepancy(a, b, { estimator: "none" as never })).toThrow('estimator is "none"');
    expect(() => maximumMeanDiscrepancy(a, b, { width: 1 } as never)).toThrow("there is no option width");
  });

  it("is about 0 for one law and not for two", () => {
    expect(Math.abs(maximumMeanDiscrepancy(normal(1, 200, 2), normal(2, 200, 2)))).toBeLessThan(0.01);
    expect(maximumMeanDiscrepancy(normal(1, 200, 2), normal(2, 200, 2, 0.7))).toBeGreaterThan(0.05);
  });

  it("refuses points without any distance", () => {
    expect(() => maximumMeanDiscrepancy(tensor([1, 1], [2, 1]), tensor([1, 1], [2, 1]))).toThrow("bandwidth is 0");
  });
});

describe("symmetricEigen", () => {
  it("takes apart and puts together any symmetric matrix", () => {
    const square = fc
      .integer({ min: 1, max: 6 })
      .chain((n) =>
        fc.tuple(
          fc.constant(n),
          fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: n * n, maxLength: n * n }),
        ),
      );
    fc.assert(
      fc.property(square, ([n, entries]) => {
        const matrix = Float64Array.from(entries, (_, i) => {
          const [row, column] = [Math.floor(i / n), i % n];
          return entries[Math.min(row, column) * n + Math.max(row, column)] as number;
        });
        const { values, vectors } = symmetricEigen(matrix, n);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            let [again, dot] = [0, 0];
            for (let e = 0; e < n; e++) {
              again += (values[e] as number) * (vectors[e * n + i] as number) * (vectors[e * n + j] as number);
              dot += (vectors[i * n + e] as number) * (vectors[j * n + e] as number);
            }
            expect(again).toBeCloseTo(matrix[i * n + j] as number, 9);
            expect(dot).toBeCloseTo(i === j ? 1 : 0, 9);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
