import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { bayesianFlowFromConfig } from "./bayesian-flow/continuous.js";
import { discreteBayesianFlowFromConfig } from "./bayesian-flow/discrete.js";
import { discretizedBayesianFlowFromConfig } from "./bayesian-flow/discretized.js";
import { edmFromConfig } from "./gaussian/edm.js";
import { flowMatchingFromConfig } from "./gaussian/flow-matching.js";
import { variancePreservingFromConfig } from "./gaussian/variance-preserving.js";
import type { NoiseProcess, ProcessConfig } from "./process.js";
import { tokenPredictionFromConfig } from "./token-prediction/token-prediction.js";

/** Makes a process of one kind from its stored configuration. */
export type ProcessReader = (config: ProcessConfig) => NoiseProcess;

const readers: Readonly<Record<string, ProcessReader>> = {
  "variance-preserving": variancePreservingFromConfig,
  "flow-matching": flowMatchingFromConfig,
  edm: edmFromConfig,
  "bayesian-flow": bayesianFlowFromConfig,
  "discrete-bayesian-flow": discreteBayesianFlowFromConfig,
  "discretized-bayesian-flow": discretizedBayesianFlowFromConfig,
  "token-prediction": tokenPredictionFromConfig,
};

/**
 * The process that a stored configuration describes.
 *
 * @param more readers of further kinds, for processes from outside the library.
 * @throws `invalid-config` for an unknown kind (the message lists the known ones) or an illegal field.
 */
export function processFromConfig(config: unknown, more: Readonly<Record<string, ProcessReader>> = {}): NoiseProcess {
  const all = { ...readers, ...more };
  const kind = typeof config === "object" && config !== null && "kind" in config ? config.kind : undefined;
  if (typeof kind !== "string" || !Object.hasOwn(all, kind)) {
    throw new DiffusionForcingError(
      "invalid-config",
      `A process's kind is ${describe(kind)}; the known ones are ${Object.keys(all).join(", ")}.`,
    );
  }
  return (all[kind] as ProcessReader)(config as ProcessConfig);
}
