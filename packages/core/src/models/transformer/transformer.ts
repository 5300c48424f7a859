import { checkpoint } from "../../engine/autodiff/index.js";
import { add, concat, constant, gather, relu, reshape, transpose } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { emptyMemory, keyValueTypes, MemoryReading } from "../key-value-memory.js";
import type { Model, ModelInput, ModelMemory, Parameters } from "../model.js";
import { scopeOf } from "../scope.js";
import { sinusoidTable } from "../sinusoid.js";
import { type Attention, layerMemories, memoryAttention, windowAttention } from "./attention.js";
import { completeConfig, type TransformerConfig, type TransformerOptions } from "./config.js";
import { parameterSpecs } from "./parameters.js";

/**
 * The encoder transformer of Diffusion Forcing 1.5 (Chen et al. 2024): each token, the sinusoidal embedding of its noise
 * level and its condition pass through a two-layer perceptron and run through post-norm layers
 * h = norm(h + attention(h)), h = norm(h + feedForward(h)). Positions are rotary, or the sinusoid of the paper's code;
 * see {@link TransformerOptions.positions}.
 *
 * Inside, activations lie token-first in rows, [T * B, width]: splitting heads is then a reshape to
 * [T, B * heads, d], which a batched matrix product can read in place.
 *
 * @throws `invalid-config`
 */
export function transformer(options: TransformerOptions): Model & { readonly config: TransformerConfig } {
  const config = completeConfig(options);
  return {
    config,
    tokenShape: [config.features],
    conditionFeatures: config.conditionFeatures,
    parameters: parameterSpecs(config),
    apply: (parameters, input) =>
      applyTransformer(config, parameters, input, windowAttention(config, input.tokens.shape[1] as number)),
    ...memoryMembers(config),
  };
}

function memoryMembers(config: TransformerConfig): Pick<Model, "memory" | "noMemory"> {
  if (!config.causal) {
    return {
      noMemory:
        "that is not causal has no memory: its past would change with every new token. Build it with `causal: true`, or sample without a cache",
    };
  }
  if (config.positions !== "rotary") {
    return {
      noMemory:
        'with sinusoidal positions has no memory: its keys belong to one place in the window, and tokens move. Train one with `positions: "rotary"`, or sample without a cache',
    };
  }
  const layers = layerMemories(config);
  const memory: ModelMemory = {
    types: (given) => keyValueTypes(layers, given),
    initial: (_, given) => emptyMemory(layers, given),
    advance: (parameters, before, chunk) => {
      const length = chunk.tokens.shape[1] as number;
      const reading = new MemoryReading(before, layers, length);
      const output = applyTransformer(config, parameters, chunk, memoryAttention(config, length, reading));
      return { output, memory: reading.after() };
    },
  };
  return { memory };
}

function applyTransformer(
  config: TransformerConfig,
  parameters: Parameters,
  input: ModelInput,
  attention: Attention,
): Value {
  const { tokens, noiseLevels, levelCount, condition } = input;
  const scope = scopeOf(parameters);
  const [batch, length] = tokens.shape as [number, number, number];

  const tokenFirst = (x: Value): Value => transpose(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]);
  // Row k embeds level k - 1, as published weights count levels: -1 is clean.
  const levels = gather(constant(sinusoidTable(-1, levelCount + 1, config.width / 2)), tokenFirst(noiseLevels));
  const features = [tokenFirst(tokens), levels, ...(condition === undefined ? [] : [tokenFirst(condition)])];
  const joined = concat(features, 2);
  const rows = reshape(joined, [length * batch, joined.shape[2] as number]);
  const embedded = scope.linear("embedding2", relu(scope.linear("embedding1", rows)));
  let hidden = config.positions === "sinusoidal" ? placed(embedded, length) : embedded;
  for (let index = 0; index < config.layers; index++) {
    const layer = scope.within(`layers.${index}`);
    hidden = checkpoint([hidden], (before) => {
      const attended = add(before, attention(layer.within("attention"), before, index));
      const between = layer.layerNorm("norm1", attended);
      const transformed = layer.linear("feedForward2", relu(layer.linear("feedForward1", between)));
      return layer.layerNorm("norm2", add(between, transformed));
    });
  }
  return tokenFirst(reshape(scope.linear("output", hidden), [length, batch, config.features])); // [B, T, C]
}

/** Rows [T * B, width] with the sinusoid of their place in the window added. */
function placed(rows: Value, length: number): Value {
  const [count, width] = rows.shape as [number, number];
  const table = reshape(constant(sinusoidTable(0, length, width)), [length, 1, width]);
  return reshape(add(reshape(rows, [length, count / length, width]), table), rows.shape);
}
