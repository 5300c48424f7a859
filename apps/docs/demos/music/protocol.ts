import type { Chorale } from "@diffusion-forcing/tasks/music";
import type { Download } from "../shared/messages";
import type { OpenJob } from "../shared/use-demo-worker";

type Downloading = { readonly kind: "download" } & Download;

export interface MusicJobs {
  readonly open: OpenJob;
  /** A chorale out of nothing. */
  readonly compose: {
    readonly request: { readonly seed: number; readonly steps: number };
    readonly event: Downloading;
    readonly response: Chorale;
  };
  /** The chorale with these bars, counted from 1, written anew. */
  readonly rewrite: {
    readonly request: {
      readonly chorale: Chorale;
      readonly bars: readonly [first: number, last: number];
      readonly seed: number;
      readonly steps: number;
    };
    readonly event: Downloading;
    readonly response: Chorale;
  };
}
