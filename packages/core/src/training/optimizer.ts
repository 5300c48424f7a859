import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { add, div, maximum, minimum, mul, sqrt, square, sub, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { Parameters } from "../models/model.js";
import { decayWeightsOnly, type ParameterGroup, type ParameterGrouping } from "./parameter-groups.js";

/** AdamW (Loshchilov and Hutter 2019). Everything has a default that small and middling transformers train well with. */
export interface AdamWOptions {
  /** Peak learning rate. Default 1e-3. */
  readonly learningRate?: number;
  /** Decay rates of the first and second moment. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled decay of the weights, in proportion to the scheduled rate. Default 1e-4. */
  readonly weightDecay?: number;
  /** Which parameters decay, or learn at another rate. Default {@link decayWeightsOnly}. */
  readonly group?: ParameterGrouping;
}

export interface CompleteAdamWOptions extends Required<AdamWOptions> {}

/** Of decay rates: of moments, of averages. */
export const fraction: v.GenericSchema<number> = schemas.satisfying<number>(
  "a number from 0 to below 1",
  (value) => typeof value === "number" && value >= 0 && value < 1,
);

const schema = v.strictObject({
  learningRate: v.optional(schemas.number(0), 1e-3),
  betas: v.optional(v.strictTuple([fraction, fraction]), [0.9, 0.999]),
  epsilon: v.optional(schemas.positive(), 1e-8),
  weightDecay: v.optional(schemas.number(0), 1e-4),
  group: v.optional(schemas.function<ParameterGrouping>(), () => decayWeightsOnly),
});

/**
 * The options with what is left out filled in.
 *
 * @param what whose they are, as a message begins.
 * @throws `invalid-argument`
 */
export function completeAdamW(options: AdamWOptions = {}, what: string = "completeAdamW"): CompleteAdamWOptions {
  return check(what, schema, options);
}

/** The optimiser's state of all parameters, by parameter name. */
export interface Moments {
  readonly first: Parameters;
  readonly second: Parameters;
}

/** Per-step numbers of AdamW for one group of parameters. */
export interface AdamWScalars<T> {
  /** 1 - learningRate * weightDecay; absent where nothing decays. */
  readonly decay?: T;
  readonly stepSize: T;
  /** Whether the group climbs by plain projected ascent, of that step size. */
  readonly isAscent?: boolean;
  readonly epsilon: T;
}

/**
 * The scalars of step `step` (1-based) at the given learning rate, for one group, in float64.
 *
 * The graph keeps moments without their constant factors, m / (1 - beta1) and v / (1 - beta2), which saves two
 * passes over every parameter; the factors and both bias corrections are folded in here.
 */
export function adamWScalars(
  options: Pick<CompleteAdamWOptions, "betas" | "epsilon">,
  group: Required<ParameterGroup> & { readonly ascent?: number },
  step: number,
  learningRate: number,
): AdamWScalars<number> {
  if (group.ascent) return { stepSize: group.ascent, epsilon: options.epsilon, isAscent: true };
  const [beta1, beta2] = options.betas;
  const rate = learningRate * group.learningRate;
  const first = (1 - beta1) / (1 - beta1 ** step);
  const second = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  return {
    ...(group.weightDecay === 0 ? {} : { decay: 1 - rate * group.weightDecay }),
    stepSize: (rate * first) / second,
    epsilon: options.epsilon / second,
  };
}

export interface AdamWResult {
  readonly parameters: Record<string, Value>;
  readonly first: Record<string, Value>;
  readonly second: Record<string, Value>;
}

/**
 * One AdamW update (in PyTorch's order: decay first) of every parameter. p' = p (1 - lr wd) - lr m^ / (sqrt(v^) + eps).
 *
 * @param scalarsOf the scalars of the group that a parameter is in.
 */
export function adamW(
  options: Pick<CompleteAdamWOptions, "betas">,
  parameters: Parameters,
  gradients: Parameters,
  moments: Moments,
  scalarsOf: (name: string) => AdamWScalars<Value>,
): AdamWResult {
  const [beta1, beta2] = options.betas;
  const result: AdamWResult = { parameters: {}, first: {}, second: {} };
  for (const [name, parameter] of Object.entries(parameters)) {
    const scalars = scalarsOf(name);
    const gradient = gradients[name] as Value;
    if (scalars.isAscent) {
      result.parameters[name] = maximum(add(parameter, mul(gradient, scalars.stepSize)), 0);
      result.first[name] = mul(moments.first[name] as Value, 1);
      result.second[name] = mul(moments.second[name] as Value, 1);
      continue;
    }
    const first = add(mul(moments.first[name] as Value, beta1), gradient);
    const second = add(mul(moments.second[name] as Value, beta2), square(gradient));
    const update = mul(div(first, add(sqrt(second), scalars.epsilon)), scalars.stepSize);
    const decayed = scalars.decay === undefined ? parameter : mul(parameter, scalars.decay);
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

const stepSchema = schemas.integer(1);

/**
 * How far the moving average goes towards the parameters in step `step` (1-based): 1 - decay, but more at first,
 * 1 - (1 + step) / (10 + step). An average over the last tenth of a short run, that is, instead of one that still holds
 * the random first parameters: at decay 0.999 they would have weight 0.37 after 1,000 steps.
 *
 * @throws `invalid-argument`
 */
export function emaRate(decay: number, step: number): number {
  check("emaRate: the decay", fraction, decay);
  check("emaRate: the step", stepSchema, step);
  return 1 - Math.min(decay, (1 + step) / (10 + step));
}

/** ema + (p - ema) rate, for each tensor. */
export function movingAverage(ema: Parameters, parameters: Parameters, rate: Value): Record<string, Value> {
  const entries = Object.entries(ema).map(([name, kept]) => {
    const step = mul(sub(parameters[name] as Value, kept), rate);
    return [name, add(kept, step)] as const;
  });
  return Object.fromEntries(entries);
}
