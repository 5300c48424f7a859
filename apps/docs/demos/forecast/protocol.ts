import type { SeriesTable } from "@diffusion-forcing/tasks/series";
import type { Download } from "../shared/messages";
import type { OpenJob } from "../shared/use-demo-worker";
import type { Marks } from "./marks";

/** Futures of one series. */
export interface Fan {
  /** The 5, 25, 50, 75 and 95 % quantiles of each row. */
  readonly quantiles: readonly (readonly number[])[];
  /** When each row is, if the table has times: milliseconds since 1970. */
  readonly times: Float64Array | undefined;
  readonly milliseconds: number;
}

export interface ForecastJobs {
  readonly open: OpenJob;
  readonly forecast: {
    readonly request: {
      /** As many columns as the model has. */
      readonly table: SeriesTable;
      /** The one that is wanted. */
      readonly column: string;
      /** Whether the table's series are others than the model was trained on. */
      readonly foreign: boolean;
      readonly marks: Marks;
      /** The deviation of a doubtful value's error, in the data's unit. */
      readonly deviation: number;
      readonly seed: number;
      readonly samples: number;
      readonly steps: number;
    };
    readonly event: { readonly kind: "download" } & Download;
    readonly response: Fan;
  };
}
