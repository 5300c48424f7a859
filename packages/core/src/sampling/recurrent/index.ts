export { officialGuidanceFactor } from "./official-guidance.js";
export type {
  ChunkOptions,
  NoiseSource,
  ObserveOptions,
  RecurrentSamplerOptions,
  RecurrentState,
} from "./options.js";
export { RecurrentSampler } from "./recurrent-sampler.js";
export {
  type RecurrentProcess,
  type RecurrentStepOptions,
  recurrentProcess,
  recurrentStepGraph,
} from "./step-graph.js";
