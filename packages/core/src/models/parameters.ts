import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import type { RandomStream } from "../engine/random/index.js";
import { formatShape, shapesEqual, sizeOf } from "../engine/tensor/shape.js";
import { checkFinite, type HostTensor, type HostTensorRecord, zeros } from "../engine/tensor/tensor.js";
import { dataRangeOf, isDataRangeName } from "./data-range.js";
import type { Initializer, ModelConfig, Network } from "./model.js";

const networkSchema = schemas.having<Network>("a network, such as transformer() makes", "config", "parameters");
const randomSchema = schemas.having<RandomStream>("a random stream, as createRandom() makes one", "split");

function draw(initializer: Initializer, random: RandomStream, target: Float32Array): void {
  if (initializer.kind === "ones") target.fill(1);
  if (initializer.kind === "uniform") {
    for (let i = 0; i < target.length; i++) target[i] = (2 * random.uniform() - 1) * initializer.bound;
  }
}

/**
 * Fresh parameters. Every parameter draws from its own stream, split off by its name, so that adding one does
 * not change the others.
 *
 * @throws `invalid-argument`
 */
export function initializeParameters(model: Network, random: RandomStream): Record<string, HostTensor<"float32">> {
  check("initializeParameters: the model", networkSchema, model);
  check("initializeParameters: the random numbers", randomSchema, random);
  return Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape, initializer }]) => {
      const parameter = zeros("float32", shape);
      draw(initializer, random.split(name), parameter.data);
      return [name, parameter];
    }),
  );
}

/** A config field by field, of one out of a file not all. */
function described(config: ModelConfig): string {
  const fields = Object.entries(config).slice(0, 24);
  return `{ ${fields.map(([name, value]) => `${describe(name).slice(1, -1)}: ${describe(value)}`).join(", ")} }`;
}

/** Number of trainable values. @throws `invalid-argument` */
export function countParameters(model: Network): number {
  check("countParameters: the model", networkSchema, model);
  return Object.values(model.parameters).reduce((total, { shape }) => total + sizeOf(shape), 0);
}

/**
 * Checks that the tensors are exactly the model's parameters.
 *
 * @throws `checkpoint-mismatch` naming the first tensor that is missing, unknown, or of another type; what
 *   `checkFinite` throws for one that is no sound tensor or holds numbers that are none.
 */
export function checkParameters(model: Network, tensors: HostTensorRecord): void {
  const mismatch = (what: string): DiffusionForcingError =>
    new DiffusionForcingError(
      "checkpoint-mismatch",
      `${what} These weights belong to another model than ${described(model.config)}.`,
    );
  for (const [name, { shape }] of Object.entries(model.parameters)) {
    const given = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (given === undefined) throw mismatch(`Parameter ${describe(name)} ${formatShape(shape)} is missing.`);
    checkFinite(`Parameter ${describe(name)}`, given);
    if (given.dtype !== "float32" || !shapesEqual(given.shape, shape)) {
      throw mismatch(
        `Parameter ${describe(name)} is ${given.dtype}${formatShape(given.shape)}, expected float32${formatShape(shape)}.`,
      );
    }
  }
  dataRangeOf(model, tensors);
  for (const name of Object.keys(tensors)) {
    if (!Object.hasOwn(model.parameters, name) && !isDataRangeName(name))
      throw mismatch(`There is no parameter ${describe(name)}.`);
  }
}
