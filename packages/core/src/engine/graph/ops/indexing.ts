import { DiffusionForcingError } from "../../errors.js";
import type { OpRule, Value } from "../value.js";
import { shapeError } from "./helpers.js";

/** Only a constant's elements are known here. */
function checkConstant(op: string, indices: Value, rows: number): void {
  if (indices.op !== "constant") return;
  for (const index of indices.attributes.data) {
    if (index < 0 || index >= rows) {
      throw new DiffusionForcingError("invalid-argument", `${op}: index ${index} is not in 0..${rows - 1}.`);
    }
  }
}

export const gather: OpRule<"gather"> = {
  infer: (inputs) => {
    const [table, indices] = inputs as [Value, Value];
    if (inputs.length !== 2 || table.shape.length === 0 || indices.dtype !== "int32") {
      throw shapeError("gather", inputs, "a table [N, ...] and int32 indices in 0..N-1");
    }
    checkConstant("gather", indices, table.shape[0] as number);
    return { dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] };
  },
  derivative: ({ inputs, cotangent, emit }) => {
    const [table, indices] = inputs as [Value, Value];
    if (table.dtype !== "float32") return [undefined, undefined];
    return [emit("scatterAdd", [cotangent, indices], { size: table.shape[0] as number }), undefined];
  },
};

export const scatterAdd: OpRule<"scatterAdd"> = {
  infer: (inputs, { size }) => {
    const [updates, indices] = inputs as [Value, Value];
    const leading = indices?.shape.every((n, axis) => n === updates.shape[axis]);
    if (
      inputs.length !== 2 ||
      indices.dtype !== "int32" ||
      updates.dtype !== "float32" ||
      !leading ||
      !Number.isSafeInteger(size) ||
      size < 1
    ) {
      throw shapeError(
        "scatterAdd",
        inputs,
        "float32 updates [...at, ...rest], int32 indices [...at] and a positive size",
      );
    }
    checkConstant("scatterAdd", indices, size);
    return { dtype: "float32", shape: [size, ...updates.shape.slice(indices.shape.length)] };
  },
  derivative: ({ inputs, cotangent, emit }) => [emit("gather", [cotangent, inputs[1] as Value], {}), undefined],
};
