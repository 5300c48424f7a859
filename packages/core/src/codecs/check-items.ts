import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import { checkHostTensor } from "../engine/tensor/tensor.js";
import { describeTokens, holdsTokens } from "../models/model.js";
import type { Batch } from "../training/batch.js";

/**
 * Whether an autoencoder can be trained on a batch: finite items float32 [B, T, features], and nothing else.
 *
 * @throws `shape-mismatch`, `invalid-argument`, `invalid-data`
 */
export function checkItems(features: number, { tokens, noiseLevels, condition, lossMask }: Batch): void {
  checkHostTensor('The batch\'s "tokens"', tokens);
  const expected = { tokenShape: [features] };
  if (!holdsTokens(expected, tokens)) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `The batch's tokens are ${formatType(tokens)}; the autoencoder takes ${describeTokens(expected)}, the items.`,
    );
  }
  const foreign = Object.entries({ noiseLevels, condition, lossMask }).find(([, value]) => value !== undefined);
  if (foreign !== undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `The batch holds ${foreign[0]}; an autoencoder is trained on tokens alone.`,
    );
  }
  const bad = tokens.data.findIndex((x) => !Number.isFinite(x));
  if (bad < 0) return;
  throw new DiffusionForcingError(
    "invalid-data",
    `The batch's tokens hold ${tokens.data[bad]} at element ${bad}; expected finite numbers. Clean the data.`,
  );
}
