import { gelu } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { linearSpecs, type NamedSpec, normSpecs } from "../models/parameter-specs.js";
import type { Scope } from "../models/scope.js";

/** Sizes of a perceptron: hidden layers of one width, a layer norm before every activation. */
interface PerceptronSizes {
  readonly width: number;
  readonly layers: number;
}

export function perceptronSpecs(
  name: string,
  inputs: number,
  outputs: number,
  { width, layers }: PerceptronSizes,
): NamedSpec[] {
  const hidden = Array.from({ length: layers }, (_, index) => [
    ...linearSpecs(`${name}.hidden${index}`, index === 0 ? inputs : width, width),
    ...normSpecs(`${name}.norm${index}`, width),
  ]);
  return [...hidden.flat(), ...linearSpecs(`${name}.output`, width, outputs)];
}

export function perceptron(scope: Scope, x: Value, layers: number): Value {
  let hidden = x;
  for (let index = 0; index < layers; index++) {
    hidden = gelu(scope.layerNorm(`norm${index}`, scope.linear(`hidden${index}`, hidden)));
  }
  return scope.linear("output", hidden);
}
