import type { DType } from "../../tensor/dtype.js";
import type { DerivativeContext, Emit, OpName, OpRule, Value } from "../value.js";
import { checkOperands, inferBroadcast, scalar, sumToShape } from "./helpers.js";

/** The ops that combine two broadcast operands element by element. */
export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "maximum"
  | "minimum"
  | "equal"
  | "less"
  | "lessEqual"
  | "and"
  | "or";

interface BinaryContext {
  readonly a: Value;
  readonly b: Value;
  readonly y: Value;
  readonly cotangent: Value;
  readonly emit: Emit;
}

interface BinaryOptions {
  readonly dtypes: readonly DType[];
  readonly commutative?: boolean;
  /** Cotangents of both operands at the broadcast shape; the repetition is summed away afterwards. */
  readonly derivative?: (context: BinaryContext) => readonly [Value, Value];
  readonly result?: DType;
}

function binary<K extends OpName>(op: K, options: BinaryOptions): OpRule<K> {
  const { derivative } = options;
  return {
    commutative: options.commutative ?? false,
    infer: (inputs) => {
      checkOperands(op, inputs, 2, options.dtypes);
      return { dtype: options.result ?? (inputs[0] as Value).dtype, shape: inferBroadcast(op, inputs) };
    },
    derivative:
      derivative === undefined
        ? "zero"
        : ({ inputs, output, cotangent, emit }: DerivativeContext<K>) => {
            const [a, b] = inputs as [Value, Value];
            const [da, db] = derivative({ a, b, y: output as Value, cotangent, emit });
            return [sumToShape(emit, da, a.shape), sumToShape(emit, db, b.shape)];
          },
  };
}

const numeric: readonly DType[] = ["float32", "int32"];
const every: readonly DType[] = ["float32", "int32", "bool"];
const mul2 = (emit: Emit, a: Value, b: Value): Value => emit("mul", [a, b], {});

export const add: OpRule<"add"> = binary("add", {
  dtypes: numeric,
  commutative: true,
  derivative: ({ cotangent }) => [cotangent, cotangent],
});

export const sub: OpRule<"sub"> = binary("sub", {
  dtypes: numeric,
  derivative: ({ cotangent, emit }) => [cotangent, emit("neg", [cotangent], {})],
});

export const mul: OpRule<"mul"> = binary("mul", {
  dtypes: numeric,
  commutative: true,
  derivative: ({ a, b, cotangent, emit }) => [mul2(emit, cotangent, b), mul2(emit, cotangent, a)],
});

export const div: OpRule<"div"> = binary("div", {
  dtypes: ["float32"],
  derivative: ({ b, y, cotangent, emit }) => {
    const da = emit("div", [cotangent, b], {});
    return [da, emit("neg", [mul2(emit, da, y)], {})];
  },
});

/** At ties each operand gets half of the cotangent. */
function chosenOperand({ a, b, y, cotangent, emit }: BinaryContext): readonly [Value, Value] {
  const tie = emit("cast", [emit("equal", [a, b], {})], { dtype: "float32" });
  const half = mul2(emit, scalar(emit, 0.5), tie);
  const share = (operand: Value): Value => {
    const chosen = emit("cast", [emit("equal", [operand, y], {})], { dtype: "float32" });
    return mul2(emit, cotangent, emit("sub", [chosen, half], {}));
  };
  return [share(a), share(b)];
}

export const maximum: OpRule<"maximum"> = binary("maximum", {
  dtypes: numeric,
  commutative: true,
  derivative: chosenOperand,
});

export const minimum: OpRule<"minimum"> = binary("minimum", {
  dtypes: numeric,
  commutative: true,
  derivative: chosenOperand,
});

export const equal: OpRule<"equal"> = binary("equal", { dtypes: every, commutative: true, result: "bool" });
export const less: OpRule<"less"> = binary("less", { dtypes: numeric, result: "bool" });
export const lessEqual: OpRule<"lessEqual"> = binary("lessEqual", { dtypes: numeric, result: "bool" });
export const and: OpRule<"and"> = binary("and", { dtypes: ["bool"], commutative: true });
export const or: OpRule<"or"> = binary("or", { dtypes: ["bool"], commutative: true });
