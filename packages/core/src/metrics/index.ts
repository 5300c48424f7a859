export { type CodeUsage, codeUsage } from "./code-usage.js";
export { crps, crpsSum, type Forecast, nineteenQuantiles, quantileCrpsSum } from "./crps.js";
export { energyDistance, frechetDistance, type MmdOptions, maximumMeanDiscrepancy } from "./distances.js";
export { meanSquaredError, psnr, type SsimOptions, ssim } from "./images.js";
export { normalizedMutualInformation } from "./mutual-information.js";
export type { Numbers } from "./numbers.js";
export { overlapArea } from "./overlap-area.js";
export type { PointSet } from "./point-sets.js";
