import { DiffusionForcingError } from "../../engine/errors.js";
import type { GaussianPath, NoiseProcess } from "../../process/process.js";

/**
 * The process's path, for solvers that need one.
 *
 * @throws `invalid-argument`
 */
export function pathOf(solver: string, process: NoiseProcess): GaussianPath {
  if (process.path !== undefined) return process.path;
  throw new DiffusionForcingError(
    "invalid-argument",
    `The solver ${solver} follows a Gaussian path, and a process of kind "${process.config.kind}" has none. Use ancestral(), which samples every process.`,
  );
}
