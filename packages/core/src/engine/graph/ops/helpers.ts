import { DiffusionForcingError } from "../../errors.js";
import type { DType } from "../../tensor/dtype.js";
import { broadcastShapes, formatShape, type Shape, shapesEqual } from "../../tensor/shape.js";
import type { Emit, TensorType, Value } from "../value.js";

/** `float32[2, 3]`, the way types appear in error messages and printed graphs. */
export function formatType(type: TensorType): string {
  return `${type.dtype}${formatShape(type.shape)}`;
}

export function shapeError(op: string, inputs: readonly TensorType[], expected: string): DiffusionForcingError {
  return new DiffusionForcingError(
    "shape-mismatch",
    `${op}: got ${inputs.map(formatType).join(" and ")}; expected ${expected}.`,
  );
}

/** Throws unless the op got `count` operands of the dtypes allowed, all of them alike. */
export function checkOperands(
  op: string,
  inputs: readonly TensorType[],
  count: number,
  dtypes: readonly DType[],
): void {
  if (inputs.length !== count) {
    throw new DiffusionForcingError("invalid-graph", `${op}: got ${inputs.length} operands; expected ${count}.`);
  }
  const first = inputs[0]?.dtype;
  if (!inputs.every((input) => dtypes.includes(input.dtype) && input.dtype === first)) {
    throw new DiffusionForcingError(
      "dtype-mismatch",
      `${op}: got ${inputs.map(formatType).join(" and ")}; expected operands of one dtype out of ${dtypes.join(", ")}. Use cast().`,
    );
  }
}

/** The broadcast shape of all operands. */
export function inferBroadcast(op: string, inputs: readonly TensorType[]): Shape {
  let shape: Shape = [];
  for (const input of inputs) {
    const joined = broadcastShapes(shape, input.shape);
    if (joined === undefined) throw shapeError(op, inputs, "shapes that broadcast together (equal sizes, or 1)");
    shape = joined;
  }
  return shape;
}

/** A scalar constant of the given dtype. */
export function scalar(emit: Emit, value: number, dtype: DType = "float32"): Value {
  const data =
    dtype === "float32" ? Float32Array.of(value) : dtype === "int32" ? Int32Array.of(value) : Uint8Array.of(value);
  return emit("constant", [], { data, shape: [] });
}

/** Undoes a broadcast: sums `value` over the axes along which `shape` was repeated. */
export function sumToShape(emit: Emit, value: Value, shape: Shape): Value {
  if (shapesEqual(value.shape, shape)) return value;
  const extra = value.shape.length - shape.length;
  const axes = value.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < extra || (shape[axis - extra] === 1 && value.shape[axis] !== 1));
  const summed = axes.length === 0 ? value : emit("sum", [value], { axes, keepDims: true });
  return shapesEqual(summed.shape, shape) ? summed : emit("reshape", [summed], { shape });
}

/** `stride - 1` zeros between neighbours along an axis: [a, b] with stride 3 becomes [a, 0, 0, b]. */
export function spreadAlong(emit: Emit, value: Value, axis: number, stride: number): Value {
  const size = value.shape[axis] as number;
  if (stride === 1 || size === 1) return value;
  const before = value.shape.slice(0, axis);
  const after = value.shape.slice(axis + 1);
  const split = emit("reshape", [value], { shape: [...before, size, 1, ...after] });
  const low = split.shape.map(() => 0);
  const high = low.map((zero, i) => (i === axis + 1 ? stride - 1 : zero));
  const filled = emit("pad", [split], { low, high, value: 0 });
  const joined = emit("reshape", [filled], { shape: [...before, size * stride, ...after] });
  return emit("slice", [joined], {
    starts: joined.shape.map(() => 0),
    ends: joined.shape.map((full, i) => (i === axis ? (size - 1) * stride + 1 : full)),
    strides: joined.shape.map(() => 1),
  });
}
