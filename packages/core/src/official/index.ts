export { officialInitialization } from "./initialization.js";
export { fromOfficial, type OfficialWeights, toOfficial } from "./official-checkpoint.js";
export { type OfficialLayout, type OfficialTensor, officialLayout } from "./official-layout.js";
export { everythingDecays, meanOverElements, officialWarmup } from "./training.js";
