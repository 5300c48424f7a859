import type { OpenJob } from "../shared/use-demo-worker";

/** Numbers of a curve; each is a token. */
export const curveTokens = 16;

export const sources = ["waves", "steps", "bumps", "drawn"] as const;
export type CurveSource = (typeof sources)[number];

/** What a run is a run of; a run that is gone on with has the same. */
export interface RunSettings {
  readonly source: CurveSource;
  /** Drawn curves, each of 16 numbers from -1 to 1; used by the source "drawn" only. */
  readonly drawn: readonly (readonly number[])[];
  readonly steps: number;
  readonly width: number;
  readonly learningRate: number;
  readonly seed: number;
}

export type TrainEvent =
  | { readonly kind: "loss"; readonly step: number; readonly losses: readonly number[] }
  /** Sequences `[batch, tokens]` sampled by the weights after a step. */
  | { readonly kind: "samples"; readonly step: number; readonly values: Float32Array }
  | { readonly kind: "saved"; readonly step: number }
  /** The browser keeps nothing, and why. */
  | { readonly kind: "not-saved"; readonly reason: string };

export interface TrainJobs {
  readonly open: OpenJob;
  readonly train: {
    /** `resume`: go on from what is kept, whose settings count. */
    readonly request: { readonly settings: RunSettings; readonly resume: boolean };
    readonly event: TrainEvent;
    readonly response: { readonly step: number };
  };
  /** The trained model as files by name. */
  readonly export: {
    readonly request: { readonly format: "bundle" | "onnx" };
    readonly event: never;
    readonly response: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
  };
}
