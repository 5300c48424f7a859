export { crps, crpsOfSum, type Forecast, nineteenQuantiles, quantileCrpsOfSum } from "./crps.js";
export { energyDistance, frechetDistance, type MmdOptions, maximumMeanDiscrepancy } from "./distances.js";
export { meanSquaredError, peakSignalToNoise, type SsimOptions, structuralSimilarity } from "./images.js";
export type { PointSet } from "./point-sets.js";
