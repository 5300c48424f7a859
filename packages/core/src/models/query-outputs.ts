import { broadcastTo, concat, constant, mul, slice } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { tensor } from "../engine/tensor/tensor.js";
import { logSoftmax } from "./cp-head.js";
import type { Model, Parameters } from "./model.js";

/**
 * What a model says at `queries` places after a context, in one pass: the queries are tokens of which nothing is known, at
 * level K, and the context's are clean, at level 0; the place alone tells queries apart.
 *
 * @param context float32 [B, T, ...].
 * @returns log probabilities of the outputs, float32 [B, N, V + 1], for a model that outputs V + 1 numbers.
 */
export function queryOutputs(model: Model, parameters: Parameters, context: Value, queries: number): Value {
  const [batch, length, ...token] = context.shape as [number, number, ...number[]];
  const none = broadcastTo(mul(slice(context, 1, 0, 1), 0), [batch, 1, ...token]);
  const tokens = concat([context, ...Array.from({ length: queries }, () => none)], 1);
  const told = Int32Array.from({ length: length + queries }, (_, t) => (t < length ? 0 : 1));
  const noiseLevels = broadcastTo(constant(tensor(told, [1, length + queries])), [batch, length + queries]);
  const output = model.apply(parameters, { tokens, noiseLevels, levelCount: 1 });
  return logSoftmax(slice(output, 1, length, length + queries));
}
