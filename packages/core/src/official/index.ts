export { officialInitialization } from "./initialization.js";
export { officialMatrix, officialPasses } from "./matrices.js";
export { fromOfficial, type OfficialWeights, toOfficial } from "./official-checkpoint.js";
export { type OfficialLayout, officialLayout } from "./official-layout.js";
export type { OfficialTensor } from "./official-tensor.js";
export {
  type OfficialRolloutOptions,
  officialGuidanceFactor,
  officialRecurrentRollout,
  officialTokenStep,
} from "./recurrent.js";
export { officialScheduleTables, type ScheduleTables } from "./schedule-tables.js";
export {
  type OfficialStep,
  officialAncestral,
  officialDdimStep,
  officialDdpmStep,
} from "./steps.js";
export { everythingDecays, meanOverElements, officialWarmup } from "./training.js";
