import type { Diffusion } from "../../diffusion/diffusion.js";
import type { Executable } from "../../engine/backend/contract.js";
import type { Graph } from "../../engine/graph/graph.js";
import type { WalkOptions } from "../walk-inputs.js";

/** A model that graphs can be compiled and run for. */
export interface GraphHost {
  readonly diffusion: Diffusion;
  readonly options: WalkOptions;
  /** Noise level of each level index. */
  readonly levels: Int32Array;
  /** Runs `use` with the graph of that key, compiled with the model's weights. */
  compiled<T>(key: string, graph: () => Graph, use: (executable: Executable) => Promise<T>): Promise<T>;
}

/** How a walk speculates: L, and whose drafts. */
export interface SpeculationPlan {
  readonly length: number;
  readonly draft: "frozen" | "recent" | GraphHost;
}
