export { exactProcess, type Observed, type OracleOptions } from "./exact-denoiser.js";
export { gaussianMixture, type MixtureLaw } from "./gaussian-mixture.js";
export { autoregressiveLaw, type GaussianLaw, gaussianSequence, stateSpaceLaw } from "./gaussian-sequence.js";
