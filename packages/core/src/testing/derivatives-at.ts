import { gradient } from "../engine/autodiff/gradient.js";
import { sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { evaluateGraph } from "../engine/reference/index.js";
import type { HostTensor } from "../engine/tensor/tensor.js";

/**
 * Partial derivatives of sum(fn(operands)) by each float32 operand, flat, on the interpreter. For tests of
 * derivative rules with literal numbers.
 */
export function derivativesAt(fn: (...operands: Value[]) => Value, ...operands: HostTensor[]): number[][] {
  const inputs = Object.fromEntries(operands.map((operand, index) => [`x${index}`, operand]));
  const names = Object.keys(inputs);
  const targets = names.filter((name) => inputs[name]?.dtype === "float32");
  const graph = trace(inputs, (values) => {
    const objective = sum(fn(...names.map((name) => values[name] as Value)));
    const slopes = gradient(
      objective,
      targets.map((name) => values[name] as Value),
    );
    return Object.fromEntries(targets.map((name, index) => [name, slopes[index] as Value]));
  });
  const slopes = evaluateGraph(graph, inputs);
  return targets.map((name) => Array.from((slopes[name] as HostTensor).data));
}
