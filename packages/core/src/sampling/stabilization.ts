import { constant, equal, mul, reshape, where } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { NoiseProcess } from "../process/process.js";
import { perToken } from "../process/tables.js";

/**
 * Stabilisation (Chen et al. 2024, section 3.3): clean tokens, known or generated, are shown as if they were at a slightly
 * noisy level, so that the model does not believe every detail of what it made itself; their values are scaled to that
 * level, and no noise is added.
 *
 * @param level 0 shows clean tokens as they are.
 * @returns the tokens as shown [B, T, ...], and the levels told, int32 [B, T].
 */
export function stabilized(
  process: NoiseProcess,
  x: Value,
  levels: Value,
  level: number,
): { readonly tokens: Value; readonly told: Value } {
  if (level === 0) return { tokens: x, told: levels };
  const isClean = equal(levels, 0);
  const told = where(isClean, constant(tensor(Int32Array.of(level), [])), levels);
  const scaled = process.corrupt(x, told, mul(x, 0));
  return { tokens: where(reshape(isClean, perToken(x)), scaled, x), told };
}
