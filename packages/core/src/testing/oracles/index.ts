export {
  type ExactReader,
  exactDiffusion,
  exactRecurrentDiffusion,
  type Observed,
  type OracleOptions,
} from "./exact-denoiser.js";
export { gaussianMixture, type MixtureLaw } from "./gaussian-mixture.js";
export { autoregressiveLaw, type GaussianLaw, gaussianSequence } from "./gaussian-sequence.js";
export type { Matrix } from "./matrix.js";
export { autoregressiveModel, kalmanFilter, type StateSpaceModel, stateSpaceLaw } from "./state-space.js";
