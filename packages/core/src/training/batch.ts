import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import type { RandomStream } from "../engine/random/index.js";
import { broadcastShapes, broadcastStrides, formatShape, shapesEqual, stridesOf } from "../engine/tensor/shape.js";
import { checkHostTensor, type HostTensor } from "../engine/tensor/tensor.js";
import { type DataRange, extendedRange } from "../models/data-range.js";
import { describeTokens, holdsTokens, type Model } from "../models/model.js";

/** Sequences to train one step on. Shapes may change from step to step; each shape is compiled once. */
export interface Batch {
  /** Clean sequences, float32 [B, T, ...tokenShape]. */
  readonly tokens: HostTensor;
  /** int32 [B, T], 0..K. Default: independent and uniform over 1..K (Chen et al. 2024, Algorithm 1). */
  readonly noiseLevels?: HostTensor;
  /** float32, broadcastable to the tokens; 0 for padding. */
  readonly lossMask?: HostTensor;
  /** float32 [B, T, D], for a conditioned model. */
  readonly condition?: HostTensor;
  /** A sequence of symbols for each of the batch's, of any lengths, for losses over alignments. */
  readonly targets?: readonly (readonly number[])[];
  /** Batches of constraints by their names, which `constrainedTraining` reads. */
  readonly constraints?: Readonly<Record<string, Batch>>;
}

/** Makes the batch of a step (1-based); all randomness from `random`, so that a resumed run sees the same data. */
export type BatchSource = (step: number, random: RandomStream) => Batch | Promise<Batch>;

/** The range of the data that also holds this batch; what its loss mask leaves out does not count. */
export function batchRange(range: DataRange | undefined, { tokens, lossMask }: Batch): DataRange {
  if (lossMask === undefined) return extendedRange(range, tokens);
  const strides = broadcastStrides(lossMask.shape, tokens.shape);
  const sizes = stridesOf(tokens.shape);
  const mask = Float32Array.from(tokens.data, (_, i) => {
    const at = sizes.reduce((sum, size, axis) => {
      const index = Math.floor(i / size) % (tokens.shape[axis] as number);
      return sum + index * (strides[axis] as number);
    }, 0);
    return lossMask.data[at] as number;
  });
  return extendedRange(range, tokens, mask);
}

function refuse(what: string): never {
  throw new DiffusionForcingError("invalid-data", what);
}

/** What a source gave, if it is an object at all. @throws `invalid-data` */
export function givenBatch(batch: Batch): Batch {
  if (typeof batch === "object" && batch !== null) return batch;
  return refuse(`The batch is ${describe(batch)}; expected an object with tokens.`);
}

/** @throws `invalid-data`, `shape-mismatch`, `invalid-noise-levels` and what `checkHostTensor` throws. */
export function checkBatch(model: Model, levelCount: number, batch: Batch): void {
  const { tokens, noiseLevels, lossMask, condition, ...rest } = givenBatch(batch);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    refuse(`The batch has no "${unknown}"; what it may hold is tokens, noiseLevels, lossMask and condition.`);
  }
  checkHostTensor('The batch\'s "tokens"', tokens);
  for (const [name, tensor] of Object.entries({ noiseLevels, lossMask, condition })) {
    if (tensor !== undefined) checkHostTensor(`The batch's "${name}"`, tensor);
  }
  if (!holdsTokens(model, tokens)) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `The batch's tokens are ${formatType(tokens)}; the model takes ${describeTokens(model)}.`,
    );
  }
  const [batchSize, length] = tokens.shape as [number, number];
  for (const [name, tensor] of Object.entries({ tokens, lossMask, condition })) {
    if (tensor === undefined) continue;
    const bad = tensor.data.findIndex((x) => !Number.isFinite(x));
    if (bad < 0) continue;
    refuse(`The batch's ${name} hold ${tensor.data[bad]} at element ${bad}; expected finite numbers. Clean the data.`);
  }
  if (noiseLevels !== undefined) {
    if (noiseLevels.dtype !== "int32" || !shapesEqual(noiseLevels.shape, [batchSize, length])) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `The batch's noise levels are ${formatType(noiseLevels)}; expected int32[${batchSize}, ${length}].`,
      );
    }
    const bad = noiseLevels.data.find((level) => level < 0 || level > levelCount);
    if (bad !== undefined) {
      throw new DiffusionForcingError("invalid-noise-levels", `Noise level ${bad} is outside 0..${levelCount}.`);
    }
  }
  if (lossMask !== undefined) {
    // Nothing may broadcast the other way: the loss would become a mean over more elements than there are.
    const fits = broadcastShapes(lossMask.shape, tokens.shape);
    if (lossMask.dtype !== "float32" || fits === undefined || !shapesEqual(fits, tokens.shape)) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `The batch's element weights are ${formatType(lossMask)}; expected float32, broadcastable to ${formatShape(tokens.shape)}.`,
      );
    }
  }
  const conditionShape = model.conditionFeatures === 0 ? undefined : [batchSize, length, model.conditionFeatures];
  const fits =
    conditionShape === undefined
      ? condition === undefined
      : condition?.dtype === "float32" && shapesEqual(condition.shape, conditionShape);
  if (!fits) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `The batch's condition is ${condition ? formatType(condition) : "missing"}; the model takes ${conditionShape ? `float32[${conditionShape.join(", ")}]` : "none"}.`,
    );
  }
}
