import type { Download } from "../shared/messages";
import type { OpenJob } from "../shared/use-demo-worker";

/** Sequences to denoise by some rows. */
export interface Walk {
  /** Level indices of every token before the first step and after each step. */
  readonly rows: readonly (readonly number[])[];
  readonly timesteps: number;
  /** Values of the first tokens, whose columns are 0. */
  readonly known: readonly number[];
  readonly batch: number;
  readonly seed: number;
}

export interface MatrixJobs {
  readonly open: OpenJob;
  readonly walk: {
    readonly request: { readonly walks: readonly Walk[] };
    readonly event:
      | ({ readonly kind: "download" } & Download)
      /** The sequences `[batch, tokens]` of a walk after a step; step 0 is the noise that it starts from. */
      | { readonly kind: "step"; readonly walk: number; readonly step: number; readonly values: Float32Array };
    readonly response: { readonly milliseconds: number };
  };
}
