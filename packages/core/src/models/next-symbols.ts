import { broadcastTo, constant, pad, slice } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model, Parameters } from "./model.js";

/**
 * The laws of the next symbols at every place of a sequence, [B, T, outputs]: place t has seen the symbols before it, the
 * first place none.
 *
 * @param tokens clean, float32 [B, T, V].
 */
export function nextSymbols(model: Model, parameters: Parameters, tokens: Value): Value {
  const [batch, length] = tokens.shape as [number, number, number];
  const before = slice(pad(tokens, 1, 1, 0), 1, 0, length);
  const clean = broadcastTo(constant(tensor(Int32Array.of(0), [])), [batch, length]);
  return model.apply(parameters, { tokens: before, noiseLevels: clean, levelCount: 1 });
}
