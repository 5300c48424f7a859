import { DiffusionForcingError } from "../../errors.js";
import type { OpRule, Value } from "../value.js";
import { checkOperands, formatType, inferBroadcast, scalar, sumToShape } from "./helpers.js";

/** (condition bool, a, b): a where the condition holds, else b; all three broadcast. */
export const where: OpRule<"where"> = {
  infer: (inputs) => {
    const [condition, a, b] = inputs as [Value, Value, Value];
    if (inputs.length !== 3 || condition.dtype !== "bool" || a.dtype !== b.dtype) {
      throw new DiffusionForcingError(
        "dtype-mismatch",
        `where: got ${inputs.map(formatType).join(", ")}; expected a bool condition and two operands of one dtype.`,
      );
    }
    return { dtype: a.dtype, shape: inferBroadcast("where", inputs) };
  },
  derivative: ({ inputs, cotangent, emit }) => {
    const [condition, a, b] = inputs as [Value, Value, Value];
    const zero = scalar(emit, 0);
    return [
      undefined,
      sumToShape(emit, emit("where", [condition, cotangent, zero], {}), a.shape),
      sumToShape(emit, emit("where", [condition, zero, cotangent], {}), b.shape),
    ];
  },
};

/** float32 -> int32 truncates toward zero; anything -> bool is "not zero". */
export const cast: OpRule<"cast"> = {
  infer: (inputs, { dtype }) => ({ dtype, shape: (inputs[0] as Value).shape }),
  derivative: ({ inputs, output, cotangent }) =>
    inputs[0]?.dtype === "float32" && output.dtype === "float32" ? [cotangent] : [undefined],
};

/** The identity, through which no gradient passes. */
export const stopGradient: OpRule<"stopGradient"> = {
  infer: (inputs) => ({ dtype: (inputs[0] as Value).dtype, shape: (inputs[0] as Value).shape }),
  derivative: "zero",
};

/** x, after the others: see {@link OpAttributes}. */
export const barrier: OpRule<"barrier"> = {
  infer: (inputs) => {
    checkOperands("barrier", inputs, Math.max(2, inputs.length), ["float32"]);
    const [x] = inputs as [Value];
    return { dtype: x.dtype, shape: x.shape };
  },
  derivative: ({ inputs, cotangent }) => inputs.map((_, i) => (i === 0 ? cotangent : undefined)),
  endsBlock: ({ recompute }) => recompute,
};
