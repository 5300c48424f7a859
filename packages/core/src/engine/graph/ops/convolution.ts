import type { Emit, OpAttributes, OpRule, Value } from "../value.js";
import { checkOperands, shapeError, spreadAlong } from "./helpers.js";

/** Of a convolution; its gradients have these and a size more. */
type Attributes = OpAttributes["conv2d"];
/** One number for the height and one for the width. */
type Pair = readonly [height: number, width: number];

const SPATIAL = [0, 1] as const;

function legalPair(list: readonly number[], smallest: number): boolean {
  return list.length === 2 && list.every((n) => Number.isInteger(n) && n >= smallest);
}

/** Sizes of the output, given those of the input and of the kernel; below 1 where the kernel does not fit. */
function outputSizes(input: Pair, kernel: Pair, { strides, low, high }: Attributes): Pair {
  const size = (axis: 0 | 1): number => {
    const bordered = input[axis] + (low[axis] as number) + (high[axis] as number);
    return Math.floor((bordered - kernel[axis]) / (strides[axis] as number)) + 1;
  };
  return [size(0), size(1)];
}

function spatialSizes(value: Value): Pair {
  return value.shape.slice(2) as unknown as Pair;
}

/**
 * Everything each output position sees: x [N, I, H, W] -> [N, I * kh * kw, H' * W'], one shifted copy of the input
 * per position in the kernel.
 */
function patches(x: Value, kernel: Pair, output: Pair, { strides, low, high }: Attributes, emit: Emit): Value {
  const [count, channels] = x.shape as [number, number];
  const bordered = emit("pad", [x], { low: [0, 0, ...low], high: [0, 0, ...high], value: 0 });
  const shifted = (row: number, column: number): Value => {
    const starts = [0, 0, row, column];
    const span = (axis: 0 | 1) => (output[axis] - 1) * (strides[axis] as number) + 1;
    const ends = [count, channels, row + span(0), column + span(1)];
    const seen = emit("slice", [bordered], { starts, ends, strides: [1, 1, ...strides] });
    return emit("reshape", [seen], { shape: [count, channels, 1, output[0] * output[1]] });
  };
  const copies: Value[] = [];
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) copies.push(shifted(row, column));
  }
  const stacked = copies.length === 1 ? (copies[0] as Value) : emit("concat", copies, { axis: 2 });
  return emit("reshape", [stacked], { shape: [count, channels * copies.length, output[0] * output[1]] });
}

/** [O, I, kh, kw] -> [I, O, kh, kw], each kernel turned by half a turn. */
function turnedAround(weight: Value, emit: Emit): Value {
  const [outputs, inputs, ...kernel] = weight.shape as [number, number, number, number];
  const taps = kernel[0] * kernel[1];
  const rows = emit("reshape", [weight], { shape: [outputs, inputs, taps] });
  if (taps === 1) {
    const exchanged = emit("transpose", [rows], { permutation: [1, 0, 2] });
    return emit("reshape", [exchanged], { shape: [inputs, outputs, ...kernel] });
  }
  const tapFirst = emit("transpose", [rows], { permutation: [2, 1, 0] });
  const data = Int32Array.from({ length: taps }, (_, i) => taps - 1 - i);
  const reversed = emit("gather", [tapFirst, emit("constant", [], { data, shape: [taps] })], {});
  const exchanged = emit("transpose", [reversed], { permutation: [1, 2, 0] });
  return emit("reshape", [exchanged], { shape: [inputs, outputs, ...kernel] });
}

/** The convolution of the cotangent, zeros put between its elements for strides, with the kernels turned around. */
function inputDerivative(
  input: Pair,
  weight: Value,
  cotangent: Value,
  { strides, low }: Attributes,
  emit: Emit,
): Value {
  const kernel = spatialSizes(weight);
  const spread = SPATIAL.reduce(
    (value, axis) => spreadAlong(emit, value, axis + 2, strides[axis] as number),
    cotangent,
  );
  const size = spatialSizes(spread);
  // A border wider than the kernel reaches is a part of the result that has to be cut off again.
  const before = SPATIAL.map((axis) => kernel[axis] - 1 - (low[axis] as number));
  const after = SPATIAL.map((axis) => input[axis] + (low[axis] as number) - size[axis]);
  const whole = emit("conv2d", [spread, turnedAround(weight, emit)], {
    strides: [1, 1],
    low: before.map((amount) => Math.max(amount, 0)),
    high: after.map((amount) => Math.max(amount, 0)),
  });
  const starts = before.map((amount) => Math.max(-amount, 0));
  const [count, channels] = whole.shape as [number, number];
  return emit("slice", [whole], {
    starts: [0, 0, ...starts],
    ends: [count, channels, ...SPATIAL.map((axis) => (starts[axis] as number) + input[axis])],
    strides: [1, 1, 1, 1],
  });
}

/** The matrix product of the cotangent with what each output position saw. */
function weightDerivative(x: Value, kernel: Pair, cotangent: Value, attributes: Attributes, emit: Emit): Value {
  const output = spatialSizes(cotangent);
  const [count, outputs] = cotangent.shape as [number, number];
  const seen = patches(x, kernel, output, attributes, emit);
  const rows = emit("reshape", [cotangent], { shape: [count, outputs, output[0] * output[1]] });
  const each = emit("matmul", [rows, seen], { transposeA: false, transposeB: true });
  const summed = emit("sum", [each], { axes: [0], keepDims: false });
  return emit("reshape", [summed], { shape: [outputs, x.shape[1] as number, ...kernel] });
}

function checkAttributes(op: string, inputs: readonly Value[], { strides, low, high }: Attributes): void {
  if (legalPair(strides, 1) && legalPair(low, 0) && legalPair(high, 0)) return;
  throw shapeError(
    op,
    inputs,
    `two strides of at least 1 and two amounts of padding of at least 0 on either side, not strides [${strides.join(", ")}], low [${low.join(", ")}], high [${high.join(", ")}]`,
  );
}

/** Throws unless a convolution of `input` with `kernel` has a result of the cotangent's size. */
function checkCotangent(
  op: string,
  inputs: readonly Value[],
  [input, kernel, cotangent]: readonly [Pair, Pair, Pair],
  attributes: Attributes,
): void {
  checkAttributes(op, inputs, attributes);
  const output = outputSizes(input, kernel, attributes);
  if (SPATIAL.every((axis) => output[axis] === cotangent[axis])) return;
  throw shapeError(op, inputs, `a cotangent of height and width [${output.join(", ")}], those of the convolution`);
}

/** Cross-correlation, as neural networks call a convolution. */
export const conv2d: OpRule<"conv2d"> = {
  infer: (inputs, attributes) => {
    checkOperands("conv2d", inputs, 2, ["float32"]);
    const [x, weight] = inputs as [Value, Value];
    if (x.shape.length !== 4 || weight.shape.length !== 4 || x.shape[1] !== weight.shape[1]) {
      throw shapeError("conv2d", inputs, "x [N, I, H, W] and weight [O, I, kh, kw]");
    }
    checkAttributes("conv2d", inputs, attributes);
    const output = outputSizes(spatialSizes(x), spatialSizes(weight), attributes);
    if (output.some((size) => size < 1)) throw shapeError("conv2d", inputs, "a kernel no larger than the padded input");
    return { dtype: "float32", shape: [x.shape[0] as number, weight.shape[0] as number, ...output] };
  },
  decompose: ([x, weight], attributes, emit) => {
    const [image, kernels] = [x as Value, weight as Value];
    const kernel = spatialSizes(kernels);
    const output = outputSizes(spatialSizes(image), kernel, attributes);
    const seen = patches(image, kernel, output, attributes, emit);
    const rows = emit("reshape", [kernels], { shape: [kernels.shape[0] as number, seen.shape[1] as number] });
    const product = emit("matmul", [rows, seen], { transposeA: false, transposeB: false });
    return emit("reshape", [product], { shape: [...product.shape.slice(0, 2), ...output] });
  },
  derivative: ({ inputs, output: { attributes }, cotangent, emit }) => {
    const [x, weight] = inputs as [Value, Value];
    return [
      emit("conv2dInputGradient", [cotangent, weight], { ...attributes, size: spatialSizes(x) }),
      emit("conv2dWeightGradient", [x, cotangent], { ...attributes, kernel: spatialSizes(weight) }),
    ];
  },
};

/** Linear in both operands, as {@link conv2dWeightGradient} is, so each one's derivatives are convolutions again. */
export const conv2dInputGradient: OpRule<"conv2dInputGradient"> = {
  infer: (inputs, attributes) => {
    checkOperands("conv2dInputGradient", inputs, 2, ["float32"]);
    const [cotangent, weight] = inputs as [Value, Value];
    const size = attributes.size as unknown as Pair;
    if (cotangent.shape.length !== 4 || weight.shape.length !== 4 || cotangent.shape[1] !== weight.shape[0]) {
      throw shapeError("conv2dInputGradient", inputs, "a cotangent [N, O, H', W'] and a weight [O, I, kh, kw]");
    }
    const sizes = [size, spatialSizes(weight), spatialSizes(cotangent)] as const;
    checkCotangent("conv2dInputGradient", inputs, sizes, attributes);
    return { dtype: "float32", shape: [cotangent.shape[0] as number, weight.shape[1] as number, ...size] };
  },
  decompose: ([cotangent, weight], attributes, emit) =>
    inputDerivative(attributes.size as unknown as Pair, weight as Value, cotangent as Value, attributes, emit),
  derivative: ({ inputs, output: { attributes }, cotangent: slope, emit }) => {
    const [cotangent, weight] = inputs as [Value, Value];
    const { size: _, ...convolution } = attributes;
    return [
      emit("conv2d", [slope, weight], convolution),
      emit("conv2dWeightGradient", [slope, cotangent], { ...convolution, kernel: spatialSizes(weight) }),
    ];
  },
};

export const conv2dWeightGradient: OpRule<"conv2dWeightGradient"> = {
  infer: (inputs, attributes) => {
    checkOperands("conv2dWeightGradient", inputs, 2, ["float32"]);
    const [x, cotangent] = inputs as [Value, Value];
    const kernel = attributes.kernel as unknown as Pair;
    if (x.shape.length !== 4 || cotangent.shape.length !== 4 || x.shape[0] !== cotangent.shape[0]) {
      throw shapeError("conv2dWeightGradient", inputs, "x [N, I, H, W] and a cotangent [N, O, H', W']");
    }
    const sizes = [spatialSizes(x), kernel, spatialSizes(cotangent)] as const;
    checkCotangent("conv2dWeightGradient", inputs, sizes, attributes);
    return { dtype: "float32", shape: [cotangent.shape[1] as number, x.shape[1] as number, ...kernel] };
  },
  decompose: ([x, cotangent], attributes, emit) =>
    weightDerivative(x as Value, attributes.kernel as unknown as Pair, cotangent as Value, attributes, emit),
  derivative: ({ inputs, output: { attributes }, cotangent: slope, emit }) => {
    const [x, cotangent] = inputs as [Value, Value];
    const { kernel: _, ...convolution } = attributes;
    return [
      emit("conv2dInputGradient", [cotangent, slope], { ...convolution, size: spatialSizes(x) }),
      emit("conv2d", [x, slope], convolution),
    ];
  },
};
