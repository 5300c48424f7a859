import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { add, div, matmul, relu, sqrt, square, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { HostTensorRecord } from "../engine/tensor/tensor.js";
import type { ParameterSpec, Parameters } from "./model.js";
import { modelSchemas } from "./options.js";
import { linearSpecs } from "./parameter-specs.js";
import { scopeOf } from "./scope.js";

export interface PrototypeHeadOptions {
  /** F: numbers of a feature. */
  readonly features: number;
  /** K: prototypes, kinds that things may turn out to be. The paper takes 300 for 100 classes of images. */
  readonly prototypes: number;
  /** D: numbers of a prototype. Default 16. */
  readonly size?: number;
}

/** Compares features with prototypes. */
export interface PrototypeHead extends Required<PrototypeHeadOptions> {
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** Cosines of features [N, F] and prototypes: [N, K]. */
  scores(parameters: Parameters, features: Value): Value;
  /** The prototypes, of length 1, row by row: K rows of D. */
  prototypesOf(parameters: HostTensorRecord): Float32Array[];
}

const schema = v.strictObject({
  features: modelSchemas.features(1),
  prototypes: schemas.integer(2, 2 ** 16),
  size: v.optional(schemas.integer(1, 2 ** 16), 16),
});

/**
 * The head of self-supervised features (Hu et al. 2023): a perceptron of two layers, its output and the prototypes brought
 * to length 1. The paper's code normalises the hidden layer over the batch, which is left out here: what an item is then
 * does not depend on what it is seen with.
 *
 * @throws `invalid-config`
 */
export function prototypeHead(options: PrototypeHeadOptions): PrototypeHead {
  const { features, prototypes, size } = check("prototypeHead", schema, options, "invalid-config");
  const hidden = Math.max(size, Math.ceil(features / 2));
  return {
    features,
    prototypes,
    size,
    parameters: {
      ...Object.fromEntries([...linearSpecs("hidden", features, hidden), ...linearSpecs("projection", hidden, size)]),
      prototypes: { shape: [prototypes, size], initializer: { kind: "uniform", bound: 1 }, decays: false },
    },
    scores(parameters, x) {
      const scope = scopeOf(parameters);
      const projected = scope.linear("projection", relu(scope.linear("hidden", x)));
      return matmul(unit(projected), unit(scope.parameter("prototypes")), { transposeB: true });
    },
    prototypesOf({ prototypes: given }) {
      const rows = given as HostTensorRecord[string];
      return Array.from({ length: prototypes }, (_, k) => {
        const row = Float32Array.from(rows.data.subarray(k * size, (k + 1) * size));
        const length = Math.sqrt(row.reduce((total, value) => total + value * value, 1e-12));
        return row.map((value) => value / length);
      });
    },
  };
}

/** Rows of length 1. */
function unit(x: Value): Value {
  return div(x, sqrt(add(sum(square(x), 1, true), 1e-12)));
}
