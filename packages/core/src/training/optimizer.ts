import { add, div, minimum, mul, sqrt, square, sub, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { Parameters } from "../models/model.js";

export interface AdamWOptions {
  /** Peak learning rate. */
  readonly learningRate: number;
  /** Decay rates of the first and second moment. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled decay of every parameter, biases and norms included. Default 1e-4. */
  readonly weightDecay?: number;
}

export interface CompleteAdamWOptions extends Required<AdamWOptions> {}

export function completeAdamW(options: AdamWOptions): CompleteAdamWOptions {
  return { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 1e-4, ...options };
}

/** The optimiser's state of all parameters, by parameter name. */
export interface Moments {
  readonly first: Parameters;
  readonly second: Parameters;
}

/** Per-step numbers of AdamW, computed in float64 on the host and fed to the step graph as scalars. */
export interface AdamWScalars<T> {
  /** 1 - learningRate * weightDecay. */
  readonly decay: T;
  readonly stepSize: T;
  readonly epsilon: T;
}

/**
 * The scalars of step `step` (1-based) at the given learning rate.
 *
 * The graph keeps moments without their constant factors, m / (1 - beta1) and v / (1 - beta2), which saves two
 * passes over every parameter; the factors and both bias corrections are folded in here.
 */
export function adamWScalars(options: CompleteAdamWOptions, step: number, learningRate: number): AdamWScalars<number> {
  const [beta1, beta2] = options.betas;
  const first = (1 - beta1) / (1 - beta1 ** step);
  const second = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  return {
    decay: 1 - learningRate * options.weightDecay,
    stepSize: (learningRate * first) / second,
    epsilon: options.epsilon / second,
  };
}

export interface AdamWResult {
  readonly parameters: Record<string, Value>;
  readonly first: Record<string, Value>;
  readonly second: Record<string, Value>;
}

/**
 * One AdamW update (Loshchilov & Hutter 2019, in PyTorch's order: decay first) of every parameter.
 * p' = p (1 - lr wd) - lr m^ / (sqrt(v^) + eps).
 */
export function adamW(
  options: CompleteAdamWOptions,
  parameters: Parameters,
  gradients: Parameters,
  moments: Moments,
  scalars: AdamWScalars<Value>,
): AdamWResult {
  const [beta1, beta2] = options.betas;
  const result: AdamWResult = { parameters: {}, first: {}, second: {} };
  for (const [name, parameter] of Object.entries(parameters)) {
    const gradient = gradients[name] as Value;
    const first = add(mul(moments.first[name] as Value, beta1), gradient);
    const second = add(mul(moments.second[name] as Value, beta2), square(gradient));
    const update = mul(div(first, add(sqrt(second), scalars.epsilon)), scalars.stepSize);
    const decayed = options.weightDecay === 0 ? parameter : mul(parameter, scalars.decay);
    result.parameters[name] = sub(decayed, update);
    result.first[name] = first;
    result.second[name] = second;
  }
  return result;
}

/** The Euclidean norm of all gradients together, scalar. */
export function globalNorm(gradients: Parameters): Value {
  const squares = Object.values(gradients).map((gradient) => sum(square(gradient)));
  return sqrt(squares.reduce((total, square) => add(total, square)));
}

/** Gradients scaled down so that their global norm is at most `limit` (as PyTorch's `clip_grad_norm_`). */
export function clipByNorm(gradients: Parameters, norm: Value, limit: number): Record<string, Value> {
  const factor = minimum(div(limit, add(norm, 1e-6)), 1);
  return Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, mul(gradient, factor)]));
}
