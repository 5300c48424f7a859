import { crps, crpsSum, quantileCrpsSum } from "@diffusion-forcing/core/metrics";
import { type GoldenCase, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { float32 } from "../layout.js";

/** H: the scores of probabilistic forecasts, samples [N, T, B, C] against [T, B, C]. */
export function runCrps(golden: GoldenCase): TensorResult[] {
  const names = [...golden.tensors.keys()].filter((name) => name.endsWith(".pred"));
  return names.flatMap((name) => {
    const prefix = name.slice(0, -"pred".length);
    const forecast = {
      samples: float32(tensorOf(golden, name)),
      truth: float32(tensorOf(golden, `${prefix}truth`)),
    };
    const scalar = (result: string, value: number): TensorResult[] =>
      golden.tensors.has(`${prefix}out.${result}`)
        ? [{ name: `${prefix}out.${result}`, shape: [], data: [value] }]
        : [];
    return [
      { name: `${prefix}out.crps_empirical`, shape: forecast.truth.shape, data: crps(forecast) },
      ...scalar("crps_empirical_sum", crpsSum(forecast)),
      ...scalar("crps_empirical_sum_3d_input", crpsSum(firstSample(forecast))),
      ...(golden.tensors.has(`${prefix}out.crps_quantile_sum`)
        ? scalar("crps_quantile_sum", quantileCrpsSum(forecast))
        : []),
    ];
  });
}

/** A forecast without an axis of samples is one sample. */
function firstSample({ samples, truth }: Record<"samples" | "truth", ReturnType<typeof float32>>) {
  const one = samples.data.subarray(0, truth.data.length);
  return { samples: float32({ shape: [1, ...truth.shape], data: one }), truth };
}
