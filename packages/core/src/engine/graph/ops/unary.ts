import type { DType } from "../../tensor/dtype.js";
import type { DerivativeContext, Emit, OpName, OpRule, Value } from "../value.js";
import { checkOperands, scalar } from "./helpers.js";

/** The ops that map each element by itself. */
export type UnaryOp =
  | "neg"
  | "abs"
  | "sign"
  | "exp"
  | "log"
  | "sqrt"
  | "sin"
  | "cos"
  | "tanh"
  | "sigmoid"
  | "erf"
  | "floor"
  | "relu"
  | "heaviside"
  | "not";

interface UnaryContext {
  readonly x: Value;
  readonly y: Value;
  readonly cotangent: Value;
  readonly emit: Emit;
}

function unary<K extends OpName>(
  op: K,
  derivative: ((context: UnaryContext) => Value) | "zero",
  dtypes: readonly DType[] = ["float32"],
): OpRule<K> {
  return {
    infer: (inputs) => {
      checkOperands(op, inputs, 1, dtypes);
      const [x] = inputs as [Value];
      return { dtype: x.dtype, shape: x.shape };
    },
    derivative:
      derivative === "zero"
        ? "zero"
        : ({ inputs, output, cotangent, emit }: DerivativeContext<K>) => [
            derivative({ x: inputs[0] as Value, y: output as Value, cotangent, emit }),
          ],
  };
}

const mul = (emit: Emit, a: Value, b: Value): Value => emit("mul", [a, b], {});
const numeric: readonly DType[] = ["float32", "int32"];

export const neg: OpRule<"neg"> = unary("neg", ({ cotangent, emit }) => emit("neg", [cotangent], {}), numeric);

export const abs: OpRule<"abs"> = unary(
  "abs",
  ({ x, cotangent, emit }) => mul(emit, cotangent, emit("sign", [x], {})),
  numeric,
);

export const sign: OpRule<"sign"> = unary("sign", "zero", numeric);

export const exp: OpRule<"exp"> = unary("exp", ({ y, cotangent, emit }) => mul(emit, cotangent, y));

export const log: OpRule<"log"> = unary("log", ({ x, cotangent, emit }) => emit("div", [cotangent, x], {}));

export const sqrt: OpRule<"sqrt"> = unary("sqrt", ({ y, cotangent, emit }) =>
  emit("div", [cotangent, mul(emit, scalar(emit, 2), y)], {}),
);

export const sin: OpRule<"sin"> = unary("sin", ({ x, cotangent, emit }) => mul(emit, cotangent, emit("cos", [x], {})));

export const cos: OpRule<"cos"> = unary("cos", ({ x, cotangent, emit }) =>
  emit("neg", [mul(emit, cotangent, emit("sin", [x], {}))], {}),
);

export const tanh: OpRule<"tanh"> = unary("tanh", ({ y, cotangent, emit }) =>
  mul(emit, cotangent, emit("sub", [scalar(emit, 1), mul(emit, y, y)], {})),
);

export const sigmoid: OpRule<"sigmoid"> = unary("sigmoid", ({ y, cotangent, emit }) =>
  mul(emit, cotangent, mul(emit, y, emit("sub", [scalar(emit, 1), y], {}))),
);

/** d erf(x)/dx = 2 / sqrt(pi) * exp(-x^2). */
export const erf: OpRule<"erf"> = unary("erf", ({ x, cotangent, emit }) => {
  const gaussian = emit("exp", [emit("neg", [mul(emit, x, x)], {})], {});
  return mul(emit, cotangent, mul(emit, scalar(emit, 2 / Math.sqrt(Math.PI)), gaussian));
});

export const floor: OpRule<"floor"> = unary("floor", "zero");

/** The step is taken of the result, which has x's sign where it matters: x itself is then free to be overwritten. */
export const relu: OpRule<"relu"> = unary("relu", ({ y, cotangent, emit }) =>
  mul(emit, cotangent, emit("heaviside", [y], {})),
);

export const heaviside: OpRule<"heaviside"> = unary("heaviside", "zero");

export const not: OpRule<"not"> = unary("not", "zero", ["bool"]);
