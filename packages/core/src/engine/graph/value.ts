import type { DType, TensorData } from "../tensor/dtype.js";
import type { Shape } from "../tensor/shape.js";

/** What is known of a value before anything runs. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

type None = Readonly<Record<never, never>>;
type Reduction = { readonly axes: readonly number[]; readonly keepDims: boolean };
/** Height and width of each: the step of the kernel, and the zeros before and after the image. */
type Convolution = {
  readonly strides: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
};

/**
 * The closed set of ops and the attributes of each. Binary and ternary elementwise ops broadcast by NumPy's
 * rules. Axes are normalised (never negative). Adding an op: see CONTRIBUTING.md; every table over ops in core
 * and in the backends stops compiling until it has the new entry.
 */
export interface OpAttributes {
  // Sources
  input: { readonly name: string; readonly dtype: DType; readonly shape: Shape };
  constant: { readonly data: TensorData; readonly shape: Shape };
  // Elementwise, one operand
  neg: None;
  abs: None;
  sign: None;
  exp: None;
  log: None;
  sqrt: None;
  sin: None;
  cos: None;
  tanh: None;
  sigmoid: None;
  erf: None;
  floor: None;
  relu: None;
  /** 1 where x > 0, else 0, in x's dtype: the derivative of relu. */
  heaviside: None;
  not: None;
  // Elementwise, two operands
  add: None;
  sub: None;
  mul: None;
  div: None;
  maximum: None;
  minimum: None;
  equal: None;
  less: None;
  lessEqual: None;
  and: None;
  or: None;
  // Choice and type
  where: None;
  cast: { readonly dtype: DType };
  stopGradient: None;
  /**
   * (x, ...others), all float32: x itself, but never before the others are computed, and of which no pass knows that it
   * is x. With `recompute` the mark of a block's end instead, x having been computed from the others: `gradient` may
   * compute x anew, and compiling drops the mark. See `checkpoint`.
   */
  barrier: { readonly recompute: boolean };
  // Reductions
  sum: Reduction;
  max: Reduction;
  // Movement
  reshape: { readonly shape: Shape };
  transpose: { readonly permutation: readonly number[] };
  broadcast: { readonly shape: Shape };
  slice: { readonly starts: readonly number[]; readonly ends: readonly number[]; readonly strides: readonly number[] };
  /** Adds `low` elements before and `high` after each axis, all equal to `value`. */
  pad: { readonly low: readonly number[]; readonly high: readonly number[]; readonly value: number };
  concat: { readonly axis: number };
  // Indexing along the first axis. Indices that the caller gives, as an input or a constant, are checked
  // (`invalid-argument`); computed ones outside their range give an error or unspecified elements
  /** (table [N, ...rest], indices int32 [...at] in 0..N-1) -> [...at, ...rest] */
  gather: None;
  /** (updates [...at, ...rest], indices int32 [...at] in 0..size-1) -> [size, ...rest], those of equal index added. */
  scatterAdd: { readonly size: number };
  // Contraction over the last two axes, leading axes broadcast
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  // Composites: defined by their decomposition into the ops above; a backend may take them whole
  /** Along the last axis. */
  softmax: None;
  /** (x - mean) / sqrt(variance + epsilon) along the last axis, biased variance. */
  standardize: { readonly epsilon: number };
  /** 1 / sqrt(variance + epsilon) along the last axis, which is kept with size 1. */
  inverseDeviation: { readonly epsilon: number };
  /** (x [..., C], scale [C], bias [C]): standardize(x) * scale + bias. */
  layerNorm: { readonly epsilon: number };
  /** x * Phi(x), the exact form with erf. */
  gelu: None;
  /** (x [N, I], weight [O, I], bias [O]) -> x weight^T + bias: [N, O]. */
  linear: None;
  /**
   * (x [N, I, H, W], weight [O, I, kh, kw]) -> [N, O, H', W']: cross-correlation over the last two axes, the input
   * bordered by `low` zeros before and `high` after each of them; H' = floor((H + low + high - kh) / stride) + 1.
   */
  conv2d: Convolution;
  /** (cotangent of the result [N, O, H', W'], weight [O, I, kh, kw]) -> conv2d's derivative by x [N, I, ...size]. */
  conv2dInputGradient: Convolution & { readonly size: readonly number[] };
  /** (x [N, I, H, W], cotangent of the result [N, O, H', W']) -> conv2d's derivative by its weight [O, I, ...kernel]. */
  conv2dWeightGradient: Convolution & { readonly kernel: readonly number[] };
}

export type OpName = keyof OpAttributes;

/** One node of the graph and the single tensor it yields. Immutable; identity is the object itself. */
export interface ValueOf<K extends OpName> extends TensorType {
  readonly op: K;
  readonly inputs: readonly Value[];
  readonly attributes: OpAttributes[K];
}

/** A node of any op; testing `value.op` narrows `value.attributes`. */
export type Value = { [K in OpName]: ValueOf<K> }[OpName];

export function isValue(value: unknown): value is Value {
  const { op, inputs, shape } = (typeof value === "object" && value !== null ? value : {}) as Partial<Value>;
  return typeof op === "string" && Array.isArray(inputs) && Array.isArray(shape);
}

/** Makes a node: infers its type by the op's rule, throwing if the operands do not fit. */
export type Emit = <K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]) => ValueOf<K>;

/** What a derivative rule sees. */
export interface DerivativeContext<K extends OpName> {
  readonly inputs: readonly Value[];
  /** The node itself: rules reuse its result (tanh, softmax) and read `attributes`. */
  readonly output: ValueOf<K>;
  /** d(objective)/d(output), float32, of the output's shape. */
  readonly cotangent: Value;
  readonly emit: Emit;
}

/** Everything core knows of one op, kept together in one place. */
export interface OpRule<K extends OpName> {
  /** The result's type; throws `shape-mismatch` or `dtype-mismatch` if the operands do not fit. */
  infer(inputs: readonly Value[], attributes: OpAttributes[K]): TensorType;
  /** Cotangents of the inputs; undefined for an input that has none. "zero": the derivative vanishes everywhere. */
  readonly derivative: ((context: DerivativeContext<K>) => readonly (Value | undefined)[]) | "zero";
  /** The op's meaning in terms of simpler ops; present on composites only. */
  readonly decompose?: (inputs: readonly Value[], attributes: OpAttributes[K], emit: Emit) => Value;
  /** True for a node that marks the end of a block: `gradient` may compute its first input anew from the others. */
  readonly endsBlock?: (attributes: OpAttributes[K]) => boolean;
  /** f(a, b) = f(b, a): lets common subexpressions match in either order. */
  readonly commutative?: boolean;
}

export type OpRules = { readonly [K in OpName]: OpRule<K> };
