import * as v from "valibot";
import { check, schemas } from "../check.js";
import { checkTensor, type HostTensorRecord, type TensorRecord } from "../tensor/tensor.js";
import type { CompileOptions, RunOptions } from "./contract.js";

const schema = v.strictObject({
  constants: v.optional(schemas.having<HostTensorRecord>("tensors by the names of inputs")),
  brief: v.optional(v.boolean("true or false"), false),
});

/**
 * What a backend's `compile` is given, checked, with what is left out filled in.
 *
 * @throws `invalid-argument`
 */
export function compileOptions(options: CompileOptions = {}): Required<CompileOptions> {
  const { constants = {}, brief } = check("compile", schema, options);
  return { constants, brief };
}

const runSchema = v.strictObject({
  reuse: v.optional(schemas.having<TensorRecord>("tensors by the names of outputs"), {}),
});

/**
 * What an executable's `run` is given beside its inputs, as {@link compileOptions}.
 *
 * @throws `invalid-argument`, `dtype-mismatch`, `shape-mismatch`, `invalid-data`
 */
export function runOptions(options: RunOptions = {}): Required<RunOptions> {
  const { reuse } = check("run", runSchema, options);
  for (const [name, tensor] of Object.entries(reuse)) checkTensor(`run: "${name}" for reuse`, tensor);
  return { reuse };
}
