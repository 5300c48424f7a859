import type { ModelInput } from "../model.js";
import { type DiT3dConfig, type PatchGrid, patchGridOf } from "./config.js";

/** Sizes of one application. */
export interface Sizes {
  readonly batch: number;
  readonly length: number;
  readonly grid: PatchGrid;
  /** N */
  readonly patches: number;
}

export function sizesOf(config: DiT3dConfig, input: ModelInput): Sizes {
  const [batch, length] = input.tokens.shape as [number, number];
  const grid = patchGridOf(config);
  return { batch, length, grid, patches: grid.rows * grid.columns };
}
