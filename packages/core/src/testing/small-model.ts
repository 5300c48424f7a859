import { gradient } from "../engine/autodiff/gradient.js";
import type { Graph } from "../engine/graph/graph.js";
import * as ops from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import type { TensorType, Value } from "../engine/graph/value.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import { drawTensor } from "./values.js";

type Values = Readonly<Record<string, Value>>;

const batch = 3;
const tokens = 5;
const features = 3;
const width = 8;
const heads = 2;

/** Parameters of one pre-norm transformer block with learned positions, by name: shapes. */
const parameterShapes: Readonly<Record<string, readonly number[]>> = {
  "embed.weight": [width, features],
  "embed.bias": [width],
  positions: [tokens, width],
  "attention.norm.scale": [width],
  "attention.norm.bias": [width],
  "attention.qkv.weight": [3 * width, width],
  "attention.qkv.bias": [3 * width],
  "attention.out.weight": [width, width],
  "attention.out.bias": [width],
  "mlp.norm.scale": [width],
  "mlp.norm.bias": [width],
  "mlp.hidden.weight": [2 * width, width],
  "mlp.hidden.bias": [2 * width],
  "mlp.out.weight": [width, 2 * width],
  "mlp.out.bias": [width],
  "head.weight": [features, width],
  "head.bias": [features],
};

export const parameterNames: readonly string[] = Object.keys(parameterShapes);

const data = { x: [batch, tokens, features], y: [batch, tokens, features] } as const;

function drawAll(shapes: Readonly<Record<string, readonly number[]>>, seed: number): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], index) => [
      name,
      drawTensor({ dtype: "float32", shape, low: -0.5, high: 0.5 }, seed + index),
    ]),
  );
}

export function drawParameters(): Record<string, HostTensor> {
  return drawAll(parameterShapes, 100);
}

/** One batch: inputs x and targets y, both [3, 5, 3]. */
export function drawBatch(): Record<string, HostTensor> {
  return drawAll(data, 1);
}

/** [B, T, C] -> [B, heads, T, C / heads] */
function splitHeads(x: Value): Value {
  return ops.transpose(ops.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
}

/** Causal self-attention. */
function attention(x: Value, p: Values): Value {
  const qkv = ops.linear(x, p["attention.qkv.weight"]!, p["attention.qkv.bias"]!); // [B, T, 3 C]
  const [q, k, v] = [0, 1, 2].map((part) => splitHeads(ops.slice(qkv, -1, part * width, (part + 1) * width)));
  const scores = ops.mul(ops.matmul(q!, k!, { transposeB: true }), 1 / Math.sqrt(width / heads)); // [B, heads, T, T]
  const position = ops.constant({
    dtype: "int32",
    shape: [tokens],
    data: Int32Array.from({ length: tokens }, (_, i) => i),
  });
  const visible = ops.lessEqual(ops.reshape(position, [1, tokens]), ops.reshape(position, [tokens, 1]));
  const mixed = ops.matmul(ops.softmax(ops.where(visible, scores, -1e9)), v!);
  const joined = ops.reshape(ops.transpose(mixed, [0, 2, 1, 3]), [batch, tokens, width]);
  return ops.linear(joined, p["attention.out.weight"]!, p["attention.out.bias"]!);
}

function mlp(x: Value, p: Values): Value {
  const hidden = ops.gelu(ops.linear(x, p["mlp.hidden.weight"]!, p["mlp.hidden.bias"]!));
  return ops.linear(hidden, p["mlp.out.weight"]!, p["mlp.out.bias"]!);
}

/** Mean squared error of the block's prediction of y from x. */
export function modelLoss(p: Values): Value {
  let hidden = ops.add(ops.linear(p.x!, p["embed.weight"]!, p["embed.bias"]!), p.positions!);
  const normed = (part: string) => ops.layerNorm(hidden, p[`${part}.norm.scale`]!, p[`${part}.norm.bias`]!);
  hidden = ops.add(hidden, attention(normed("attention"), p));
  hidden = ops.add(hidden, mlp(normed("mlp"), p));
  const predicted = ops.linear(hidden, p["head.weight"]!, p["head.bias"]!);
  return ops.mean(ops.square(ops.sub(predicted, p.y!)));
}

function float(shape: readonly number[]): TensorType {
  return { dtype: "float32", shape };
}

/** New parameters under their own names, and the loss before the step. */
export type StepRule = (parameter: Value, slope: Value, values: Values, name: string) => Record<string, Value>;

/** One training step as one graph: inputs x, y, the parameters and `state`, outputs what `rule` gives and the loss. */
export function trainingStep(state: Readonly<Record<string, readonly number[]>>, rule: StepRule): Graph {
  const shapes = { ...data, ...parameterShapes, ...state };
  const types = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, float(shape)]));
  return trace(types, (values) => {
    const loss = modelLoss(values);
    const slopes = gradient(
      loss,
      parameterNames.map((name) => values[name] as Value),
    );
    const updated = parameterNames.map((name, i) => rule(values[name]!, slopes[i]!, values, name));
    return Object.assign({ loss }, ...updated);
  });
}

/** The loss and d(loss)/d(parameter) by the parameter's name. */
export const lossAndGradients: () => Graph = () =>
  trainingStep({}, (_parameter, slope, _values, name) => ({ [name]: slope }));

export const sgdStep: () => Graph = () =>
  trainingStep({}, (parameter, slope, _values, name) => ({ [name]: ops.sub(parameter, ops.mul(slope, 0.1)) }));

const learningRate = 0.01;
const weightDecay = 0.1;
/**
 * Far above the usual 1e-8: the true slope of the keys' bias is zero (softmax takes no notice of it), and with a
 * small epsilon the rounding error in its place would be normalised to a full step.
 */
const epsilon = 1e-4;

const moments = (prefix: string) =>
  parameterNames.map((name) => [`${prefix}.${name}`, parameterShapes[name]!] as const);

/** Shapes of AdamW's state: both moments, and the two powers of the decay rates for the bias correction. */
export const adamwState: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries([...moments("m"), ...moments("v")]),
  power1: [],
  power2: [],
};

/** AdamW (Loshchilov and Hutter 2019, algorithm 2) with beta1 0.9, beta2 0.999. */
export const adamwStep: () => Graph = () =>
  trainingStep(adamwState, (parameter, slope, values, name) => {
    const power1 = ops.mul(values.power1!, 0.9);
    const power2 = ops.mul(values.power2!, 0.999);
    const m = ops.add(ops.mul(values[`m.${name}`]!, 0.9), ops.mul(slope, 0.1));
    const v = ops.add(ops.mul(values[`v.${name}`]!, 0.999), ops.mul(ops.square(slope), 0.001));
    const mean = ops.div(m, ops.sub(1, power1));
    const deviation = ops.sqrt(ops.div(v, ops.sub(1, power2)));
    const direction = ops.add(ops.div(mean, ops.add(deviation, epsilon)), ops.mul(parameter, weightDecay));
    return {
      [name]: ops.sub(parameter, ops.mul(direction, learningRate)),
      [`m.${name}`]: m,
      [`v.${name}`]: v,
      power1,
      power2,
    };
  });
