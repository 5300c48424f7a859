import type { Value } from "../../engine/graph/value.js";
import { evaluateNode } from "../../engine/reference/index.js";
import type { HostTensor } from "../../engine/tensor/tensor.js";
import { mulberry32 } from "../values.js";

/** How far every float32 result is moved at most, relative to itself and, a tenth of it, to the largest beside it. */
export const DISTURBANCE = 1e-5;

/** Evaluations with other disturbances. */
const DRAWS = 3;

/** Larger results than this lose too many of the digits after the point. */
const LARGEST = 1000;

/** A result that a disturbance moves further than this says little about a device. */
const WORST_SPREAD = 3e-4;

/** A step in a function lies at least this far from its operand, which no device's error reaches. */
const MARGIN = 2e-3;

/** A node's elements by the interpreter, and in evaluations in which every float32 result is a little off. */
export interface Trial {
  readonly exact: HostTensor;
  readonly disturbed: readonly HostTensor[];
}

/** An input's trial. */
export function givenTrial(exact: HostTensor): Trial {
  return { exact, disturbed: Array.from({ length: DRAWS }, () => exact) };
}

/**
 * The trial of one node from its operands' trials, or undefined if nothing can be expected of it: it overflows, it loses
 * its digits, or an operand lies where the op jumps. A device that computes each node correctly to {@link DISTURBANCE}
 * stays near the disturbed evaluations.
 */
export function tryNode(node: Value, operands: readonly Trial[], seed: number): Trial | undefined {
  const exact = evaluateNode(
    node,
    operands.map((operand) => operand.exact),
  );
  if (node.dtype === "float32" && !exact.data.every((x) => Math.abs(x) <= LARGEST)) return undefined;
  if (!isStable(node, exact, operands)) return undefined;
  const disturbed = Array.from({ length: DRAWS }, (_, draw) => {
    const seeded = seed * DRAWS + draw;
    const given = operands.map((operand) => operand.disturbed[draw] as HostTensor);
    if (movesOnly(node)) return evaluateNode(node, given);
    // What an op of several steps loses inside shows where its operands are a little off too.
    const shaken = given.map((operand, index) => disturb(operand, seeded + 7919 * (index + 1), DISTURBANCE / 10));
    return disturb(evaluateNode(node, shaken), seeded, DISTURBANCE);
  });
  const trial = { exact, disturbed };
  return exact.data.every(
    (x, i) => spreadAt(trial, i) <= (node.dtype === "float32" ? WORST_SPREAD * (1 + Math.abs(x)) : 0),
  )
    ? trial
    : undefined;
}

/** How far the disturbed evaluations lie from the exact one at an element. */
export function spreadAt({ exact, disturbed }: Trial, index: number): number {
  const wanted = exact.data[index] as number;
  const distances = disturbed.map(({ data }) => Math.abs((data[index] as number) - wanted));
  return distances.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...distances);
}

const moving: ReadonlySet<string> = new Set([
  ...["constant", "stopGradient", "reshape", "transpose", "broadcast", "slice", "pad", "concat", "gather", "where"],
  ...["max", "maximum", "minimum", "relu", "neg", "abs"],
]);

/** Ops whose results are operands' elements, which no device changes. */
function movesOnly({ op }: Value): boolean {
  return moving.has(op);
}

function disturb(result: HostTensor, seed: number, amount: number): HostTensor {
  if (result.dtype !== "float32") return result;
  const uniform = mulberry32(seed);
  const { data } = result as HostTensor<"float32">;
  const largest = data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const moved = data.map((x) => x + amount * (2 * uniform() - 1) * (Math.abs(x) + 0.1 * largest));
  return { ...result, data: moved } as HostTensor;
}

/** Ops that jump: at whole numbers, at zero, or where their operands meet. */
const jumping: ReadonlySet<string> = new Set(["floor", "cast", "sign", "heaviside", "equal", "less", "lessEqual"]);

/** Whether the op's result stays what it is if its float32 operands move by {@link MARGIN}. */
function isStable(node: Value, exact: HostTensor, operands: readonly Trial[]): boolean {
  const isFloat = node.inputs[0]?.dtype === "float32";
  if (isFloat && (node.op === "log" || node.op === "sqrt"))
    return (operands[0] as Trial).exact.data.every((x) => x > 0.1);
  if (node.op === "div") return (operands[1] as Trial).exact.data.every((x) => Math.abs(x) > 0.1);
  if (!isFloat || !jumping.has(node.op) || (node.dtype === "float32" && node.op === "cast")) return true;
  return operands.every((_, moved) =>
    [-MARGIN, MARGIN].every((offset) => {
      const shifted = operands.map(({ exact: operand }, index) => {
        const data = (operand.data as Float32Array).map((x) => x + (index === moved ? offset * (1 + Math.abs(x)) : 0));
        return { ...operand, data } as HostTensor;
      });
      return evaluateNode(node, shifted).data.every((x, i) => x === exact.data[i]);
    }),
  );
}
