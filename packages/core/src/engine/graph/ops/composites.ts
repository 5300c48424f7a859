import type { Emit, OpRule, Value } from "../value.js";
import { checkOperands, scalar, shapeError, sumToShape } from "./helpers.js";

function lastAxis(x: Value): number {
  return x.shape.length - 1;
}

function sumLast(emit: Emit, x: Value): Value {
  return emit("sum", [x], { axes: [lastAxis(x)], keepDims: true });
}

function meanLast(emit: Emit, x: Value): Value {
  return emit("mul", [sumLast(emit, x), scalar(emit, 1 / (x.shape[lastAxis(x)] as number))], {});
}

function checkLastAxis(op: string, inputs: readonly Value[]): Value {
  checkOperands(op, inputs, 1, ["float32"]);
  const [x] = inputs as [Value];
  if (x.shape.length === 0) throw shapeError(op, inputs, "at least one axis");
  return x;
}

export const softmax: OpRule<"softmax"> = {
  infer: (inputs) => {
    const x = checkLastAxis("softmax", inputs);
    return { dtype: x.dtype, shape: x.shape };
  },
  decompose: ([x], _attributes, emit) => {
    const largest = emit("max", [x as Value], { axes: [lastAxis(x as Value)], keepDims: true });
    const exponentials = emit("exp", [emit("sub", [x as Value, largest], {})], {});
    return emit("div", [exponentials, sumLast(emit, exponentials)], {});
  },
  derivative: ({ output, cotangent, emit }) => {
    const inner = sumLast(emit, emit("mul", [cotangent, output], {}));
    return [emit("mul", [output, emit("sub", [cotangent, inner], {})], {})];
  },
};

function centred(emit: Emit, x: Value): Value {
  return emit("sub", [x, meanLast(emit, x)], {});
}

export const standardize: OpRule<"standardize"> = {
  infer: (inputs) => {
    const x = checkLastAxis("standardize", inputs);
    return { dtype: x.dtype, shape: x.shape };
  },
  decompose: ([x], { epsilon }, emit) =>
    emit("mul", [centred(emit, x as Value), emit("inverseDeviation", [x as Value], { epsilon })], {}),
  derivative: ({ inputs, output, cotangent, emit }) => {
    const [x] = inputs as [Value];
    const inverse = emit("inverseDeviation", [x], output.attributes);
    const along = emit("mul", [output, meanLast(emit, emit("mul", [cotangent, output], {}))], {});
    const projected = emit("sub", [emit("sub", [cotangent, meanLast(emit, cotangent)], {}), along], {});
    return [emit("mul", [projected, inverse], {})];
  },
};

export const inverseDeviation: OpRule<"inverseDeviation"> = {
  infer: (inputs) => {
    const x = checkLastAxis("inverseDeviation", inputs);
    return { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
  },
  decompose: ([x], { epsilon }, emit) => {
    const difference = centred(emit, x as Value);
    const variance = meanLast(emit, emit("mul", [difference, difference], {}));
    const deviation = emit("sqrt", [emit("add", [variance, scalar(emit, epsilon)], {})], {});
    return emit("div", [scalar(emit, 1), deviation], {});
  },
  // d(1/s)/dx = -(x - mean) / (C s^3) = -standardize(x) / (C s^2)
  derivative: ({ inputs, output, cotangent, emit }) => {
    const [x] = inputs as [Value];
    const columns = x.shape[lastAxis(x)] as number;
    const direction = emit("standardize", [x], output.attributes);
    const squared = emit("mul", [output, output], {});
    const factor = emit("mul", [emit("mul", [cotangent, squared], {}), scalar(emit, -1 / columns)], {});
    return [emit("mul", [direction, factor], {})];
  },
};

export const layerNorm: OpRule<"layerNorm"> = {
  infer: (inputs) => {
    checkOperands("layerNorm", inputs, 3, ["float32"]);
    const [x, scale, bias] = inputs as [Value, Value, Value];
    const columns = x.shape[lastAxis(x)];
    if ([scale, bias].some((vector) => vector.shape.length !== 1 || vector.shape[0] !== columns)) {
      throw shapeError("layerNorm", inputs, "x [..., C], scale [C] and bias [C]");
    }
    return { dtype: x.dtype, shape: x.shape };
  },
  decompose: ([x, scale, bias], attributes, emit) => {
    const standard = emit("standardize", [x as Value], attributes);
    return emit("add", [emit("mul", [standard, scale as Value], {}), bias as Value], {});
  },
  // With c = x - mean, s = the inverse deviation and g = cotangent * scale:
  // dx = s (g - mean(g) - c s^2 mean(g c)). Written in c, so that the standardized rows are never stored.
  derivative: ({ inputs, output, cotangent, emit }) => {
    const [x, scale, bias] = inputs as [Value, Value, Value];
    const inverse = emit("inverseDeviation", [x], output.attributes);
    const difference = centred(emit, x);
    const weighted = emit("mul", [cotangent, difference], {});
    const scaled = emit("mul", [cotangent, scale], {});
    const squared = emit("mul", [inverse, inverse], {});
    const slope = emit("mul", [meanLast(emit, emit("mul", [weighted, scale], {})), squared], {});
    const along = emit("mul", [difference, slope], {});
    const projected = emit("sub", [emit("sub", [scaled, meanLast(emit, scaled)], {}), along], {});
    return [
      emit("mul", [projected, inverse], {}),
      sumToShape(emit, emit("mul", [weighted, inverse], {}), scale.shape),
      sumToShape(emit, cotangent, bias.shape),
    ];
  },
};

/** x (1 + erf(x / sqrt 2)) / 2. */
export const gelu: OpRule<"gelu"> = {
  infer: (inputs) => {
    const x = checkLastAxis("gelu", inputs);
    return { dtype: x.dtype, shape: x.shape };
  },
  decompose: ([x], _attributes, emit) => emit("mul", [x as Value, normalCdf(emit, x as Value)], {}),
  // Phi(x) + x phi(x)
  derivative: ({ inputs, cotangent, emit }) => {
    const [x] = inputs as [Value];
    const exponent = emit("mul", [emit("mul", [x, x], {}), scalar(emit, -0.5)], {});
    const density = emit("mul", [emit("exp", [exponent], {}), scalar(emit, 1 / Math.sqrt(2 * Math.PI))], {});
    const slope = emit("add", [normalCdf(emit, x), emit("mul", [x, density], {})], {});
    return [emit("mul", [cotangent, slope], {})];
  },
};

function normalCdf(emit: Emit, x: Value): Value {
  const error = emit("erf", [emit("mul", [x, scalar(emit, Math.SQRT1_2)], {})], {});
  return emit("mul", [emit("add", [error, scalar(emit, 1)], {}), scalar(emit, 0.5)], {});
}

export const linear: OpRule<"linear"> = {
  infer: (inputs) => {
    checkOperands("linear", inputs, 3, ["float32"]);
    const [x, weight, bias] = inputs as [Value, Value, Value];
    const fits =
      x.shape.length === 2 &&
      weight.shape.length === 2 &&
      bias.shape.length === 1 &&
      x.shape[1] === weight.shape[1] &&
      weight.shape[0] === bias.shape[0];
    if (!fits) throw shapeError("linear", inputs, "x [N, I], weight [O, I] and bias [O]");
    return { dtype: "float32", shape: [x.shape[0] as number, weight.shape[0] as number] };
  },
  decompose: ([x, weight, bias], _attributes, emit) => {
    const product = emit("matmul", [x as Value, weight as Value], { transposeA: false, transposeB: true });
    return emit("add", [product, bias as Value], {});
  },
  derivative: ({ inputs, cotangent, emit }) => {
    const [x, weight, bias] = inputs as [Value, Value, Value];
    return [
      emit("matmul", [cotangent, weight], { transposeA: false, transposeB: false }),
      emit("matmul", [cotangent, x], { transposeA: true, transposeB: false }),
      sumToShape(emit, cotangent, bias.shape),
    ];
  },
};
