import type { OpAttributes, OpName, TensorType } from "../../engine/graph/value.js";
import type { DType } from "../../engine/tensor/dtype.js";
import { broadcastShapes, type Shape, sizeOf } from "../../engine/tensor/shape.js";
import type { HostTensor } from "../../engine/tensor/tensor.js";
import type { TestedOp } from "../op-cases.js";
import type { Dice } from "./dice.js";
import { drawIndices, drawPartner, drawPositive, drawRegrouping, drawShape, drawTensorOf, isSmall } from "./shapes.js";

/** An operand: the place of an earlier value, or a new input. */
export type Operand = number | HostTensor;

export interface Proposal<K extends OpName = OpName> {
  readonly operands: readonly Operand[];
  readonly attributes: OpAttributes[K];
}

/** What a maker chooses from. */
export interface Kitchen {
  readonly dice: Dice;
  /** The values there are, by place. */
  readonly types: readonly TensorType[];
}

type Maker<K extends OpName> = (kitchen: Kitchen) => Proposal<K> | undefined;

const float: readonly DType[] = ["float32"];
const numbers: readonly DType[] = ["float32", "float32", "int32"];
const bool: readonly DType[] = ["bool"];
const all: readonly DType[] = ["float32", "float32", "int32", "bool"];

/** Smaller than that, a pad or a broadcast may still grow it. */
const hasRoom = (shape: Shape): boolean => sizeOf(shape) <= 100;

interface Chosen {
  readonly operand: Operand;
  readonly type: TensorType;
}

/** Mostly an earlier value that fits, the latest rather than the first, else a new input. */
function choose(
  { dice, types }: Kitchen,
  dtypes: readonly DType[],
  fits: (shape: Shape) => boolean = () => true,
  draw: () => Shape = () => drawShape(dice),
): Chosen {
  const fitting = types.flatMap((type, place) => (dtypes.includes(type.dtype) && fits(type.shape) ? [place] : []));
  if (fitting.length > 0 && dice.chance(0.9)) {
    const place = dice.chance(0.6) ? (fitting[fitting.length - 1] as number) : dice.pick(fitting);
    return { operand: place, type: types[place] as TensorType };
  }
  const given = drawTensorOf(dice, dice.pick(dtypes), draw());
  return { operand: given, type: given };
}

/** As {@link choose}, a value of at least `rank` axes. */
function chooseWithAxes(kitchen: Kitchen, dtypes: readonly DType[], rank = 1): Chosen {
  return choose(
    kitchen,
    dtypes,
    ({ length }) => length >= rank,
    () => drawShape(kitchen.dice, rank),
  );
}

/** A value, or a new input, of a dtype and of a shape that broadcasts with `shape`. */
function partner(kitchen: Kitchen, dtype: DType, shape: Shape): Chosen {
  const { dice } = kitchen;
  const fits = (other: Shape): boolean => {
    const joined = broadcastShapes(shape, other);
    return joined !== undefined && isSmall(joined);
  };
  if (dice.chance(0.4)) return choose(kitchen, [dtype], fits, () => drawPartner(dice, shape));
  const given = drawTensorOf(dice, dtype, drawPartner(dice, shape));
  return { operand: given, type: given };
}

const none = {};

function unary<K extends OpName>(dtypes: readonly DType[]): Maker<K> {
  return (kitchen) => ({ operands: [choose(kitchen, dtypes).operand], attributes: none as OpAttributes[K] });
}

function binary<K extends OpName>(dtypes: readonly DType[]): Maker<K> {
  return (kitchen) => {
    const a = choose(kitchen, dtypes);
    const b = partner(kitchen, a.type.dtype, a.type.shape);
    const operands = kitchen.dice.chance(0.5) ? [a.operand, b.operand] : [b.operand, a.operand];
    return { operands, attributes: none as OpAttributes[K] };
  };
}

function alongLast<K extends OpName>(attributes: (dice: Dice) => OpAttributes[K]): Maker<K> {
  return (kitchen) => {
    const x = chooseWithAxes(kitchen, float);
    return { operands: [x.operand], attributes: attributes(kitchen.dice) };
  };
}

const epsilon = (): { readonly epsilon: number } => ({ epsilon: 1e-2 });

function reduction<K extends "sum" | "max">(): Maker<K> {
  return (kitchen) => {
    const { dice } = kitchen;
    const x = chooseWithAxes(kitchen, numbers);
    const some = x.type.shape.map((_, axis) => axis).filter(() => dice.chance(0.5));
    const axes = some.length > 0 ? some : [dice.whole(0, x.type.shape.length - 1)];
    return { operands: [x.operand], attributes: { axes, keepDims: dice.chance(0.5) } as OpAttributes[K] };
  };
}

/** A fresh float input. */
const floats = (dice: Dice, ...shape: number[]): HostTensor => drawTensorOf(dice, "float32", shape);

interface DrawnConvolution {
  readonly image: Chosen;
  readonly weight: Shape;
  readonly result: Shape;
  readonly convolution: OpAttributes["conv2d"];
}

function drawConvolution(kitchen: Kitchen): DrawnConvolution {
  const { dice } = kitchen;
  const shape = (): number[] => [dice.pick([1, 2]), dice.pick([1, 3]), dice.pick([1, 3, 7]), dice.pick([1, 2, 5])];
  const image = choose(kitchen, float, (s) => s.length === 4 && (s[1] as number) <= 7, shape);
  const [count, channels, height, width] = image.type.shape as [number, number, number, number];
  const low = [dice.whole(0, 2), dice.whole(0, 2)] as const;
  const high = [dice.whole(0, 2), dice.whole(0, 2)] as const;
  const bordered = [height + low[0] + high[0], width + low[1] + high[1]] as const;
  const kernel = [dice.whole(1, Math.min(3, bordered[0])), dice.whole(1, Math.min(3, bordered[1]))] as const;
  const weight = [dice.pick([1, 2, 3]), channels, ...kernel] as const;
  const strides = [dice.whole(1, 2), dice.whole(1, 3)] as const;
  const size = (axis: 0 | 1): number => Math.floor((bordered[axis] - kernel[axis]) / strides[axis]) + 1;
  return { image, weight, result: [count, weight[0], size(0), size(1)], convolution: { strides, low, high } };
}

/** How each op is applied at random; an op without an entry fails to compile. */
export const makers: { readonly [K in TestedOp]: Maker<K> } = {
  constant: ({ dice }) => {
    const { data, shape } = drawTensorOf(dice, dice.pick(all), drawShape(dice));
    return { operands: [], attributes: { data, shape } };
  },
  neg: unary(numbers),
  abs: unary(numbers),
  sign: unary(numbers),
  exp: unary(float),
  log: ({ dice }) => ({ operands: [drawPositive(dice, drawShape(dice))], attributes: none }),
  sqrt: ({ dice }) => ({ operands: [drawPositive(dice, drawShape(dice))], attributes: none }),
  sin: unary(float),
  cos: unary(float),
  tanh: unary(float),
  sigmoid: unary(float),
  erf: unary(float),
  floor: unary(float),
  relu: unary(float),
  heaviside: unary(float),
  not: unary(bool),
  add: binary(numbers),
  sub: binary(numbers),
  mul: binary(numbers),
  div: (kitchen) => {
    const a = choose(kitchen, float);
    return {
      operands: [a.operand, drawPositive(kitchen.dice, drawPartner(kitchen.dice, a.type.shape))],
      attributes: none,
    };
  },
  maximum: binary(numbers),
  minimum: binary(numbers),
  equal: binary(all),
  less: binary(numbers),
  lessEqual: binary(numbers),
  and: binary(bool),
  or: binary(bool),
  where: (kitchen) => {
    const a = choose(kitchen, all);
    const b = partner(kitchen, a.type.dtype, a.type.shape);
    const joined = broadcastShapes(a.type.shape, b.type.shape) ?? [];
    return { operands: [partner(kitchen, "bool", joined).operand, a.operand, b.operand], attributes: none };
  },
  cast: (kitchen) => ({ operands: [choose(kitchen, all).operand], attributes: { dtype: kitchen.dice.pick(all) } }),
  stopGradient: unary(all),
  barrier: (kitchen) => {
    const [x, other] = [choose(kitchen, ["float32"]), choose(kitchen, ["float32"])];
    return { operands: [x.operand, other.operand], attributes: { recompute: kitchen.dice.chance(0.5) } };
  },
  sum: reduction(),
  max: reduction(),
  reshape: (kitchen) => {
    const x = choose(kitchen, all);
    return { operands: [x.operand], attributes: { shape: drawRegrouping(kitchen.dice, x.type.shape) } };
  },
  transpose: (kitchen) => {
    const x = choose(kitchen, all);
    return { operands: [x.operand], attributes: { permutation: kitchen.dice.order(x.type.shape.length) } };
  },
  broadcast: (kitchen) => {
    const { dice } = kitchen;
    const x = choose(kitchen, all, hasRoom);
    const grown = x.type.shape.map((size) => (size === 1 && dice.chance(0.5) ? dice.pick([2, 3, 7]) : size));
    const shape = dice.chance(0.3) && grown.length < 6 ? [dice.pick([1, 2, 3]), ...grown] : grown;
    return isSmall(shape) ? { operands: [x.operand], attributes: { shape } } : undefined;
  },
  slice: (kitchen) => {
    const { dice } = kitchen;
    const x = choose(kitchen, all);
    const starts = x.type.shape.map((size) => dice.whole(0, size - 1));
    const ends = x.type.shape.map((size, axis) => dice.whole((starts[axis] as number) + 1, size));
    const strides = x.type.shape.map(() => dice.pick([1, 1, 2, 3]));
    return { operands: [x.operand], attributes: { starts, ends, strides } };
  },
  pad: (kitchen) => {
    const { dice } = kitchen;
    const x = choose(kitchen, all, hasRoom);
    const amounts = (): number[] => x.type.shape.map(() => dice.pick([0, 0, 1, 2]));
    const [low, high] = [amounts(), amounts()];
    const padded = x.type.shape.map((size, axis) => size + (low[axis] as number) + (high[axis] as number));
    const wanted = { float32: [0, 0, 1.5, -3], int32: [0, -5, 2 ** 24 + 1], bool: [0, 1] };
    const value = dice.pick(wanted[x.type.dtype]);
    return isSmall(padded) ? { operands: [x.operand], attributes: { low, high, value } } : undefined;
  },
  concat: (kitchen) => {
    const { dice } = kitchen;
    const x = choose(
      kitchen,
      all,
      (shape) => shape.length > 0 && hasRoom(shape),
      () => drawShape(dice, 1),
    );
    const axis = dice.whole(0, x.type.shape.length - 1);
    const like = (): Operand => {
      if (dice.chance(0.2)) return x.operand;
      const shape = x.type.shape.map((size, i) => (i === axis ? dice.pick([1, 2, 3]) : size));
      return drawTensorOf(dice, x.type.dtype, shape);
    };
    const operands = [x.operand, ...Array.from({ length: dice.whole(0, 3) }, like)];
    return { operands: dice.order(operands.length).map((place) => operands[place] as Operand), attributes: { axis } };
  },
  gather: (kitchen) => {
    const { dice } = kitchen;
    const table = chooseWithAxes(kitchen, all);
    const [rows, ...rest] = table.type.shape as [number, ...number[]];
    const at = drawShape(dice).slice(0, 2);
    if (!isSmall([...at, ...rest])) return undefined;
    return { operands: [table.operand, drawIndices(dice, rows - 1, at)], attributes: none };
  },
  scatterAdd: (kitchen) => {
    const { dice } = kitchen;
    const updates = choose(kitchen, float, hasRoom);
    const at = updates.type.shape.slice(0, dice.whole(0, updates.type.shape.length));
    const size = dice.pick([1, 2, 3, 7]);
    return { operands: [updates.operand, drawIndices(dice, size - 1, at)], attributes: { size } };
  },
  matmul: (kitchen) => {
    const { dice } = kitchen;
    const a = chooseWithAxes(kitchen, float, 2);
    const { shape } = a.type;
    const [transposeA, transposeB] = [dice.chance(0.3), dice.chance(0.3)];
    const inner = shape[shape.length - (transposeA ? 2 : 1)] as number;
    const columns = dice.pick([1, 2, 3, 7]);
    const batch = drawPartner(dice, shape.slice(0, -2)).slice(-4);
    const b = [...batch, ...(transposeB ? [columns, inner] : [inner, columns])];
    const joined = broadcastShapes(shape.slice(0, -2), batch);
    if (joined === undefined || !isSmall([...joined, shape[shape.length - 2] as number, columns])) return undefined;
    return { operands: [a.operand, floats(dice, ...b)], attributes: { transposeA, transposeB } };
  },
  softmax: alongLast(() => none),
  standardize: alongLast(epsilon),
  inverseDeviation: alongLast(epsilon),
  layerNorm: (kitchen) => {
    const { dice } = kitchen;
    const x = chooseWithAxes(kitchen, float);
    const width = x.type.shape[x.type.shape.length - 1] as number;
    return { operands: [x.operand, floats(dice, width), floats(dice, width)], attributes: epsilon() };
  },
  gelu: alongLast(() => none),
  linear: (kitchen) => {
    const { dice } = kitchen;
    const shape = (): number[] => [dice.pick([1, 2, 7]), dice.pick([1, 3, 7])];
    const x = choose(kitchen, float, ({ length }) => length === 2, shape);
    const outputs = dice.pick([1, 2, 7]);
    return {
      operands: [x.operand, floats(dice, outputs, x.type.shape[1] as number), floats(dice, outputs)],
      attributes: none,
    };
  },
  conv2d: (kitchen) => {
    const { image, weight, convolution } = drawConvolution(kitchen);
    return { operands: [image.operand, floats(kitchen.dice, ...weight)], attributes: convolution };
  },
  conv2dInputGradient: (kitchen) => {
    const { image, weight, result, convolution } = drawConvolution(kitchen);
    const operands = [floats(kitchen.dice, ...result), floats(kitchen.dice, ...weight)];
    return { operands, attributes: { ...convolution, size: image.type.shape.slice(2) } };
  },
  conv2dWeightGradient: (kitchen) => {
    const { image, weight, result, convolution } = drawConvolution(kitchen);
    const operands = [image.operand, floats(kitchen.dice, ...result)];
    return { operands, attributes: { ...convolution, kernel: weight.slice(2) } };
  },
};
