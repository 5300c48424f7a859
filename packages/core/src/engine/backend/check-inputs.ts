import { DiffusionForcingError } from "../errors.js";
import type { Graph } from "../graph/graph.js";
import { formatType } from "../graph/ops/helpers.js";
import { shapesEqual, sizeOf } from "../tensor/shape.js";
import { isHostTensor, type TensorRecord } from "../tensor/tensor.js";
import { checkIndices } from "./index-bounds.js";

/**
 * Checks what a caller feeds an executable against the graph's declared inputs, so that every backend gives the
 * same errors. `baked` names inputs that were compiled in.
 */
export function checkRunInputs(graph: Graph, inputs: TensorRecord, baked: ReadonlySet<string>): void {
  const expected = new Set<string>();
  for (const declared of graph.inputs) {
    const { name } = declared.attributes;
    if (baked.has(name)) continue;
    expected.add(name);
    const given = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (given === undefined) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `run: input "${name}" (${formatType(declared)}) is missing; got ${Object.keys(inputs).join(", ") || "none"}.`,
      );
    }
    if (given.dtype !== declared.dtype) {
      throw new DiffusionForcingError(
        "dtype-mismatch",
        `run: input "${name}" is ${formatType(given)}; the graph was compiled for ${formatType(declared)}.`,
      );
    }
    if (
      !shapesEqual(given.shape, declared.shape) ||
      (isHostTensor(given) && given.data.length !== sizeOf(given.shape))
    ) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `run: input "${name}" is ${formatType(given)}; the graph was compiled for ${formatType(declared)}.`,
      );
    }
    if (isHostTensor(given)) checkIndices(graph, name, given);
  }
  for (const name of Object.keys(inputs)) {
    if (!expected.has(name)) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `run: there is no input "${name}"; expected ${[...expected].join(", ") || "none"}.`,
      );
    }
  }
}
