import { betasOf, type NoiseSchedule } from "../process/gaussian/schedule.js";

/** What every later formula reads of a noise schedule, each table indexed by noise level 0..K. */
export interface ScheduleTables<Numbers> {
  /** alphaBar_k, the share of the signal's variance left at level k; 1 at level 0. */
  readonly alphasCumprod: Numbers;
  /** alphaBar_{k-1}; 1 at level 0. */
  readonly alphasCumprodPrevious: Numbers;
  /** sqrt(alphaBar_k): the signal's factor. */
  readonly sqrtAlphasCumprod: Numbers;
  /** sqrt(1 - alphaBar_k): the noise's factor; 0 at level 0. */
  readonly sqrtOneMinusAlphasCumprod: Numbers;
  /** log(1 - alphaBar_k); log(1e-20) at level 0, where it would be -infinity. */
  readonly logOneMinusAlphasCumprod: Numbers;
  /** sqrt(1 / alphaBar_k). */
  readonly sqrtReciprocalAlphasCumprod: Numbers;
  /** sqrt(1 / alphaBar_k - 1); 0 at level 0. */
  readonly sqrtReciprocalAlphasCumprodMinusOne: Numbers;
  /** Variance of q(x^{k-1} | x^k, x0), DDPM equation 7; 0 at levels 0 and 1. */
  readonly posteriorVariance: Numbers;
  /** log(max(posterior variance, 1e-20)). */
  readonly posteriorLogVariance: Numbers;
  /** Factor of x0 in the mean of q(x^{k-1} | x^k, x0); 1 at level 0. */
  readonly posteriorMeanFactorX0: Numbers;
  /** Factor of x^k in the mean of q(x^{k-1} | x^k, x0); 0 at level 0. */
  readonly posteriorMeanFactorNoisy: Numbers;
  /** Signal-to-noise ratio alphaBar_k / (1 - alphaBar_k); infinite at level 0. */
  readonly snr: Numbers;
}

/** Keeps logarithms of a zero variance finite. */
const SMALLEST_VARIANCE = 1e-20;

/** All tables in float64 from the betas of levels 1..K (`betas[k - 1]` belongs to level k). */
export function tablesFromBetas(betas: Float64Array): ScheduleTables<Float64Array> {
  const levels = betas.length;
  const table = () => new Float64Array(levels + 1);
  const tables: ScheduleTables<Float64Array> = {
    alphasCumprod: table(),
    alphasCumprodPrevious: table(),
    sqrtAlphasCumprod: table(),
    sqrtOneMinusAlphasCumprod: table(),
    logOneMinusAlphasCumprod: table(),
    sqrtReciprocalAlphasCumprod: table(),
    sqrtReciprocalAlphasCumprodMinusOne: table(),
    posteriorVariance: table(),
    posteriorLogVariance: table(),
    posteriorMeanFactorX0: table(),
    posteriorMeanFactorNoisy: table(),
    snr: table(),
  };
  let previous = 1;
  for (let level = 0; level <= levels; level++) {
    const beta = level === 0 ? 0 : betas[level - 1]!;
    const alphaBar = previous * (1 - beta);
    const noise = 1 - alphaBar;
    tables.alphasCumprod[level] = alphaBar;
    tables.alphasCumprodPrevious[level] = previous;
    tables.sqrtAlphasCumprod[level] = Math.sqrt(alphaBar);
    tables.sqrtOneMinusAlphasCumprod[level] = Math.sqrt(noise);
    tables.logOneMinusAlphasCumprod[level] = Math.log(Math.max(noise, SMALLEST_VARIANCE));
    tables.sqrtReciprocalAlphasCumprod[level] = Math.sqrt(1 / alphaBar);
    tables.sqrtReciprocalAlphasCumprodMinusOne[level] = Math.sqrt(1 / alphaBar - 1);
    tables.snr[level] = alphaBar / noise;
    // Level 0 has no posterior: nothing is left to remove, so the mean is x0 itself.
    const variance = level === 0 ? 0 : (beta * (1 - previous)) / noise;
    tables.posteriorVariance[level] = variance;
    tables.posteriorLogVariance[level] = Math.log(Math.max(variance, SMALLEST_VARIANCE));
    tables.posteriorMeanFactorX0[level] = level === 0 ? 1 : (beta * Math.sqrt(previous)) / noise;
    tables.posteriorMeanFactorNoisy[level] = level === 0 ? 0 : ((1 - previous) * Math.sqrt(1 - beta)) / noise;
    previous = alphaBar;
  }
  return tables;
}

/** Every table rounded to float32. */
export function roundTables(tables: ScheduleTables<Float64Array>): ScheduleTables<Float32Array> {
  const rounded = Object.entries<Float64Array>({ ...tables }).map(([name, table]) => [name, Float32Array.from(table)]);
  return Object.fromEntries(rounded) as ScheduleTables<Float32Array>;
}

/** A schedule's betas (of level k at index k - 1) and every table of the official code, as computed and rounded. */
export function officialScheduleTables({ config }: NoiseSchedule): {
  readonly betas: Float64Array;
  readonly float64: ScheduleTables<Float64Array>;
  readonly tables: ScheduleTables<Float32Array>;
} {
  const betas = betasOf(config);
  const float64 = tablesFromBetas(betas);
  return { betas, float64, tables: roundTables(float64) };
}
