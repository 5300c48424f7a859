import { expect, it } from "vitest";
import { symmetricEigen } from "./symmetric-eigen.js";

it("gives the eigenvalues 1 and 3 of [[2, 1], [1, 2]], and their vectors as rows", () => {
  const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
  const order = values[0]! < values[1]! ? [0, 1] : [1, 0];
  expect(order.map((i) => values[i])).toEqual([expect.closeTo(1, 12), expect.closeTo(3, 12)]);
  const [low, high] = order.map((i) => vectors.subarray(2 * i, 2 * i + 2)) as [Float64Array, Float64Array];
  expect(low[0]! * low[1]!).toBeCloseTo(-0.5, 12);
  expect(high[0]! * high[1]!).toBeCloseTo(0.5, 12);
});

it("takes the symmetric part, and puts a matrix together again from values and vectors", () => {
  const matrix = Float64Array.of(4, 1, -2, 3, 0, 1, 0, 5, -1);
  const { values, vectors } = symmetricEigen(matrix, 3);
  expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(3, 12);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      let [entry, product] = [0, 0];
      for (let e = 0; e < 3; e++) {
        entry += values[e]! * vectors[e * 3 + i]! * vectors[e * 3 + j]!;
        product += vectors[i * 3 + e]! * vectors[j * 3 + e]!;
      }
      expect(entry).toBeCloseTo((matrix[i * 3 + j]! + matrix[j * 3 + i]!) / 2, 10);
      expect(product).toBeCloseTo(i === j ? 1 : 0, 10);
    }
  }
});

it("leaves a diagonal matrix, and one of zeros, as they are", () => {
  expect([...symmetricEigen(Float64Array.of(5, 0, 0, -2), 2).values]).toEqual([5, -2]);
  expect([...symmetricEigen(new Float64Array(4), 2).values]).toEqual([0, 0]);
});
