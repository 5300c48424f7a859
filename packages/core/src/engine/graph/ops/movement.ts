import { DiffusionForcingError } from "../../errors.js";
import { broadcastShapes, checkShape, formatShape, shapesEqual, sizeOf } from "../../tensor/shape.js";
import type { OpRule, Value } from "../value.js";
import { shapeError, spreadAlong, sumToShape } from "./helpers.js";

export const reshape: OpRule<"reshape"> = {
  infer: (inputs, { shape }) => {
    const [x] = inputs as [Value];
    checkShape(shape, "reshape");
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw shapeError("reshape", inputs, `${sizeOf(shape)} elements, to fill ${formatShape(shape)}`);
    }
    return { dtype: x.dtype, shape };
  },
  derivative: ({ inputs, cotangent, emit }) => [emit("reshape", [cotangent], { shape: (inputs[0] as Value).shape })],
};

/** Axis i of the result is axis permutation[i] of the operand. */
export const transpose: OpRule<"transpose"> = {
  infer: (inputs, { permutation }) => {
    const [x] = inputs as [Value];
    const sorted = [...permutation].sort((a, b) => a - b);
    if (sorted.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw shapeError("transpose", inputs, `each axis once in the permutation, not [${permutation.join(", ")}]`);
    }
    return { dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis] as number) };
  },
  derivative: ({ output, cotangent, emit }) => {
    const inverse: number[] = [];
    output.attributes.permutation.forEach((axis, i) => {
      inverse[axis] = i;
    });
    return [emit("transpose", [cotangent], { permutation: inverse })];
  },
};

export const broadcast: OpRule<"broadcast"> = {
  infer: (inputs, { shape }) => {
    const [x] = inputs as [Value];
    checkShape(shape, "broadcast");
    const joined = broadcastShapes(x.shape, shape);
    if (joined === undefined || !shapesEqual(joined, shape)) {
      throw shapeError("broadcast", inputs, `a shape that broadcasts to ${formatShape(shape)}`);
    }
    return { dtype: x.dtype, shape };
  },
  derivative: ({ inputs, cotangent, emit }) => [sumToShape(emit, cotangent, (inputs[0] as Value).shape)],
};

/** Elements starts[i], starts[i] + strides[i], ... below ends[i] along each axis. */
export const slice: OpRule<"slice"> = {
  infer: (inputs, { starts, ends, strides }) => {
    const [x] = inputs as [Value];
    const legal = x.shape.every((size, axis) => {
      const [start, end, stride] = [starts[axis] ?? -1, ends[axis] ?? -1, strides[axis] ?? -1];
      return [start, end, stride].every(Number.isInteger) && start >= 0 && start < end && end <= size && stride >= 1;
    });
    if (!legal || [starts, ends, strides].some((list) => list.length !== x.shape.length)) {
      throw shapeError(
        "slice",
        inputs,
        `0 <= start < end <= size and stride >= 1 on every axis, not starts [${starts.join(", ")}], ends [${ends.join(", ")}], strides [${strides.join(", ")}]`,
      );
    }
    const shape = starts.map((start, axis) => Math.ceil(((ends[axis] as number) - start) / (strides[axis] as number)));
    return { dtype: x.dtype, shape };
  },
  derivative: ({ inputs, output, cotangent, emit }) => {
    const [x] = inputs as [Value];
    const { starts, strides } = output.attributes;
    // A strided slice skips elements: their cotangent is zero.
    const spread = strides.reduce((value, stride, axis) => spreadAlong(emit, value, axis, stride), cotangent);
    const high = x.shape.map((size, axis) => size - (starts[axis] as number) - (spread.shape[axis] as number));
    return [emit("pad", [spread], { low: starts, high, value: 0 })];
  },
};

export const pad: OpRule<"pad"> = {
  infer: (inputs, { low, high }) => {
    const [x] = inputs as [Value];
    const legal = [low, high].every(
      (list) => list.length === x.shape.length && list.every((n) => Number.isInteger(n) && n >= 0),
    );
    if (!legal) throw shapeError("pad", inputs, "a non-negative amount before and after every axis");
    return {
      dtype: x.dtype,
      shape: x.shape.map((size, axis) => size + (low[axis] as number) + (high[axis] as number)),
    };
  },
  derivative: ({ inputs, output, cotangent, emit }) => {
    const [x] = inputs as [Value];
    const { low } = output.attributes;
    const ends = x.shape.map((size, axis) => size + (low[axis] as number));
    return [emit("slice", [cotangent], { starts: low, ends, strides: x.shape.map(() => 1) })];
  },
};

export const concat: OpRule<"concat"> = {
  infer: (inputs, { axis }) => {
    const [first] = inputs;
    if (first === undefined || !Number.isInteger(axis) || axis < 0 || axis >= first.shape.length) {
      throw new DiffusionForcingError("invalid-argument", `concat: no operands, or no axis ${axis} in them.`);
    }
    const alike = inputs.every(
      (x) =>
        x.dtype === first.dtype &&
        x.shape.length === first.shape.length &&
        x.shape.every((size, i) => i === axis || size === first.shape[i]),
    );
    if (!alike) throw shapeError("concat", inputs, `one dtype and equal sizes on every axis but ${axis}`);
    const total = inputs.reduce((sum, x) => sum + (x.shape[axis] as number), 0);
    return { dtype: first.dtype, shape: first.shape.map((size, i) => (i === axis ? total : size)) };
  },
  derivative: ({ inputs, output, cotangent, emit }) => {
    const { axis } = output.attributes;
    let start = 0;
    return inputs.map((x) => {
      const end = start + (x.shape[axis] as number);
      const piece = emit("slice", [cotangent], {
        starts: x.shape.map((_, i) => (i === axis ? start : 0)),
        ends: x.shape.map((size, i) => (i === axis ? end : size)),
        strides: x.shape.map(() => 1),
      });
      start = end;
      return piece;
    });
  },
};
