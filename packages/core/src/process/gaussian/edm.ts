import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import type { GaussianPath, NoiseProcess, ProcessConfig } from "../process.js";
import { MOST_LEVELS } from "../tables.js";
import { gaussianProcess } from "./gaussian-process.js";
import { defaultLimit, type EstimateLimit, limitSchema } from "./limit.js";
import type { Objective } from "./objective.js";
import { checkedPath } from "./path.js";

export interface EdmOptions {
  /** K. Default 1000. */
  readonly levels?: number;
  /** Noise of level 1. Default 0.002. */
  readonly sigmaMin?: number;
  /** Noise of level K. Default 80. */
  readonly sigmaMax?: number;
  /** How the levels between crowd towards little noise. Default 7. */
  readonly rho?: number;
  /** Standard deviation of the data. Default 0.5. */
  readonly sigmaData?: number;
  /** Largest absolute value of a noise draw. Default 20. */
  readonly noiseClip?: number;
  /** Limit of the clean estimate. Default {@link defaultLimit}. */
  readonly limit?: EstimateLimit;
}

const schema = v.strictObject({
  levels: v.optional(schemas.integer(2, MOST_LEVELS), 1000),
  sigmaMin: v.optional(schemas.positive(), 0.002),
  sigmaMax: v.optional(schemas.positive(), 80),
  rho: v.optional(schemas.positive(), 7),
  sigmaData: v.optional(schemas.positive(), 0.5),
  noiseClip: v.optional(schemas.positive(), 20),
  limit: v.optional(limitSchema, defaultLimit),
});

/**
 * The variance-exploding process of EDM (Karras et al. 2022): x^k = x + sigma_k eps with sigma_k^(1 / rho) equally
 * spaced (equation 5), a network preconditioned to read and write numbers of unit size (equation 7), and an unweighted
 * loss of its output, which is their weighting (table 1). Levels are drawn uniformly here, not log-normally; the network
 * is told the level's number, which is nearly linear in log sigma.
 *
 * @throws `invalid-config`
 */
export function edm(options: EdmOptions = {}): NoiseProcess {
  const complete = check("edm", schema, options, "invalid-config");
  const { levels, sigmaMin, sigmaMax, rho, sigmaData, noiseClip, limit } = complete;
  if (sigmaMin >= sigmaMax) {
    throw new DiffusionForcingError(
      "invalid-config",
      `edm: sigmaMin is ${sigmaMin} and sigmaMax is ${sigmaMax}; expected sigmaMin below sigmaMax.`,
    );
  }
  const [low, high] = [sigmaMin ** (1 / rho), sigmaMax ** (1 / rho)];
  const noise = Float64Array.from({ length: levels + 1 }, (_, k) =>
    k === 0 ? 0 : (low + ((k - 1) / (levels - 1)) * (high - low)) ** rho,
  );
  const path = checkedPath("edm", { signal: new Float64Array(levels + 1).fill(1), noise });
  return gaussianProcess({
    config: { kind: "edm", ...complete },
    path,
    objective: preconditioned(path, sigmaData),
    limit,
    noiseClip,
    priorScale: sigmaMax,
    lossWeighting: { kind: "uniform" },
    inputScale: noise.map((sigma) => 1 / norm(sigma, sigmaData)),
  });
}

/**
 * x = c_skip x^k + c_out F: as a combination of x and eps, F = ((1 - c_skip) x - c_skip sigma eps) / c_out. At level 0,
 * where c_out is 0, the token itself is the estimate.
 */
function preconditioned({ noise }: GaussianPath, sigmaData: number): Objective {
  // (1 - c_skip) / c_out and c_skip sigma / c_out, with what they share cancelled.
  return {
    kind: "edm",
    clean: noise.map((sigma) => sigma / (sigmaData * norm(sigma, sigmaData))),
    noise: noise.map((sigma) => -sigmaData / norm(sigma, sigmaData)),
    sensitivity: [1 / sigmaData ** 2, 0, 1],
  };
}

/** @throws `invalid-config` */
export function edmFromConfig({ kind: _, ...options }: ProcessConfig): NoiseProcess {
  return edm(options);
}

/** Unlike `Math.hypot`, the same bits in every engine. */
function norm(a: number, b: number): number {
  return Math.sqrt(a * a + b * b);
}
