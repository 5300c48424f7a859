import { type Shape, shapesEqual } from "../../../tensor/shape.js";
import type { OpAttributes, OpName, Value, ValueOf } from "../../value.js";

/** As `Emit`, but the node made is itself simplified before it is given back. */
export type Make = <K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]) => Value;

/**
 * One algebraic identity, read from left to right. `rewrite` gives a value equal to `node`, or undefined where the
 * identity does not apply. It looks at most a few operands deep, makes nodes only by `make`, and must not make a
 * node that it, or another identity, would turn back.
 */
export interface Identity<K extends OpName> {
  readonly name: string;
  readonly rewrite: (node: ValueOf<K>, make: Make) => Value | undefined;
}

/** Whether a value is a constant whose elements all equal `expected`. */
export function isUniformly(value: Value, expected: number): boolean {
  if (value.op !== "constant") return false;
  const { data } = value.attributes;
  for (let i = 0; i < data.length; i++) if (data[i] !== expected) return false;
  return true;
}

/** The number that all elements of a constant are equal to; undefined for other values. */
export function uniformValue(value: Value): number | undefined {
  if (value.op !== "constant") return undefined;
  const { data } = value.attributes;
  const first = data[0]!;
  return data.length === 1 || isUniformly(value, first) ? first : undefined;
}

/** The value repeated, where needed, to the shape of the node it replaces. */
export function fitShape(value: Value, shape: Shape, make: Make): Value {
  return shapesEqual(value.shape, shape) ? value : make("broadcast", [value], { shape });
}
