import {
  add,
  cast,
  constant,
  div,
  equal,
  gather,
  matmul,
  max,
  mul,
  reshape,
  square,
  stopGradient,
  sub,
  sum,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { sizeOf } from "../../engine/tensor/shape.js";
import type { Parameters } from "../../models/model.js";
import { specsByName } from "../../models/options.js";
import { scopeOf } from "../../models/scope.js";
import type { Trainable } from "../../training/trainable.js";
import { checkItems } from "../check-items.js";
import { perceptron, perceptronSpecs } from "../perceptron.js";
import { completeQuantizerConfig, type VectorQuantizerConfig, type VectorQuantizerOptions } from "./config.js";
import { unevenness } from "./coverage.js";

/** Encoder, codebook and decoder as traced functions, and the loss by which `train` trains them. */
export interface VectorQuantizer extends Trainable {
  readonly config: VectorQuantizerConfig;
  /** Items [..., C] -> what the nearest code is sought for, [..., D]. */
  encode(parameters: Parameters, items: Value): Value;
  /** How near each code is to latents [N, D], [N, K]: the nearest code's number is the largest. */
  nearness(parameters: Parameters, latents: Value): Value;
  /** The vectors of codes int32 [...], 0..K - 1: [..., D]. */
  lookUp(parameters: Parameters, codes: Value): Value;
  /** Code vectors [..., D] -> features [..., C]. */
  decode(parameters: Parameters, vectors: Value): Value;
}

/** The codebook's name among the parameters, [K, D]. */
export const CODEBOOK = "codebook";

/**
 * A vector-quantised autoencoder of vectors (van den Oord, Vinyals and Kavukcuoglu 2017): perceptrons with a codebook
 * between them. Its loss, per item, is half the squared error of the decoder's features, given the code nearest to what
 * the encoder says, plus |sg(z) - e|^2, by which the codebook learns, plus `commitment` |z - sg(e)|^2 (equation 3); the
 * decoder's gradient goes straight through to the encoder. Half the error and the `coverage` of unused codes are choices
 * made here. Train it by `train(quantizer, ...)` on batches of `tokens` [B, F, C], the items; make a codec of it by
 * `vectorQuantizerCodec`, and see by `codeUsage` how many codes it uses.
 *
 * @throws `invalid-config`
 */
export function vectorQuantizer(options: VectorQuantizerOptions): VectorQuantizer {
  const config = completeQuantizerConfig(options);
  const { features, latentFeatures, codes, layers, commitment, coverage } = config;
  const codebookOf = (parameters: Parameters): Value => parameters[CODEBOOK] as Value;
  const encode = (parameters: Parameters, items: Value): Value =>
    perceptron(scopeOf(parameters).within("encoder"), items, layers);
  const decode = (parameters: Parameters, vectors: Value): Value =>
    perceptron(scopeOf(parameters).within("decoder"), vectors, layers);
  const nearness = (parameters: Parameters, latents: Value): Value => {
    const codebook = codebookOf(parameters);
    return sub(mul(matmul(latents, codebook, { transposeB: true }), 2), sum(square(codebook), 1));
  };
  return {
    config,
    tokenShape: [features],
    parameters: specsByName("vectorQuantizer", [
      ...perceptronSpecs("encoder", features, latentFeatures, config),
      [
        CODEBOOK,
        { shape: [codes, latentFeatures], initializer: { kind: "uniform", bound: 0.5 }, decays: false },
      ] as const,
      ...perceptronSpecs("decoder", latentFeatures, features, config),
    ]),
    encode,
    nearness,
    lookUp: (parameters, codes) => gather(codebookOf(parameters), codes),
    decode,
    checkBatch: (batch) => checkItems(features, batch),
    inputs: ({ tokens }) => ({ tokens }),
    loss: (parameters, inputs) => {
      const tokens = inputs.tokens as Value;
      const count = sizeOf(tokens.shape.slice(0, -1));
      const items = reshape(tokens, [count, features]);
      const latents = encode(parameters, items);
      const chosen = oneHotOfLargest(stopGradient(nearness(parameters, latents)));
      const vectors = matmul(chosen, codebookOf(parameters));
      const through = add(latents, stopGradient(sub(vectors, latents)));
      const terms = [
        mul(sum(square(sub(decode(parameters, through), items))), 0.5),
        sum(square(sub(stopGradient(latents), vectors))),
        mul(sum(square(sub(latents, stopGradient(vectors)))), commitment),
      ];
      if (coverage > 0) terms.push(mul(unevenness(codebookOf(parameters), stopGradient(latents)), coverage * count));
      const total = terms.reduce((all, term) => add(all, term));
      return { loss: div(total, count), total, denominator: constant(count) };
    },
  };
}

/** One-hot rows of the largest entries of [N, K]; equal ones share. */
function oneHotOfLargest(scores: Value): Value {
  const isLargest = cast(equal(scores, max(scores, 1, true)), "float32");
  return div(isLargest, sum(isLargest, 1, true));
}
