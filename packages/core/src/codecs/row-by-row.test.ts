import { expect, it } from "vitest";
import type { Backend } from "../engine/backend/contract.js";
import { mul, sum } from "../engine/graph/operations.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { deviceStandIn } from "../testing/device-stand-in.js";
import { rowByRow } from "./row-by-row.js";

const weights = { w: tensor([3]) };
/** Three times the sum of a row of two. */
const tripled = (backend?: Backend) =>
  rowByRow({ backend, weights, widths: [2, 1], apply: ({ w }, rows) => mul(sum(rows, 1, true), w!) });

it("computes rows of sequences, in their order", async () => {
  const result = await tripled()(tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]));
  expect(result).toEqual(tensor([9, 21, 33, 45], [2, 2, 1]));
});

it("takes many rows part by part, the last one filled up, and none at all", async () => {
  const rows = 2 * 256 + 3;
  const data = Float32Array.from({ length: 2 * rows }, (_, i) => i);
  const { shape, data: found } = await tripled()(tensor(data, [1, rows, 2]));
  expect(shape).toEqual([1, rows, 1]);
  expect([...found]).toEqual(Array.from({ length: rows }, (_, i) => 3 * (4 * i + 1)));
  expect(await tripled()(tensor([], [1, 0, 2]))).toEqual(tensor([], [1, 0, 1]));
});

it("compiles a graph for each power of 2, at most of 256 rows, and keeps it", async () => {
  const inner = referenceBackend();
  const sizes: number[] = [];
  const backend: Backend = {
    ...inner,
    compile: (graph, options) => {
      sizes.push(graph.inputs.at(-1)!.shape[0] as number);
      return inner.compile(graph, options);
    },
  };
  const compute = tripled(backend);
  for (const rows of [3, 4, 5, 300, 200]) await compute(tensor(new Float32Array(2 * rows), [1, rows, 2]));
  expect(sizes).toEqual([4, 8, 256]);
});

it("frees what it has read, and tries again after a failure", async () => {
  const { backend, live } = deviceStandIn();
  let failures = 1;
  const failing: Backend = {
    ...backend,
    compile: async (graph, options) => {
      if (failures-- > 0) throw new Error("lost");
      return backend.compile(graph, options);
    },
  };
  const compute = tripled(failing);
  await expect(compute(tensor([1, 2], [1, 1, 2]))).rejects.toThrow("lost");
  expect((await compute(tensor([1, 2], [1, 1, 2]))).data[0]).toBe(9);
  expect(live()).toBe(0);
});
