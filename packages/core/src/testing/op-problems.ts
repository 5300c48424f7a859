import { emit } from "../engine/graph/emit.js";
import { mul, sum } from "../engine/graph/operations.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import { input } from "../engine/graph/trace.js";
import type { OpName, Value } from "../engine/graph/value.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import type { GradientProblem } from "./gradient-problem.js";
import type { OpCase } from "./op-cases.js";
import { drawTensor } from "./values.js";

/** `add float32[2, 3] float32[3]` with its attributes: how a case is called in messages. */
export function describeCase({ op, operands, attributes }: OpCase): string {
  return [op, ...operands.map(formatType), JSON.stringify(attributes)].join(" ");
}

/** The case's result from its operands' values. */
export function applyCase<K extends OpName>({ op, attributes }: OpCase<K>, operands: readonly Value[]): Value {
  return emit(op, operands, attributes) as Value;
}

/** The type of the case's result. */
export function inferCase(operation: OpCase): Value {
  return applyCase(
    operation,
    operation.operands.map((operand, index) => input(`operand ${index}`, operand)),
  );
}

/** The operands' values, by name, in the order of the operands. */
export function caseInputs({ operands }: OpCase): Record<string, HostTensor> {
  return Object.fromEntries(operands.map((operand, index) => [`operand${index}`, drawTensor(operand, index + 1)]));
}

/**
 * The derivative of sum(result * weights) for fixed weights, by every float32 operand; undefined where there is
 * nothing to differentiate or where `stopGradient` makes the derivative differ from the slope on purpose.
 */
export function caseGradient(operation: OpCase): GradientProblem | undefined {
  const result = inferCase(operation);
  const operands = caseInputs(operation);
  const names = Object.keys(operands);
  const targets = names.filter((name) => operands[name]?.dtype === "float32");
  const smooth = operation.differentiate !== false && operation.op !== "stopGradient";
  if (!smooth || result.dtype !== "float32" || targets.length === 0) return undefined;
  return {
    inputs: { ...operands, weights: drawTensor({ dtype: "float32", shape: result.shape, low: -1, high: 1 }, 99) },
    targets,
    objective: (values) => {
      const y = applyCase(
        operation,
        names.map((name) => values[name] as Value),
      );
      return sum(mul(y, values.weights as Value));
    },
  };
}
