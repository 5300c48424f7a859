import { broadcastShapes } from "../../tensor/shape.js";
import type { OpRule, Value } from "../value.js";
import { checkOperands, shapeError, sumToShape } from "./helpers.js";

/** C = A' B' over the last two axes, where ' transposes them if the attribute says so. */
export const matmul: OpRule<"matmul"> = {
  infer: (inputs, { transposeA, transposeB }) => {
    checkOperands("matmul", inputs, 2, ["float32"]);
    const [a, b] = inputs as [Value, Value];
    if (a.shape.length < 2 || b.shape.length < 2) throw shapeError("matmul", inputs, "at least two axes each");
    const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
    const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
    const [rows, innerA] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
    const [innerB, columns] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    if (innerA !== innerB || batch === undefined) {
      throw shapeError(
        "matmul",
        inputs,
        `[..., M, K] and [..., K, N] (transposeA ${transposeA}, transposeB ${transposeB}) with leading axes that broadcast`,
      );
    }
    return { dtype: "float32", shape: [...batch, rows, columns] };
  },
  derivative: ({ inputs, output, cotangent, emit }) => {
    const [a, b] = inputs as [Value, Value];
    const { transposeA, transposeB } = output.attributes;
    const da = transposeA
      ? emit("matmul", [b, cotangent], { transposeA: transposeB, transposeB: true })
      : emit("matmul", [cotangent, b], { transposeA: false, transposeB: !transposeB });
    const db = transposeB
      ? emit("matmul", [cotangent, a], { transposeA: true, transposeB: transposeA })
      : emit("matmul", [a, cotangent], { transposeA: !transposeA, transposeB: false });
    return [sumToShape(emit, da, a.shape), sumToShape(emit, db, b.shape)];
  },
};
