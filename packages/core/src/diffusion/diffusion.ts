import type { Model } from "../models/model.js";
import type { LossWeighting } from "../process/loss-weighting.js";
import type { NoiseProcess } from "../process/process.js";

/** A model together with what noise means to it: everything that defines what a denoiser is trained to do. */
export interface Diffusion {
  readonly model: Model;
  readonly process: NoiseProcess;
  /** How much each token's error counts, by its level. */
  readonly lossWeighting: LossWeighting;
}
