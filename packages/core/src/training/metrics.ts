/** What is known of a training step once it is taken; for logs of any kind. */
export interface TrainingMetrics {
  /** Steps done, 1-based. */
  readonly step: number;
  /** Loss before this step's update. */
  readonly loss: number;
  /** Global gradient norm before clipping; absent without clipping. */
  readonly gradientNorm?: number;
  readonly learningRate: number;
}
