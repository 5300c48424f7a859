import type { Graph } from "../engine/graph/graph.js";
import { exp } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import type { TensorType, Value } from "../engine/graph/value.js";
import { checkFitsHead } from "../models/check-model.js";
import type { CpHead } from "../models/cp-head.js";
import type { Model } from "../models/model.js";
import { nextSymbols } from "../models/next-symbols.js";
import { checkSequenceSize } from "./sequence-size.js";
import { parameterName } from "./walk-inputs.js";

/**
 * The laws of the next symbols at every place of a sequence, as a graph: what decoding asks a model of symbols for, and
 * what is written of it as an `.onnx` file.
 *
 * Takes the parameters as `parameters/NAME` and `tokens`, float32 [B, T, V], 1 for a symbol and -1 for the others. Gives
 * the terms' `weights`, [B, T, r], and each term's probabilities of each `symbols`, [B, T, r, n, V]: place t has seen the
 * symbols before it.
 *
 * @throws `invalid-config` for a model that does not fit the head, `invalid-argument` for more than can be walked at once
 */
export function symbolLaws(
  model: Model,
  head: CpHead,
  { batch, length }: { readonly batch: number; readonly length: number },
): Graph {
  checkFitsHead("symbolLaws", model, head);
  checkSequenceSize("symbolLaws", model, batch, length);
  const types: Record<string, TensorType> = { tokens: { dtype: "float32", shape: [batch, length, head.categories] } };
  for (const [name, { shape }] of Object.entries(model.parameters)) {
    types[parameterName(name)] = { dtype: "float32", shape };
  }
  return trace(types, (values) => {
    const parameters = Object.fromEntries(
      Object.keys(model.parameters).map((name) => [name, values[parameterName(name)] as Value]),
    );
    const { weights, symbols } = head.law(nextSymbols(model, parameters, values.tokens as Value));
    return { weights: exp(weights), symbols: exp(symbols) };
  });
}
