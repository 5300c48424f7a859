import { gradient } from "../engine/autodiff/gradient.js";
import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { type ArrayTensor, evaluateInDoubles } from "../engine/reference/index.js";
import type { HostTensor, HostTensorRecord } from "../engine/tensor/tensor.js";

/** A function to differentiate, and where. */
export interface GradientProblem {
  readonly inputs: HostTensorRecord;
  /** Float32 inputs whose derivatives are wanted. */
  readonly targets: readonly string[];
  /** The scalar, from the traced inputs. */
  readonly objective: (values: Readonly<Record<string, Value>>) => Value;
}

/** d(objective)/d(target) by target, from the traced inputs. */
export function gradientValues(
  { targets, objective }: GradientProblem,
  values: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const gradients = gradient(
    objective(values),
    targets.map((name) => values[name] as Value),
  );
  return Object.fromEntries(targets.map((name, index) => [name, gradients[index] as Value]));
}

export interface PartialDerivative {
  readonly target: string;
  readonly index: number;
  readonly value: number;
}

/** Wide enough that rounding in doubles stays below 1e-10, narrow enough that the cubic term does too. */
const step = 1e-5;

/**
 * Central differences (f(x + h) - f(x - h)) / 2h in doubles by the interpreter, for at most `most` elements of
 * each target, spread evenly.
 */
export function finiteDifferences({ inputs, targets, objective }: GradientProblem, most = 16): PartialDerivative[] {
  const graph = trace(inputs, (values) => ({ objective: objective(values) }));
  const at = (target: string, index: number, offset: number): number => {
    const { dtype, shape, data } = inputs[target] as HostTensor;
    const moved: ArrayTensor = { dtype, shape, data: Float64Array.from(data) };
    moved.data[index]! += offset;
    return evaluateInDoubles(graph, { ...inputs, [target]: moved }).objective?.data[0] as number;
  };
  return targets.flatMap((target) => {
    const length = (inputs[target] as HostTensor).data.length;
    const count = Math.min(length, most);
    return Array.from({ length: count }, (_, i) => {
      const index = Math.floor((i * length) / count);
      return { target, index, value: (at(target, index, step) - at(target, index, -step)) / (2 * step) };
    });
  });
}
