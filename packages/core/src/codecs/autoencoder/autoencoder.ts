import {
  add,
  clamp,
  constant,
  div,
  exp,
  log,
  max,
  mul,
  reshape,
  slice,
  square,
  stopGradient,
  sub,
  sum,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { sizeOf } from "../../engine/tensor/shape.js";
import { zeros } from "../../engine/tensor/tensor.js";
import type { Parameters } from "../../models/model.js";
import { specsByName } from "../../models/options.js";
import { scopeOf } from "../../models/scope.js";
import type { Trainable } from "../../training/trainable.js";
import { checkItems } from "../check-items.js";
import { perceptron, perceptronSpecs } from "../perceptron.js";
import { type AutoencoderConfig, type AutoencoderOptions, completeAutoencoderConfig } from "./config.js";

/** What an encoder says of an item: a normal law of its token, of independent features. */
export interface Posterior {
  /** [..., D] */
  readonly mean: Value;
  readonly logVariance: Value;
}

/** Both directions as traced functions, and the loss by which `train` trains them. */
export interface VariationalAutoencoder extends Trainable {
  readonly config: AutoencoderConfig;
  /** Items [..., C]. */
  encode(parameters: Parameters, items: Value): Posterior;
  /** Tokens [..., D] -> features [..., C], or logits where the reconstruction is categorical. */
  decode(parameters: Parameters, tokens: Value): Value;
}

/** Beyond these float32 computes no variances that mean anything. */
const [LOWEST_LOG_VARIANCE, HIGHEST_LOG_VARIANCE] = [-15, 10];

/**
 * A variational autoencoder of vectors (Kingma and Welling 2014): perceptrons with a layer norm before every activation.
 * Its loss, per item, is the reconstruction's (summed over the features, of one token drawn from the posterior) plus
 * `klWeight` times the divergence of the posterior from a standard normal law. Train it by `train(autoencoder, ...)` on
 * batches of `tokens` [B, F, C], the items; make a codec of it by `autoencoderCodec`.
 *
 * @throws `invalid-config`
 */
export function variationalAutoencoder(options: AutoencoderOptions): VariationalAutoencoder {
  const config = completeAutoencoderConfig(options);
  const { features, latentFeatures, layers, klWeight } = config;
  const encode = (parameters: Parameters, items: Value): Posterior => {
    // Of a symbol only its own feature is not 0 then: the hundreds of others would drown it.
    const read = config.reconstruction.kind === "categorical" ? asZeroOrOne(items) : items;
    const both = perceptron(scopeOf(parameters).within("encoder"), read, layers);
    const axis = both.shape.length - 1;
    return {
      mean: slice(both, axis, 0, latentFeatures),
      logVariance: clamp(
        slice(both, axis, latentFeatures, 2 * latentFeatures),
        LOWEST_LOG_VARIANCE,
        HIGHEST_LOG_VARIANCE,
      ),
    };
  };
  const decode = (parameters: Parameters, tokens: Value): Value =>
    perceptron(scopeOf(parameters).within("decoder"), tokens, layers);
  return {
    config,
    tokenShape: [features],
    parameters: specsByName("variationalAutoencoder", [
      ...perceptronSpecs("encoder", features, 2 * latentFeatures, config),
      ...perceptronSpecs("decoder", latentFeatures, features, config),
    ]),
    encode,
    decode,
    checkBatch: (batch) => checkItems(features, batch),
    inputs: ({ tokens }, random) => {
      const noise = zeros("float32", [...tokens.shape.slice(0, 2), latentFeatures]);
      random.split("noise").fillNormal(noise.data);
      return { tokens, noise };
    },
    loss: (parameters, inputs) => {
      const items = inputs.tokens as Value;
      const { mean, logVariance } = encode(parameters, items);
      const drawn = add(mean, mul(exp(mul(logVariance, 0.5)), inputs.noise as Value));
      const lost = reconstructionLoss(config, decode(parameters, drawn), items);
      const total = add(lost, mul(divergence(mean, logVariance), klWeight));
      const count = sizeOf(items.shape.slice(0, -1));
      return { loss: div(total, count), total, denominator: constant(count) };
    },
  };
}

/** KL(N(mean, variance) || N(0, 1)), summed. */
function divergence(mean: Value, logVariance: Value): Value {
  return mul(sum(sub(add(square(mean), exp(logVariance)), add(logVariance, 1))), 0.5);
}

/** -log p(items | output) but for constants, summed. */
function reconstructionLoss({ reconstruction }: AutoencoderConfig, output: Value, items: Value): Value {
  if (reconstruction.kind === "squared") return mul(sum(square(sub(output, items))), 0.5);
  const grouped = (x: Value): Value => reshape(x, [-1, reconstruction.categories]);
  const logits = grouped(output);
  const shifted = sub(logits, stopGradient(max(logits, 1, true)));
  const logProbabilities = sub(shifted, log(sum(exp(shifted), 1, true)));
  const chosen = asZeroOrOne(grouped(items));
  return mul(sum(mul(chosen, logProbabilities)), -1);
}

/** 1 for the symbol and 0 for the others, instead of -1. */
function asZeroOrOne(items: Value): Value {
  return mul(add(items, 1), 0.5);
}
