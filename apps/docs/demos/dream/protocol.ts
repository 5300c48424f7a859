import type { Download } from "../shared/messages";
import type { OpenJob } from "../shared/use-demo-worker";

/** The two dreams that are shown beside each other. */
export const sides = ["stabilized", "plain"] as const;
export type Side = (typeof sides)[number];

export interface DreamJobs {
  readonly open: OpenJob;
  /** Dreams until it is stopped. */
  readonly dream: {
    readonly request: { readonly seed: number; readonly steps: number; readonly both: boolean };
    readonly event:
      | ({ readonly kind: "download" } & Download)
      | {
          readonly kind: "frame";
          readonly side: Side;
          /** 0 is the last frame of the simulator, from which both begin. */
          readonly count: number;
          readonly size: readonly [width: number, height: number];
          /** RGBA, row by row. */
          readonly pixels: Uint8ClampedArray<ArrayBuffer>;
        };
    readonly response: null;
  };
  /** What is done before the next frames; undefined is nothing. */
  readonly act: {
    readonly request: { readonly action: string | undefined };
    readonly event: never;
    readonly response: null;
  };
}
