export { type Batch, type BatchSource, checkBatch } from "./batch.js";
export { dropCondition } from "./drop-condition.js";
export { type LearningRateSchedule, learningRateFactor } from "./learning-rate.js";
export { type AdamWOptions, adamW, adamWScalars, clipByNorm, completeAdamW, globalNorm } from "./optimizer.js";
export { copyRecord, initialTrainingState, samplingParameters, type TrainingState } from "./state.js";
export {
  type BatchShapes,
  packState,
  type StateGroup,
  type StateTensors,
  type StepGraphOptions,
  trainingStepGraph,
  unpackState,
} from "./step-graph.js";
export { type TrainingOptions, type TrainingProgress, train } from "./train.js";
