import * as v from "valibot";
import { check, schemas } from "../check.js";
import type { HostTensorRecord } from "../tensor/tensor.js";
import type { CompileOptions } from "./contract.js";

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
