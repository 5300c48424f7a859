export { type Batch, type BatchSource, checkBatch } from "./batch.js";
export {
  type ConstrainedTraining,
  type ConstrainedTrainingOptions,
  type Constraint,
  constrainedTraining,
  multipliersOf,
} from "./constraints.js";
export { dropCondition } from "./drop-condition.js";
export type { EvaluationOptions } from "./evaluation.js";
export type { BatchTypes } from "./graph-inputs.js";
export {
  type LearningRateCurve,
  type LearningRateFunction,
  type LearningRateSchedule,
  learningRateFactor,
} from "./learning-rate.js";
export { metricsCsvHeader, metricsCsvLine, metricsJsonLine, type TrainingMetrics } from "./metrics.js";
export { type MultiTokenOptions, multiTokenTraining } from "./multi-token.js";
export {
  type AdamWOptions,
  adamW,
  adamWScalars,
  clipByNorm,
  completeAdamW,
  emaRate,
  globalNorm,
} from "./optimizer.js";
export type { TrainingOptions } from "./options.js";
export { decayWeightsOnly, type ParameterGroup, type ParameterGrouping } from "./parameter-groups.js";
export { type QueryCtcOptions, queryCtcTraining } from "./query-ctc.js";
export { type SelfLabelTrainingOptions, selfLabelTraining, withoutPrototypes } from "./self-labels.js";
export { type SinkhornOptions, sinkhorn } from "./sinkhorn.js";
export {
  copyRecord,
  initialTrainingState,
  type StateGroup,
  samplingParameters,
  type TrainingState,
  type TrainingSubject,
} from "./state.js";
export { packState, type StateLayout, type StateTensors, stateLayout, unpackState } from "./state-layout.js";
export { type StepGraphOptions, stepScalars, trainingStepGraph } from "./step-graph.js";
export { type TrainingProgress, type TrainingResult, train, trainStream } from "./train.js";
export type { LossTensors, Trainable, TrainableLoss } from "./trainable.js";
export { trainableDiffusion } from "./trainable-diffusion.js";
export { type TruncatedTrainingOptions, truncatedTraining, withoutDiscriminator } from "./truncated.js";
