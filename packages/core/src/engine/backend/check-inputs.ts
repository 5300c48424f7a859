import { check, schemas } from "../check.js";
import { DiffusionForcingError } from "../errors.js";
import type { Graph } from "../graph/graph.js";
import { formatType } from "../graph/ops/helpers.js";
import { shapesEqual } from "../tensor/shape.js";
import { checkTensor, isHostTensor, type Tensor, type TensorRecord } from "../tensor/tensor.js";
import { checkIndices } from "./index-bounds.js";

const inputsSchema = schemas.having<TensorRecord>("tensors by the names of inputs");

/**
 * Checks what a caller feeds an executable against the graph's declared inputs, so that every backend gives the
 * same errors. `baked` names inputs that were compiled in.
 *
 * @returns the inputs as engines take them: the same objects, except for those that `checkTensor` had to convert.
 * @throws `invalid-argument`, `shape-mismatch`, `dtype-mismatch`, `invalid-data`.
 */
export function checkRunInputs(graph: Graph, inputs: TensorRecord, baked: ReadonlySet<string>): Record<string, Tensor> {
  check("run: what is fed", inputsSchema, inputs);
  const checked: Record<string, Tensor> = {};
  const expected = new Set<string>();
  for (const declared of graph.inputs) {
    const { name } = declared.attributes;
    if (baked.has(name)) continue;
    expected.add(name);
    const value = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (value === undefined) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `run: input "${name}" (${formatType(declared)}) is missing; got ${Object.keys(inputs).join(", ") || "none"}.`,
      );
    }
    const given = checkTensor(`run: input "${name}"`, value);
    if (given.dtype !== declared.dtype || !shapesEqual(given.shape, declared.shape)) {
      throw new DiffusionForcingError(
        given.dtype === declared.dtype ? "shape-mismatch" : "dtype-mismatch",
        `run: input "${name}" is ${formatType(given)}; the graph was compiled for ${formatType(declared)}.`,
      );
    }
    if (isHostTensor(given)) checkIndices(graph, name, given);
    checked[name] = given;
  }
  for (const name of Object.keys(inputs)) {
    if (!expected.has(name)) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `run: there is no input "${name}"; expected ${[...expected].join(", ") || "none"}.`,
      );
    }
  }
  return checked;
}
