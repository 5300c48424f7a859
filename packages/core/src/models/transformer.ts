import { checkChoice } from "../engine/choice.js";
import { DiffusionForcingError } from "../engine/errors.js";
import {
  add,
  concat,
  constant,
  gather,
  layerNorm,
  linear,
  matmul,
  mul,
  relu,
  reshape,
  softmax,
  transpose,
} from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { sizeOf } from "../engine/tensor/shape.js";
import { causalMask } from "./causal-mask.js";
import type { Initializer, Model, ModelInput, ParameterSpec, Parameters } from "./model.js";
import { linearSpecs, type NamedSpec, normSpecs } from "./parameter-specs.js";
import { sinusoidTable } from "./sinusoid.js";

export interface TransformerOptions {
  /** C: features of a token. */
  readonly features: number;
  /** D: features of the external condition. Default 0. */
  readonly conditionFeatures?: number;
  /** Width of the residual stream; divisible by 4 and by `heads`. Default 128. */
  readonly width?: number;
  /** Default 4. */
  readonly layers?: number;
  /** Default 4. */
  readonly heads?: number;
  /** Width of the hidden feed-forward layer. Default 4 times `width`. */
  readonly feedForward?: number;
  /** Whether token i sees only tokens j <= i. Default true. */
  readonly causal?: boolean;
  /**
   * Whether layers start from draws of their own ("independent") or all as copies of the first ("identical", as in the
   * official code, whose layers are cloned: they compute alike at first, and only training parts them). Default
   * "independent".
   */
  readonly layerInitialization?: "independent" | "identical";
}

export interface TransformerConfig extends Required<Omit<TransformerOptions, "layerInitialization">> {
  readonly kind: "transformer";
  /** Present if not the default. */
  readonly layerInitialization?: "identical";
  readonly [key: string]: unknown;
}

function completeConfig(options: TransformerOptions): TransformerConfig {
  const width = options.width ?? 128;
  const config: TransformerConfig = {
    kind: "transformer",
    features: options.features,
    conditionFeatures: options.conditionFeatures ?? 0,
    width,
    layers: options.layers ?? 4,
    heads: options.heads ?? 4,
    feedForward: options.feedForward ?? 4 * width,
    causal: options.causal ?? true,
    ...(options.layerInitialization === "identical" ? { layerInitialization: "identical" } : {}),
  };
  const check = (legal: boolean, field: keyof TransformerOptions, expected: string): void => {
    if (legal) return;
    throw new DiffusionForcingError(
      "invalid-config",
      `transformer: ${field} is ${String(config[field])}; expected ${expected}.`,
    );
  };
  for (const field of ["features", "width", "layers", "heads", "feedForward"] as const) {
    check(Number.isInteger(config[field]) && config[field] > 0, field, "a positive integer");
  }
  check(Number.isInteger(config.conditionFeatures) && config.conditionFeatures >= 0, "conditionFeatures", "0 or more");
  check(width >= 8 && width % 4 === 0, "width", "a multiple of 4, at least 8 (half of it embeds the noise level)");
  check(width % config.heads === 0, "heads", `a divisor of the width ${width}`);
  check(typeof config.causal === "boolean", "causal", "true or false");
  const starts = ["independent", "identical"];
  checkChoice("transformer: layerInitialization", options.layerInitialization, starts, "invalid-config");
  return config;
}

function attentionSpecs(prefix: string, width: number): NamedSpec[] {
  // Xavier over the three projections stacked, as PyTorch's packed input projection.
  const xavier: Initializer = { kind: "uniform", bound: Math.sqrt(6 / (4 * width)) };
  const projections = ["query", "key", "value"].flatMap((role): NamedSpec[] => [
    [`${prefix}.${role}.weight`, { shape: [width, width], initializer: xavier }],
    [`${prefix}.${role}.bias`, { shape: [width], initializer: { kind: "zeros" } }],
  ]);
  return [
    ...projections,
    ...linearSpecs(`${prefix}.output`, width, width, false),
    [`${prefix}.output.bias`, { shape: [width], initializer: { kind: "zeros" } }],
  ];
}

function parameterSpecs(config: TransformerConfig): Record<string, ParameterSpec> {
  const { features, conditionFeatures, width, layers, feedForward } = config;
  const isCloned = config.layerInitialization === "identical";
  const layer = (index: number): NamedSpec[] => [
    ...attentionSpecs(`layers.${index}.attention`, width),
    ...normSpecs(`layers.${index}.norm1`, width),
    ...linearSpecs(`layers.${index}.feedForward1`, width, feedForward),
    ...linearSpecs(`layers.${index}.feedForward2`, feedForward, width),
    ...normSpecs(`layers.${index}.norm2`, width),
  ];
  return Object.fromEntries([
    ...linearSpecs("embedding1", features + width / 2 + conditionFeatures, width),
    ...linearSpecs("embedding2", width, width),
    ...Array.from({ length: layers }, (_, index) =>
      isCloned ? clonesOf(layer(0), layer(index)) : layer(index),
    ).flat(),
    ...linearSpecs("output", width, features),
  ]);
}

function clonesOf(originals: readonly NamedSpec[], specs: readonly NamedSpec[]): NamedSpec[] {
  return specs.map(([name, spec], i) => [name, { ...spec, copyOf: (originals[i] as NamedSpec)[0] }]);
}

/**
 * The encoder transformer of Diffusion Forcing 1.5 (Chen et al. 2024, official code): each token, the sinusoidal
 * embedding of its noise level and its condition pass through a two-layer perceptron, get the sinusoid of their
 * position added, and run through post-norm layers h = norm(h + attention(h)), h = norm(h + feedForward(h)).
 *
 * Inside, activations lie token-first in rows, [T * B, width]: splitting heads is then a reshape to
 * [T, B * heads, d], which a batched matrix product can read in place.
 */
export function transformer(options: TransformerOptions): Model & { readonly config: TransformerConfig } {
  const config = completeConfig(options);
  return {
    config,
    tokenShape: [config.features],
    conditionFeatures: config.conditionFeatures,
    parameters: parameterSpecs(config),
    apply: (parameters, input) => applyTransformer(config, parameters, input),
  };
}

function applyTransformer(config: TransformerConfig, parameters: Parameters, input: ModelInput): Value {
  const { tokens, noiseLevels, levelCount, condition } = input;
  const dense = (name: string, x: Value): Value =>
    linear(x, parameters[`${name}.weight`] as Value, parameters[`${name}.bias`] as Value);
  const norm = (name: string, x: Value): Value =>
    layerNorm(x, parameters[`${name}.scale`] as Value, parameters[`${name}.bias`] as Value);
  const [batch, length] = tokens.shape as [number, number, number];

  const tokenFirst = (x: Value): Value => transpose(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]);
  // Row k embeds level k - 1: the network's weights count levels as the official code does, -1 being clean.
  const levels = gather(constant(sinusoidTable(-1, levelCount + 1, config.width / 2)), tokenFirst(noiseLevels));
  const features = [tokenFirst(tokens), levels, ...(condition === undefined ? [] : [tokenFirst(condition)])];
  const joined = concat(features, 2);
  const rows = reshape(joined, [length * batch, joined.shape[2] as number]);
  const embedded = dense("embedding2", relu(dense("embedding1", rows)));
  const positions = reshape(constant(sinusoidTable(0, length, config.width)), [length, 1, config.width]);
  const placed = add(reshape(embedded, [length, batch, config.width]), positions);
  let hidden = reshape(placed, [length * batch, config.width]);
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `layers.${layer}`;
    const attended = attention(config, hidden, length, (role, x) => dense(`${prefix}.attention.${role}`, x));
    hidden = norm(`${prefix}.norm1`, add(hidden, attended));
    const transformed = dense(`${prefix}.feedForward2`, relu(dense(`${prefix}.feedForward1`, hidden)));
    hidden = norm(`${prefix}.norm2`, add(hidden, transformed));
  }
  return tokenFirst(reshape(dense("output", hidden), [length, batch, config.features])); // [B, T, C]
}

/** Multi-head scaled dot-product self-attention over rows [T * B, width]. */
function attention(
  config: TransformerConfig,
  x: Value,
  length: number,
  project: (role: string, x: Value) => Value,
): Value {
  const depth = config.width / config.heads;
  const separate = [length, sizeOf(x.shape) / (length * depth), depth];
  const heads = (role: string): Value => transpose(reshape(project(role, x), separate), [1, 0, 2]); // [B * heads, T, depth]
  const scores = mul(matmul(heads("query"), heads("key"), { transposeB: true }), 1 / Math.sqrt(depth));
  const masked = config.causal ? add(scores, constant(causalMask(length))) : scores;
  const mixed = matmul(softmax(masked), heads("value")); // [B * heads, T, depth]
  return project("output", reshape(transpose(mixed, [1, 0, 2]), x.shape));
}
