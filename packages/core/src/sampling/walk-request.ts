import type { TensorType } from "../engine/graph/value.js";
import type { HostTensor, HostTensorRecord, Tensor } from "../engine/tensor/tensor.js";
import type { NoiseSources } from "./noise-source.js";

/** Tensors that loop from one run to the next, by name. */
export type TensorsByName = Readonly<Record<string, Tensor>>;

/** A sequence, or the chunk after a memory, and the levels that its tokens take. */
export interface WalkRequest {
  /** float32 [B, T, ...]. */
  readonly tokens: HostTensor;
  /** Level indices before the first step and after each step, T entries each. */
  readonly rows: readonly ArrayLike<number>[];
  readonly random: NoiseSources;
  readonly condition?: HostTensor | undefined;
  readonly guidanceInputs?: HostTensorRecord | undefined;
  /** Standard normal, as `tokens`; drawn from `random` if absent. */
  readonly historyNoise?: HostTensor | undefined;
  readonly memory?:
    | { readonly types: Readonly<Record<string, TensorType>>; readonly values: TensorsByName }
    | undefined;
  /** Whether the clean tokens are read into the memory in the end. */
  readonly commit?: boolean;
  /** The most steps that one run of a graph takes. Default 1. */
  readonly unroll?: number;
  /** Whether others of the same shape are known to follow this walk. Default false. */
  readonly repeated?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface WalkProgress {
  /** Rows done after the first: 1 after the first step. */
  readonly step: number;
  readonly x: Tensor;
  /** After the last row of a walk that commits: the memory after the tokens, now the caller's to dispose. */
  readonly memory?: TensorsByName;
  /** Predictions made of each sample so far: one for each row that changed something, more where steps are drafted. */
  readonly taken: number;
  /** Runs of the model in sequence so far: as many as predictions, fewer where steps are drafted. */
  readonly calls: number;
}
