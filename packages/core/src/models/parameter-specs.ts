import type { Initializer, ParameterSpec } from "./model.js";

/** A parameter's name and what it is. */
export type NamedSpec = readonly [name: string, spec: ParameterSpec];

/** PyTorch's default for layers that add up `inputs` products: uniform over -1 / sqrt(inputs)..1 / sqrt(inputs). */
function fanIn(inputs: number): Initializer {
  return { kind: "uniform", bound: 1 / Math.sqrt(inputs) };
}

/** weight [outputs, inputs] and, unless told otherwise, bias [outputs]. */
export function linearSpecs(prefix: string, inputs: number, outputs: number, bias = true): NamedSpec[] {
  const initializer = fanIn(inputs);
  const weight: NamedSpec = [`${prefix}.weight`, { shape: [outputs, inputs], initializer }];
  return bias ? [weight, [`${prefix}.bias`, { shape: [outputs], initializer }]] : [weight];
}

/** weight [outputs, inputs, kernel, kernel] and bias [outputs]. */
export function convolutionSpecs(prefix: string, inputs: number, outputs: number, kernel: number): NamedSpec[] {
  const initializer = fanIn(inputs * kernel * kernel);
  return [
    [`${prefix}.weight`, { shape: [outputs, inputs, kernel, kernel], initializer }],
    [`${prefix}.bias`, { shape: [outputs], initializer }],
  ];
}

/** scale and bias [width] of a normalisation. */
export function normSpecs(prefix: string, width: number): NamedSpec[] {
  return [
    [`${prefix}.scale`, { shape: [width], initializer: { kind: "ones" } }],
    [`${prefix}.bias`, { shape: [width], initializer: { kind: "zeros" } }],
  ];
}
