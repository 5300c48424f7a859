import type { Peephole } from "../lowering.js";
import { absorbIntoProduct, scaleProduct } from "./absorb-into-product.js";
import { accumulateProduct } from "./accumulate-product.js";
import { biasIntoConvolution } from "./bias-into-convolution.js";
import { mean } from "./mean.js";
import { slicesAsSplit } from "./slices-as-split.js";
import { scaledSumAsProduct, sumAsProduct } from "./sum-as-product.js";

/** Tried in order before an op's own rule; the first that applies wins. */
export const peepholes: readonly Peephole[] = [
  scaleProduct,
  absorbIntoProduct,
  accumulateProduct,
  biasIntoConvolution,
  scaledSumAsProduct,
  sumAsProduct,
  mean,
  slicesAsSplit,
];
