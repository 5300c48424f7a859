import { allocate, type DType } from "@diffusion-forcing/core/graph";
import type { ModelBuilder } from "../model-builder.js";

/** A scalar constant of any dtype. */
export function numericFill(builder: ModelBuilder, value: number, dtype: DType): string {
  return builder.constant(allocate(dtype, 1).fill(value), dtype, []);
}
