export { type Batch, type BatchSource, checkBatch } from "./batch.js";
export { type LearningRateSchedule, learningRateFactor } from "./learning-rate.js";
export { type AdamWOptions, adamW, adamWScalars, clipByNorm, completeAdamW, globalNorm } from "./optimizer.js";
export { copyRecord, initialTrainingState, samplingParameters, type TrainingState } from "./state.js";
export { type BatchShapes, type StepGraphOptions, stateName, trainingStepGraph } from "./step-graph.js";
export { type TrainingOptions, type TrainingProgress, train } from "./train.js";
