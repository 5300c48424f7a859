import { DiffusionForcingError } from "../../errors.js";
import type { Shape } from "../../tensor/shape.js";
import type { Emit, OpAttributes, OpRule, TensorType, Value } from "../value.js";
import { checkOperands, shapeError } from "./helpers.js";

export type ReductionOp = "sum" | "max";
type Attributes = OpAttributes["sum"];

function inferReduction(op: ReductionOp, inputs: readonly Value[], { axes, keepDims }: Attributes): TensorType {
  checkOperands(op, inputs, 1, ["float32", "int32"]);
  const [x] = inputs as [Value];
  const increasing = axes.every((axis, i) => i === 0 || axis > (axes[i - 1] as number));
  if (!increasing || axes.some((axis) => !Number.isInteger(axis) || axis < 0 || axis >= x.shape.length)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${op}: axes [${axes.join(", ")}] must increase within 0..${x.shape.length - 1}.`,
    );
  }
  if (axes.length === 0) throw shapeError(op, inputs, "at least one axis to reduce");
  const shape = keepDims
    ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : x.shape.filter((_, axis) => !axes.includes(axis));
  return { dtype: x.dtype, shape };
}

/** A reduced value with its reduced axes put back as size 1, so that it broadcasts against the operand. */
function withKeptAxes(emit: Emit, reduced: Value, original: Shape, axes: readonly number[]): Value {
  const shape = original.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return emit("reshape", [reduced], { shape });
}

export const sum: OpRule<"sum"> = {
  infer: (inputs, attributes) => inferReduction("sum", inputs, attributes),
  derivative: ({ inputs, output, cotangent, emit }) => {
    const [x] = inputs as [Value];
    const kept = withKeptAxes(emit, cotangent, x.shape, output.attributes.axes);
    return [emit("broadcast", [kept], { shape: x.shape })];
  },
};

/** Ties share the cotangent equally. */
export const max: OpRule<"max"> = {
  infer: (inputs, attributes) => inferReduction("max", inputs, attributes),
  derivative: ({ inputs, output, cotangent, emit }) => {
    const [x] = inputs as [Value];
    const { axes } = output.attributes;
    const largest = withKeptAxes(emit, output, x.shape, axes);
    const mask = emit("cast", [emit("equal", [x, largest], {})], { dtype: "float32" });
    const count = emit("sum", [mask], { axes, keepDims: true });
    const share = emit("div", [withKeptAxes(emit, cotangent, x.shape, axes), count], {});
    return [emit("mul", [mask, share], {})];
  },
};
