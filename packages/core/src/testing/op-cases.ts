import type { OpAttributes, OpName } from "../engine/graph/value.js";
import type { Shape } from "../engine/tensor/shape.js";
import type { CaseOperand } from "./values.js";

/** One application of one op, as plain data. */
export interface OpCase<K extends OpName = OpName> {
  readonly op: K;
  readonly operands: readonly CaseOperand[];
  readonly attributes: OpAttributes[K];
  /** false: compared forward only, since the operands lie where the derivative jumps or overflows. */
  readonly differentiate?: false;
}

/** An input has no operands to compute from; every other op has cases. */
export type TestedOp = Exclude<OpName, "input">;

type NoAttributes = { [K in OpName]: OpAttributes[K] extends OpAttributes["neg"] ? K : never }[OpName];

const between = (low: number, high: number, ...shape: number[]): CaseOperand => ({
  dtype: "float32",
  shape,
  low,
  high,
});
const float = (...shape: number[]): CaseOperand => between(-2, 2, ...shape);
const positive = (...shape: number[]): CaseOperand => between(0.5, 2, ...shape);
const int = (...shape: number[]): CaseOperand => ({ dtype: "int32", shape, low: -9, high: 9 });
/** All of int32: float32 loses the low bits of such numbers, and what is computed of them wraps around. */
const wide = (...shape: number[]): CaseOperand => ({ dtype: "int32", shape, low: -(2 ** 31), high: 2 ** 31 - 1 });
const bool = (...shape: number[]): CaseOperand => ({ dtype: "bool", shape, low: 0, high: 1 });
const indices = (size: number, ...shape: number[]): CaseOperand => ({ dtype: "int32", shape, low: 0, high: size - 1 });
const exactly = (...values: number[]): CaseOperand => ({ ...float(values.length), values });
const integers = (...values: number[]): CaseOperand => ({ ...wide(values.length), values });

/** Integers that rounding to float32 or to a byte changes, both ends of the range, and neighbours of them all. */
const notable = integers(0, 1, -1, 256, 65_536, 2 ** 24 + 1, -(2 ** 24) - 1, 2 ** 30 + 1, 2 ** 31 - 1, -(2 ** 31));
const beside = integers(1, 1, -2, 255, 65_537, 2 ** 24 + 2, -(2 ** 24) - 2, 2 ** 30, 2 ** 31 - 2, -(2 ** 31) + 1);

type Make = (...shape: number[]) => CaseOperand;

/** Sizes around and off the widths that kernels are vectorised for. */
const shapes: readonly Shape[] = [[], [1], [7], [33], [3, 31]];
const shapePairs: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[7], [7]],
  [[31], []],
  [[], [2, 3]],
  [[33, 31], [31]],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [
    [5, 1],
    [1, 7],
  ],
];

const forward = { differentiate: false } as const;

function elementwise<K extends NoAttributes>(op: K, operands: readonly CaseOperand[]): OpCase<K> {
  return { op, operands, attributes: {} as OpAttributes[K] };
}

function unary<K extends NoAttributes>(op: K, makes: readonly Make[], ...forwardOnly: CaseOperand[]): OpCase<K>[] {
  return [
    ...makes.flatMap((make) => shapes.map((shape) => elementwise(op, [make(...shape)]))),
    ...forwardOnly.map((operand) => ({ ...elementwise(op, [operand]), ...forward })),
  ];
}

function binary<K extends NoAttributes>(op: K, makes: readonly Make[], second?: Make): OpCase<K>[] {
  const ties = { ...elementwise(op, [exactly(-1, 0, 2), exactly(-1, 0, 1)]), ...forward };
  return [
    ...makes.flatMap((make) => shapePairs.map(([a, b]) => elementwise(op, [make(...a), (second ?? make)(...b)]))),
    ...(makes.includes(wide) ? pairsOf(notable, beside).map((pair) => elementwise(op, pair)) : []),
    ...(second === undefined && makes.includes(float) ? [ties] : []),
  ];
}

const pairsOf = (a: CaseOperand, b: CaseOperand): CaseOperand[][] => [
  [a, b],
  [b, a],
  [a, a],
];

function reduction<K extends "sum" | "max">(op: K): OpCase<K>[] {
  const one = (operand: CaseOperand, axes: number[], keepDims: boolean): OpCase<K> => ({
    op,
    operands: [operand],
    attributes: { axes, keepDims } as OpAttributes[K],
  });
  return [float, int, wide].flatMap((make) => [
    one(make(1), [0], false),
    one(make(33), [0], true),
    one(make(7, 31), [0], false),
    one(make(7, 31), [1], true),
    one(make(2, 3, 5), [1], false),
    one(make(2, 3, 5), [0, 2], true),
    one(make(2, 1, 3, 4), [1, 2], false),
    one(make(2, 3, 5), [0, 1, 2], false),
  ]);
}

const matmulCase = (a: Shape, b: Shape, transposeA = false, transposeB = false): OpCase<"matmul"> => ({
  op: "matmul",
  operands: [float(...a), float(...b)],
  attributes: { transposeA, transposeB },
});

/** Weights small enough that sums of many products, and so their rounding, stay of the size of a few. */
const weights = (...shape: number[]): CaseOperand => {
  const [outputs = 1, inputs = 1, height = 1, width = 1] = shape;
  const bound = Math.min(2, 8 / Math.sqrt(Math.max(outputs, inputs) * height * width));
  return between(-bound, bound, ...shape);
};

const conv2dCase = (x: Shape, weight: Shape, strides = [1, 1], low = [0, 0], high = low): OpCase<"conv2d"> => ({
  op: "conv2d",
  operands: [float(...x), weights(...weight)],
  attributes: { strides, low, high },
});

const convolutions: readonly OpCase<"conv2d">[] = [
  conv2dCase([1, 1, 1, 1], [1, 1, 1, 1]),
  conv2dCase([3, 5, 4, 7], [2, 5, 1, 1]),
  conv2dCase([2, 3, 5, 7], [4, 3, 3, 3], [1, 1], [1, 1]),
  conv2dCase([2, 2, 8, 8], [3, 2, 7, 7], [1, 1], [3, 3]),
  conv2dCase([2, 3, 8, 6], [5, 3, 3, 3], [2, 2], [1, 1]),
  conv2dCase([2, 3, 7, 5], [5, 3, 3, 3], [2, 2], [1, 1]),
  conv2dCase([1, 2, 9, 10], [3, 2, 2, 3], [3, 2], [0, 2], [2, 1]),
  conv2dCase([2, 1, 5, 1], [2, 1, 3, 1], [2, 1], [2, 0], [0, 0]),
  // Borders wider than the kernel, and a stride that leaves input unseen.
  conv2dCase([1, 2, 3, 4], [1, 2, 2, 1], [1, 2], [3, 1], [0, 2]),
  conv2dCase([2, 2, 7, 7], [2, 2, 1, 1], [3, 3]),
  // Channels by the dozen, as kernels that work on blocks of channels take them.
  conv2dCase([3, 16, 5, 6], [32, 16, 3, 3], [1, 1], [1, 1]),
  conv2dCase([2, 32, 6, 4], [16, 32, 3, 3], [2, 2], [1, 1]),
];

const lengthAfter = ({ strides, low, high }: OpCase<"conv2d">["attributes"], input: Shape, kernel: Shape): number[] =>
  [0, 1].map((axis) => {
    const bordered = (input[axis + 2] as number) + (low[axis] as number) + (high[axis] as number);
    return Math.floor((bordered - (kernel[axis + 2] as number)) / (strides[axis] as number)) + 1;
  });

/** A convolution's cotangent. */
function cotangentOf({ operands, attributes }: OpCase<"conv2d">): CaseOperand {
  const [{ shape: x }, { shape: weight }] = operands as [CaseOperand, CaseOperand];
  return float(x[0] as number, weight[0] as number, ...lengthAfter(attributes, x, weight));
}

function byInput(convolution: OpCase<"conv2d">): OpCase<"conv2dInputGradient"> {
  const [x, weight] = convolution.operands as [CaseOperand, CaseOperand];
  const attributes = { ...convolution.attributes, size: x.shape.slice(2) };
  return { op: "conv2dInputGradient", operands: [cotangentOf(convolution), weight], attributes };
}

function byWeight(convolution: OpCase<"conv2d">): OpCase<"conv2dWeightGradient"> {
  const [x, weight] = convolution.operands as [CaseOperand, CaseOperand];
  const attributes = { ...convolution.attributes, kernel: weight.shape.slice(2) };
  return { op: "conv2dWeightGradient", operands: [x, cotangentOf(convolution)], attributes };
}

const onEveryDtype = <K extends OpName>(make: (operand: Make) => OpCase<K>[]): OpCase<K>[] =>
  [float, int, wide, bool].flatMap(make);

/** Cases of every op; an op without an entry fails to compile. */
export const opCases: { readonly [K in TestedOp]: readonly OpCase<K>[] } = {
  constant: [
    { op: "constant", operands: [], attributes: { data: Float32Array.of(1, 2.5, -3), shape: [3] } },
    { op: "constant", operands: [], attributes: { data: Int32Array.of(7), shape: [] } },
    { op: "constant", operands: [], attributes: { data: Int32Array.of(2 ** 24 + 1, -(2 ** 31)), shape: [2] } },
    { op: "constant", operands: [], attributes: { data: Uint8Array.of(1, 0, 1, 1), shape: [2, 2] } },
  ],
  neg: unary("neg", [float, int, wide], notable),
  abs: unary("abs", [float, int, wide], notable, exactly(-1, 0, 1)),
  sign: unary("sign", [float, int, wide], notable, exactly(-1, 0, 1)),
  exp: unary("exp", [float], between(-80, 80, 33)),
  log: unary("log", [positive], between(1e-30, 1e-20, 7), between(1e10, 1e20, 7)),
  sqrt: unary("sqrt", [positive], exactly(0, 4, 1e10)),
  sin: unary("sin", [float], between(-20, 20, 33)),
  cos: unary("cos", [float], between(-20, 20, 33)),
  tanh: unary("tanh", [float], between(-100, 100, 33), exactly(-0.001, 0, 0.001)),
  sigmoid: unary("sigmoid", [float], between(-100, 100, 33)),
  erf: unary("erf", [float], between(-10, 10, 33), exactly(-0.001, 0, 0.001)),
  floor: unary("floor", [float], exactly(-1.5, -1, 0, 1, 1.5)),
  relu: unary("relu", [float], exactly(-1, 0, 1)),
  heaviside: unary("heaviside", [float], exactly(-1, 0, 1)),
  not: unary("not", [bool]),
  add: binary("add", [float, int, wide]),
  sub: binary("sub", [float, int, wide]),
  mul: binary("mul", [float, int, wide]),
  div: binary("div", [float], positive),
  maximum: binary("maximum", [float, int, wide]),
  minimum: binary("minimum", [float, int, wide]),
  equal: binary("equal", [float, int, wide, bool]),
  less: binary("less", [float, int, wide]),
  lessEqual: binary("lessEqual", [float, int, wide]),
  and: binary("and", [bool]),
  or: binary("or", [bool]),
  where: onEveryDtype((make) => [
    elementwise("where", [bool(), make(), make()]),
    elementwise("where", [bool(31), make(31), make(31)]),
    elementwise("where", [bool(2, 1, 3), make(4, 1), make()]),
    elementwise("where", [bool(5, 1), make(1, 7), make(5, 7)]),
  ]),
  cast: (["float32", "int32", "bool"] as const).flatMap((dtype) =>
    [
      ...[float, int, wide, bool].flatMap((make) => [[], [33], [3, 7]].map((shape) => make(...shape))),
      notable,
      exactly(2_147_483_520, -(2 ** 31), 16_777_218, 2.5, -2.5, 0.5, 0),
    ].map((operand) => ({ op: "cast", operands: [operand], attributes: { dtype }, ...(operand.values && forward) })),
  ),
  stopGradient: unary("stopGradient", [float, int, wide, bool]),
  barrier: [
    [float(), float()],
    [float(33), float(2, 3)],
    [float(2, 3), float(5), float(1, 1, 2)],
  ].flatMap((operands) => [
    { op: "barrier", operands, attributes: { recompute: false } },
    { op: "barrier", operands, attributes: { recompute: true } },
  ]),
  sum: reduction("sum"),
  max: reduction("max"),
  reshape: onEveryDtype((make) => [
    { op: "reshape", operands: [make()], attributes: { shape: [1] } },
    { op: "reshape", operands: [make(6)], attributes: { shape: [2, 3] } },
    { op: "reshape", operands: [make(7, 1, 3)], attributes: { shape: [3, 7] } },
    { op: "reshape", operands: [make(1, 1)], attributes: { shape: [] } },
  ]),
  transpose: onEveryDtype((make) => [
    { op: "transpose", operands: [make(7)], attributes: { permutation: [0] } },
    { op: "transpose", operands: [make(31, 33)], attributes: { permutation: [1, 0] } },
    { op: "transpose", operands: [make(2, 3, 5)], attributes: { permutation: [2, 0, 1] } },
    { op: "transpose", operands: [make(2, 7, 3, 5)], attributes: { permutation: [0, 2, 1, 3] } },
  ]),
  broadcast: onEveryDtype((make) => [
    { op: "broadcast", operands: [make()], attributes: { shape: [7] } },
    { op: "broadcast", operands: [make(1, 33)], attributes: { shape: [3, 33] } },
    { op: "broadcast", operands: [make(3, 1)], attributes: { shape: [2, 3, 5] } },
  ]),
  slice: onEveryDtype((make) => [
    { op: "slice", operands: [make(33)], attributes: { starts: [2], ends: [33], strides: [1] } },
    { op: "slice", operands: [make(31)], attributes: { starts: [1], ends: [30], strides: [3] } },
    { op: "slice", operands: [make(3, 7)], attributes: { starts: [0, 0], ends: [3, 7], strides: [1, 2] } },
    { op: "slice", operands: [make(4, 5, 6)], attributes: { starts: [1, 0, 2], ends: [4, 1, 6], strides: [2, 1, 3] } },
  ]),
  pad: onEveryDtype((make) => [
    { op: "pad", operands: [make(7)], attributes: { low: [2], high: [0], value: 0 } },
    { op: "pad", operands: [make(3, 5)], attributes: { low: [0, 1], high: [1, 3], value: 1 } },
    { op: "pad", operands: [make(2, 1, 3)], attributes: { low: [0, 0, 0], high: [0, 0, 0], value: 0 } },
    ...(make === wide
      ? [{ op: "pad" as const, operands: [make(3, 5)], attributes: { low: [0, 1], high: [1, 3], value: 2 ** 24 + 1 } }]
      : []),
  ]),
  concat: onEveryDtype((make) => [
    { op: "concat", operands: [make(7)], attributes: { axis: 0 } },
    { op: "concat", operands: [make(7), make(1)], attributes: { axis: 0 } },
    { op: "concat", operands: [make(2, 3, 5), make(2, 1, 5), make(2, 7, 5)], attributes: { axis: 1 } },
    { op: "concat", operands: Array.from({ length: 11 }, (_, i) => make(3, 1 + (i % 3))), attributes: { axis: 1 } },
  ]),
  gather: onEveryDtype((make) => [
    { op: "gather", operands: [make(7), indices(7)], attributes: {} },
    { op: "gather", operands: [make(5, 3), indices(5, 31)], attributes: {} },
    { op: "gather", operands: [make(6, 2, 3), indices(6, 3, 1)], attributes: {} },
  ]),
  scatterAdd: [
    { op: "scatterAdd", operands: [float(), indices(3)], attributes: { size: 3 } },
    { op: "scatterAdd", operands: [float(33), indices(7, 33)], attributes: { size: 7 } },
    { op: "scatterAdd", operands: [float(4, 5), indices(6, 4)], attributes: { size: 6 } },
    { op: "scatterAdd", operands: [float(2, 3, 5), indices(4, 2, 3)], attributes: { size: 4 } },
  ],
  matmul: [
    matmulCase([1, 1], [1, 1]),
    matmulCase([7, 31], [31, 33]),
    matmulCase([31, 7], [31, 33], true, false),
    matmulCase([7, 31], [33, 31], false, true),
    matmulCase([31, 7], [33, 31], true, true),
    matmulCase([1, 33], [33, 1]),
    matmulCase([3, 5, 7], [3, 7, 2]),
    matmulCase([2, 3, 5, 7], [7, 4]),
    matmulCase([5, 7], [3, 7, 4]),
    matmulCase([2, 1, 5, 7], [3, 7, 4]),
    matmulCase([2, 3, 5, 7], [2, 3, 4, 7], false, true),
    matmulCase([2, 3, 7, 5], [2, 3, 7, 4], true, false),
    matmulCase([3, 7, 5], [4, 7], true, true),
  ],
  softmax: [
    ...[[1], [7], [3, 33], [2, 3, 5], [4, 1]].map((shape) => elementwise("softmax", [float(...shape)])),
    { ...elementwise("softmax", [between(-1e4, 1e4, 3, 31)]), differentiate: false },
    { ...elementwise("softmax", [exactly(0, -1e9, 0, -1e9)]), differentiate: false },
  ],
  standardize: [[2], [33], [3, 31], [2, 3, 5], [4, 1]].flatMap((shape) => [
    { op: "standardize", operands: [float(...shape)], attributes: { epsilon: 1e-5 } },
    { op: "standardize", operands: [between(10, 11, ...shape)], attributes: { epsilon: 1e-2 } },
  ]),
  inverseDeviation: [[33], [3, 31], [2, 3, 5]].map((shape) => ({
    op: "inverseDeviation",
    operands: [float(...shape)],
    attributes: { epsilon: 1e-5 },
  })),
  layerNorm: [[33], [3, 31], [2, 3, 5]].map((shape) => ({
    op: "layerNorm",
    operands: [float(...shape), float(...shape.slice(-1)), float(...shape.slice(-1))],
    attributes: { epsilon: 1e-5 },
  })),
  gelu: [
    ...[[1], [7], [3, 33]].map((shape) => elementwise("gelu", [float(...shape)])),
    { ...elementwise("gelu", [between(-20, 20, 31)]), differentiate: false },
  ],
  linear: [
    elementwise("linear", [float(1, 1), float(1, 1), float(1)]),
    elementwise("linear", [float(7, 31), float(33, 31), float(33)]),
    elementwise("linear", [float(33, 5), float(1, 5), float(1)]),
  ],
  conv2d: convolutions,
  conv2dInputGradient: convolutions.map(byInput),
  conv2dWeightGradient: convolutions.map(byWeight),
};
