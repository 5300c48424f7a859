import { describe } from "../describe.js";
import { DiffusionForcingError } from "../errors.js";
import { ruleOf } from "./rules.js";
import type { Emit, OpAttributes, OpName, Value, ValueOf } from "./value.js";

/** Makes one node, its type inferred (and so checked) by the op's rule. @throws `invalid-graph`, and what the rule does */
export const emit: Emit = <K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]) => {
  for (const [i, operand] of inputs.entries()) {
    if (typeof operand === "object" && operand !== null && "dtype" in operand) continue;
    throw new DiffusionForcingError(
      "invalid-graph",
      `${op}: operand ${i} is ${describe(operand)}; expected a traced value, or a number where the operation takes one.`,
    );
  }
  const { dtype, shape } = ruleOf(op).infer(inputs, attributes);
  return Object.freeze({ op, inputs, attributes, dtype, shape }) as ValueOf<K>;
};
