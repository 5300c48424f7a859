import type { Diffusion } from "../diffusion/diffusion.js";
import { constant } from "../engine/graph/operations.js";
import { zeros } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { lossWeight } from "../process/loss-weight.js";
import type { LossWeighting } from "../process/loss-weighting.js";
import { processFromConfig } from "../process/process-from-config.js";

/** The diffusion that stored configurations describe. @throws `invalid-config`, `invalid-schedule` */
export function diffusionFromConfig(model: Model, config: unknown, lossWeighting: unknown): Diffusion {
  const process = processFromConfig(config);
  const diffusion = { model, process, lossWeighting: lossWeighting as LossWeighting };
  lossWeight(process, constant(zeros("int32", [1, 1])), diffusion.lossWeighting);
  return diffusion;
}
