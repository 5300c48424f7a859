import type { Backend } from "@diffusion-forcing/core";
import { log, maximum, mul, sub, type Value } from "@diffusion-forcing/core/graph";
import { atLevel, type GaussianPath, posterior } from "@diffusion-forcing/core/process";
import { type GoldenCase, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { evaluate } from "../evaluate.js";
import { batchMajor, clamped, noiseLevels, swapAxes } from "../layout.js";
import { type OfficialSchedule, officialNoiseProcess } from "../official.js";

/** C: forward noising, the change between noise, x0 and v, and the posterior. */
export async function runConversions(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as OfficialSchedule & { clip_noise: number };
  // No case's numbers are limited.
  const processOf = (objective: string) => officialNoiseProcess(config, objective, Number.MAX_VALUE);
  const [process, byClean, byVelocity] = [processOf("pred_noise"), processOf("pred_x0"), processOf("pred_v")];
  const path = process.path as GaussianPath;
  const inputs = {
    levels: noiseLevels(tensorOf(golden, "in.t")),
    x0: batchMajor(tensorOf(golden, "in.x_start")),
    x: batchMajor(tensorOf(golden, "in.x_t")),
    noise: batchMajor(tensorOf(golden, "in.noise")),
    v: batchMajor(tensorOf(golden, "in.v")),
    drawn: batchMajor(clamped(tensorOf(golden, "draw.0000"), config.clip_noise)),
  };
  const outputs = await evaluate(backend, inputs, ({ levels, x0, x, noise, v, drawn }) => {
    const rank = x0.shape.length;
    const at = (table: Float64Array): Value => atLevel(table, levels, rank);
    const logOf = (variance: Value): Value => log(maximum(variance, 1e-20));
    const noiseVariance = at(path.noise.map((sigma) => sigma ** 2));
    const backward = posterior(path, x0, x, levels, sub(levels, 1));
    // v = alpha eps - sigma x0.
    const velocity = sub(mul(at(path.signal), noise), mul(at(path.noise), x0));
    return {
      "out.q_sample_given_noise": process.corrupt(x0, levels, noise),
      "out.q_sample_drawn_noise": process.corrupt(x0, levels, drawn),
      "out.predict_start_from_noise": process.estimate(noise, x, levels).clean,
      "out.predict_noise_from_start": byClean.estimate(x0, x, levels).noise,
      "out.predict_v": velocity,
      "out.predict_start_from_v": byVelocity.estimate(v, x, levels).clean,
      "out.q_mean": mul(at(path.signal), x0),
      "out.q_variance": noiseVariance,
      "out.q_log_variance": log(noiseVariance),
      "out.posterior_mean": backward.mean,
      "out.posterior_variance": backward.variance,
      "out.posterior_log_variance_clipped": logOf(backward.variance),
    };
  });
  return Object.entries(outputs).map(([name, values]) => ({ name, ...swapAxes(values) }));
}
