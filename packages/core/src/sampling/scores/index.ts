export { type CombinedInputs, combinedDenoise, type Denoiser, denoiserOf, noisesHistory } from "./combined-denoiser.js";
export {
  checkCombination,
  classifierFreeGuidance,
  fractionalHistoryGuidance,
  type HistoryView,
  historyGuidance,
  mergeTerms,
  type ScoreCombination,
  type ScoreTerm,
  temporalHistoryGuidance,
  vanillaHistoryGuidance,
} from "./score-combination.js";
