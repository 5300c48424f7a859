import { emit } from "../graph/emit.js";
import type { Value } from "../graph/value.js";

/**
 * A block of a model whose inner values need not be kept for the gradient: `fn(...entrances)`, marked so that
 * `gradient(..., { rematerialize: true })` computes it once more from its entrances when its turn comes (Chen et al. 2016,
 * "Training deep nets with sublinear memory cost"). Everywhere else the mark means nothing. Blocks may be nested.
 *
 * @param entrances float32 values that the block starts from, such as the hidden state before a layer. What `fn` takes
 *   from around it, such as parameters, is kept as it is.
 */
export function checkpoint<Entrances extends readonly Value[]>(
  entrances: Entrances,
  fn: (...entrances: Entrances) => Value,
): Value {
  return emit("barrier", [fn(...entrances), ...entrances], { recompute: true });
}
