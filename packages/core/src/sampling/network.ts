import type { Value } from "../engine/graph/value.js";

/** What the network reads: tokens of a batch, [M, T, ...], of any number M of copies of the sampler's own batch. */
export interface NetworkInput {
  readonly tokens: Value;
  /** int32 [M, T] */
  readonly levels: Value;
  /** [M, T, D] */
  readonly condition?: Value;
}

/** The network with its weights, and with its memory if it has one; its output is as the tokens. */
export type Network = (input: NetworkInput) => Value;
