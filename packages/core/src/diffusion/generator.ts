import { add, broadcastTo, constant } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Parameters } from "../models/model.js";
import type { Diffusion } from "./diffusion.js";

/**
 * The network as the generator of truncated diffusion (Zheng et al. 2023): told that all is noise, level K, which training
 * below the truncation never shows it, it moves standard normal numbers to tokens of the truncation's level: by its output,
 * so that at first, and for a high level also in the end, they hardly move.
 *
 * @param noise float32 [B, T, ...].
 * @param condition float32 [B, T, D], for a conditioned model.
 */
export function generated(
  { model, process: { levels } }: Diffusion,
  parameters: Parameters,
  noise: Value,
  condition?: Value,
): Value {
  const move = model.apply(parameters, {
    tokens: noise,
    noiseLevels: broadcastTo(constant(tensor(Int32Array.of(levels), [])), noise.shape.slice(0, 2)),
    levelCount: levels,
    ...(condition === undefined ? {} : { condition }),
  });
  return add(noise, move);
}
