import { checkpoint } from "../../engine/autodiff/index.js";
import {
  add,
  concat,
  constant,
  gather,
  mul,
  relu,
  reshape,
  silu,
  slice,
  transpose,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { emptyMemory, keyValueTypes, MemoryReading } from "../key-value-memory.js";
import type { Model, ModelInput, ModelMemory, Parameters } from "../model.js";
import { type Scope, scopeOf } from "../scope.js";
import { sinusoidTable } from "../sinusoid.js";
import { type Attention, layerMemories, memoryAttention, windowAttention } from "./attention.js";
import { completeConfig, type TransformerConfig, type TransformerOptions } from "./config.js";
import { parameterSpecs } from "./parameters.js";

/**
 * The encoder transformer of Diffusion Forcing 1.5 (Chen et al. 2024): each token, the sinusoidal embedding of its noise
 * level and its condition pass through a two-layer perceptron and run through post-norm layers
 * h = norm(h + attention(h)), h = norm(h + feedForward(h)). Positions are rotary, or the sinusoid of the paper's code,
 * and the level may modulate features instead: see {@link TransformerOptions}.
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
    ...(config.outputs === undefined ? {} : { outputShape: [config.outputs] }),
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
  const modulation = config.noiseEmbedding === "film" ? filmOf(scope, levels) : undefined;
  const features = [
    tokenFirst(tokens),
    ...(modulation === undefined ? [levels] : []),
    ...(condition === undefined ? [] : [tokenFirst(condition)]),
  ];
  const joined = concat(features, 2);
  const rows = reshape(joined, [length * batch, joined.shape[2] as number]);
  const given: readonly Value[] = modulation === undefined ? [] : [modulation];
  const read = modulated(scope, scope.linear("embedding1", rows), modulation);
  const embedded = scope.linear("embedding2", relu(read));
  let hidden = config.positions === "sinusoidal" ? placed(embedded, length) : embedded;
  for (let index = 0; index < config.layers; index++) {
    const layer = scope.within(`layers.${index}`);
    hidden = checkpoint([hidden, ...given], (before: Value, levelFeatures: Value | undefined) => {
      const attended = add(before, attention(layer.within("attention"), before, index));
      const between = layer.layerNorm("norm1", attended);
      const entering = modulated(layer, between, levelFeatures);
      const transformed = layer.linear("feedForward2", relu(layer.linear("feedForward1", entering)));
      return layer.layerNorm("norm2", add(between, transformed));
    });
    input.tap?.(`layers.${index}`, tokenFirst(reshape(hidden, [length, batch, config.width])));
  }
  return tokenFirst(reshape(scope.linear("output", hidden), [length, batch, config.outputs ?? config.features])); // [B, T, C]
}

/** What FiLM knows of the levels' sinusoids [T, B, width / 2]: [T * B, width]. */
function filmOf(scope: Scope, levels: Value): Value {
  const [length, batch, half] = levels.shape as [number, number, number];
  return scope.linear("level2", silu(scope.linear("level1", reshape(levels, [length * batch, half]))));
}

/** x (1 + scale) + shift, both linear in the levels' features; x as it is where there are none. */
function modulated(scope: Scope, x: Value, levelFeatures: Value | undefined): Value {
  if (levelFeatures === undefined) return x;
  const both = scope.linear("film", levelFeatures);
  const width = x.shape[1] as number;
  return add(mul(x, add(slice(both, 1, 0, width), 1)), slice(both, 1, width, 2 * width));
}

/** Rows [T * B, width] with the sinusoid of their place in the window added. */
function placed(rows: Value, length: number): Value {
  const [count, width] = rows.shape as [number, number];
  const table = reshape(constant(sinusoidTable(0, length, width)), [length, 1, width]);
  return reshape(add(reshape(rows, [length, count / length, width]), table), rows.shape);
}
