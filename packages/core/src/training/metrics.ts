import { check, schemas } from "../engine/check.js";

/** What is known of a training step once it is taken; for logs of any kind. */
export interface TrainingMetrics {
  /** Steps done, 1-based. */
  readonly step: number;
  /** Loss before this step's update. */
  readonly loss: number;
  /** Global gradient norm before clipping; absent without clipping. */
  readonly gradientNorm?: number;
  readonly learningRate: number;
  /** After this step, where it was followed by an evaluation. */
  readonly validationLoss?: number;
}

const columns = ["step", "loss", "gradientNorm", "learningRate", "validationLoss"] as const;

const schema = schemas.having<TrainingMetrics>("the metrics of a step", "step", "loss", "learningRate");

/** The first line of a CSV file of metrics. */
export const metricsCsvHeader: string = `${columns.join(",")}\n`;

/** A step's line of a CSV file; what is absent is empty. @throws `invalid-argument` */
export function metricsCsvLine(metrics: TrainingMetrics): string {
  check("metricsCsvLine", schema, metrics);
  return `${columns.map((name) => metrics[name] ?? "").join(",")}\n`;
}

/** A step's line of a file of JSON lines. @throws `invalid-argument` */
export function metricsJsonLine(metrics: TrainingMetrics): string {
  check("metricsJsonLine", schema, metrics);
  return `${JSON.stringify(Object.fromEntries(columns.map((name) => [name, metrics[name]])))}\n`;
}
