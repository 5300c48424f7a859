import type { Emit, OpAttributes, OpRule, Value } from "../value.js";
import { checkOperands, shapeError, spreadAlong } from "./helpers.js";

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
function inputDerivative(x: Value, weight: Value, cotangent: Value, { strides, low }: Attributes, emit: Emit): Value {
  const [input, kernel] = [spatialSizes(x), spatialSizes(weight)];
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
  const [count, channels] = x.shape as [number, number];
  return emit("slice", [whole], {
    starts: [0, 0, ...starts],
    ends: [count, channels, ...SPATIAL.map((axis) => (starts[axis] as number) + input[axis])],
    strides: [1, 1, 1, 1],
  });
}

/** The matrix product of the cotangent with what each output position saw. */
function weightDerivative(x: Value, weight: Value, cotangent: Value, attributes: Attributes, emit: Emit): Value {
  const output = spatialSizes(cotangent);
  const [count, outputs] = cotangent.shape as [number, number];
  const seen = patches(x, spatialSizes(weight), output, attributes, emit);
  const rows = emit("reshape", [cotangent], { shape: [count, outputs, output[0] * output[1]] });
  const each = emit("matmul", [rows, seen], { transposeA: false, transposeB: true });
  const summed = emit("sum", [each], { axes: [0], keepDims: false });
  return emit("reshape", [summed], { shape: weight.shape });
}

/** Cross-correlation, as neural networks call a convolution. */
export const conv2d: OpRule<"conv2d"> = {
  infer: (inputs, attributes) => {
    checkOperands("conv2d", inputs, 2, ["float32"]);
    const [x, weight] = inputs as [Value, Value];
    const { strides, low, high } = attributes;
    if (x.shape.length !== 4 || weight.shape.length !== 4 || x.shape[1] !== weight.shape[1]) {
      throw shapeError("conv2d", inputs, "x [N, I, H, W] and weight [O, I, kh, kw]");
    }
    if (!legalPair(strides, 1) || !legalPair(low, 0) || !legalPair(high, 0)) {
      throw shapeError(
        "conv2d",
        inputs,
        `two strides of at least 1 and two amounts of padding of at least 0 on either side, not strides [${strides.join(", ")}], low [${low.join(", ")}], high [${high.join(", ")}]`,
      );
    }
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
  derivative: ({ inputs, output, cotangent, emit }) => {
    const [x, weight] = inputs as [Value, Value];
    return [
      inputDerivative(x, weight, cotangent, output.attributes, emit),
      weightDerivative(x, weight, cotangent, output.attributes, emit),
    ];
  },
};
