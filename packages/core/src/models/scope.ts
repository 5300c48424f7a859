import { type Conv2dOptions, conv2d, layerNorm, linear } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { Parameters } from "./model.js";

/** The parameters of one part of a model, and the layers that read them by their names within that part. */
export interface Scope {
  parameter(name: string): Value;
  /** The part of that name inside this one. */
  within(name: string): Scope;
  has(name: string): boolean;
  /** x [..., I] -> [..., O] by `name.weight` [O, I] and `name.bias`. */
  linear(name: string, x: Value): Value;
  /** Layer normalisation of the last axis by `name.scale` and `name.bias`, epsilon 1e-5. */
  layerNorm(name: string, x: Value): Value;
  /** x [N, I, H, W] by `name.weight` [O, I, k, k] and `name.bias`. */
  convolution(name: string, x: Value, options?: Conv2dOptions): Value;
}

export function scopeOf(parameters: Parameters, prefix = ""): Scope {
  const parameter = (name: string): Value => parameters[`${prefix}${name}`] as Value;
  return {
    parameter,
    within: (name) => scopeOf(parameters, `${prefix}${name}.`),
    has: (name) => Object.hasOwn(parameters, `${prefix}${name}`),
    linear: (name, x) => linear(x, parameter(`${name}.weight`), parameter(`${name}.bias`)),
    layerNorm: (name, x) => layerNorm(x, parameter(`${name}.scale`), parameter(`${name}.bias`)),
    convolution: (name, x, options) => conv2d(x, parameter(`${name}.weight`), parameter(`${name}.bias`), options),
  };
}
