import type { Backend } from "@diffusion-forcing/core";
import {
  addNoise,
  forwardMoments,
  noiseFromX0,
  posterior,
  velocity,
  x0FromNoise,
  x0FromVelocity,
} from "@diffusion-forcing/core/process";
import { type GoldenCase, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { evaluate } from "../evaluate.js";
import { batchMajor, clamped, noiseLevels, swapAxes } from "../layout.js";
import { type OfficialSchedule, officialSchedule } from "../official.js";

/** C: forward noising, the change between noise, x0 and v, and the posterior. */
export async function runConversions(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as OfficialSchedule & { clip_noise: number };
  const schedule = officialSchedule(config);
  const inputs = {
    levels: noiseLevels(tensorOf(golden, "in.t")),
    x0: batchMajor(tensorOf(golden, "in.x_start")),
    x: batchMajor(tensorOf(golden, "in.x_t")),
    noise: batchMajor(tensorOf(golden, "in.noise")),
    v: batchMajor(tensorOf(golden, "in.v")),
    drawn: batchMajor(clamped(tensorOf(golden, "draw.0000"), config.clip_noise)),
  };
  const outputs = await evaluate(backend, inputs, ({ levels, x0, x, noise, v, drawn }) => {
    const forward = forwardMoments(schedule, x0, levels);
    const backward = posterior(schedule, x0, x, levels);
    return {
      "out.q_sample_given_noise": addNoise(schedule, x0, levels, noise),
      "out.q_sample_drawn_noise": addNoise(schedule, x0, levels, drawn),
      "out.predict_start_from_noise": x0FromNoise(schedule, x, levels, noise),
      "out.predict_noise_from_start": noiseFromX0(schedule, x, levels, x0),
      "out.predict_v": velocity(schedule, x0, levels, noise),
      "out.predict_start_from_v": x0FromVelocity(schedule, x, levels, v),
      "out.q_mean": forward.mean,
      "out.q_variance": forward.variance,
      "out.q_log_variance": forward.logVariance,
      "out.posterior_mean": backward.mean,
      "out.posterior_variance": backward.variance,
      "out.posterior_log_variance_clipped": backward.logVariance,
    };
  });
  return Object.entries(outputs).map(([name, values]) => ({ name, ...swapAxes(values) }));
}
