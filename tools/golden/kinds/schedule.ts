import { officialScheduleTables, type ScheduleTables } from "@diffusion-forcing/core/official";
import type { GoldenCase } from "../case.js";
import type { TensorResult } from "../compare.js";
import { type OfficialSchedule, officialSchedule } from "../official.js";

const tableNames: Readonly<Record<string, keyof ScheduleTables<unknown>>> = {
  alphas_cumprod: "alphasCumprod",
  alphas_cumprod_prev: "alphasCumprodPrevious",
  sqrt_alphas_cumprod: "sqrtAlphasCumprod",
  sqrt_one_minus_alphas_cumprod: "sqrtOneMinusAlphasCumprod",
  log_one_minus_alphas_cumprod: "logOneMinusAlphasCumprod",
  sqrt_recip_alphas_cumprod: "sqrtReciprocalAlphasCumprod",
  sqrt_recipm1_alphas_cumprod: "sqrtReciprocalAlphasCumprodMinusOne",
  posterior_variance: "posteriorVariance",
  posterior_log_variance_clipped: "posteriorLogVariance",
  posterior_mean_coef1: "posteriorMeanFactorX0",
  posterior_mean_coef2: "posteriorMeanFactorNoisy",
  snr: "snr",
};

/** Two float32 numbers next to each other differ by at most this much. */
const FLOAT32_UNIT = 2 ** -23;

/** A: betas and every table, in float64 and rounded to float32. The golden tables begin at level 1. */
export function runSchedule(golden: GoldenCase): TensorResult[] {
  const { schedules } = golden.json.config as {
    schedules: Record<string, OfficialSchedule & { snr_clip: number }>;
  };
  return Object.entries(schedules).flatMap(([key, config]) => {
    const { betas, float64, tables } = officialScheduleTables(officialSchedule(config));
    const limit = (snr: number) => Math.min(snr, config.snr_clip);
    const both: [string, ArrayLike<number>, ArrayLike<number>][] = [
      ["betas", betas, Float32Array.from(betas)],
      ["clipped_snr", float64.snr.subarray(1).map(limit), tables.snr.subarray(1).map(limit)],
      ...Object.entries(tableNames).map(([official, name]): [string, Float64Array, Float32Array] => [
        official,
        float64[name].subarray(1),
        tables[name].subarray(1),
      ]),
    ];
    return both.flatMap(([name, exact, rounded]) => [
      { name: `${key}.f64.${name}`, shape: [exact.length], data: exact, relativeTolerance: 1e-12 },
      { name: `${key}.f32.${name}`, shape: [rounded.length], data: rounded, relativeTolerance: FLOAT32_UNIT },
    ]);
  });
}
