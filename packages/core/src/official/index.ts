export { officialInitialization } from "./initialization.js";
export { fromOfficial, type OfficialWeights, toOfficial } from "./official-checkpoint.js";
export { type OfficialLayout, officialLayout } from "./official-layout.js";
export type { OfficialTensor } from "./official-tensor.js";
export { everythingDecays, meanOverElements, officialWarmup } from "./training.js";
