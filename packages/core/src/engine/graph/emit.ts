import { ruleOf } from "./rules.js";
import type { Emit, OpAttributes, OpName, Value, ValueOf } from "./value.js";

/** Makes one node, its type inferred (and so checked) by the op's rule. */
export const emit: Emit = <K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]) => {
  const { dtype, shape } = ruleOf(op).infer(inputs, attributes);
  return Object.freeze({ op, inputs, attributes, dtype, shape }) as ValueOf<K>;
};
