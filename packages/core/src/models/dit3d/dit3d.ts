import { checkpoint } from "../../engine/autodiff/index.js";
import { emit } from "../../engine/graph/emit.js";
import { add, constant, gather, gelu, mul, reshape, silu, slice, transpose } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { emptyMemory, keyValueTypes, MemoryReading } from "../key-value-memory.js";
import type { Model, ModelInput, ModelMemory, Parameters } from "../model.js";
import { type Scope, scopeOf } from "../scope.js";
import { cosineFirstTable } from "../sinusoid.js";
import { completeConfig, type DiT3dConfig, type DiT3dOptions } from "./config.js";
import { type Attention, layerMemories, memoryAttention, windowAttention } from "./layer-attention.js";
import { parameterSpecs } from "./parameters.js";
import { patchSinusoids } from "./positions.js";
import { type Sizes, sizesOf } from "./sizes.js";

/**
 * A diffusion transformer for sequences (DiT, Peebles and Xie 2023; for video with a noise level per frame as in
 * DFoT, Song et al. 2025, "History-Guided Video Diffusion"). Frames are cut into patches, a vector is one patch.
 * Layers are pre-norm; each frame's noise level and condition shift, scale and gate that frame's patches in every
 * layer (adaLN-Zero), so the untrained model predicts zero.
 *
 * Differs from DiT in the exact GELU, and in embedding the noise level by a sinusoid of the model's own width.
 * Inside, rows lie time first, [T, N, B, width], N the patches of a frame.
 */
export function dit3d(options: DiT3dOptions): Model & { readonly config: DiT3dConfig } {
  const config = completeConfig(options);
  return {
    config,
    tokenShape: config.tokenShape,
    conditionFeatures: config.conditionFeatures,
    parameters: parameterSpecs(config),
    apply: (parameters, input) =>
      applyDiT3d(config, parameters, input, windowAttention(config, sizesOf(config, input))),
    ...memoryMembers(config),
  };
}

function memoryMembers(config: DiT3dConfig): Pick<Model, "memory" | "noMemory"> {
  if (!config.causal) {
    return {
      noMemory:
        "that is not causal has no memory: its past would change with every new frame. Build it with `causal: true`, or sample without a cache",
    };
  }
  if (config.positions !== "rotary") {
    return {
      noMemory:
        'with sinusoidal positions has no memory: its keys belong to one place in the window, and frames move. Train one with `positions: "rotary"`, or sample without a cache',
    };
  }
  const layers = layerMemories(config);
  const memory: ModelMemory = {
    types: (given) => keyValueTypes(layers, given),
    initial: (_, given) => emptyMemory(layers, given),
    advance: (parameters, before, chunk) => {
      const sizes = sizesOf(config, chunk);
      const reading = new MemoryReading(before, layers, sizes.length);
      const output = applyDiT3d(config, parameters, chunk, memoryAttention(config, sizes, reading));
      return { output, memory: reading.after() };
    },
  };
  return { memory };
}

function applyDiT3d(config: DiT3dConfig, parameters: Parameters, input: ModelInput, attention: Attention): Value {
  const scope = scopeOf(parameters);
  const sizes = sizesOf(config, input);
  const frames = silu(frameEmbedding(scope, config, input)); // [T * B, width]
  let rows = scope.linear("patches", cutIntoPatches(input.tokens, config, sizes)); // [T * N * B, width]
  if (config.positions === "sinusoidal") rows = addPositions(rows, config, sizes);
  for (let index = 0; index < config.layers; index++) {
    rows = checkpoint([rows, frames], (before, conditions) =>
      layer(scope.within(`layers.${index}`), before, conditions, (projected) => attention(projected, index), sizes),
    );
    input.tap?.(`layers.${index}`, patchesOfTokens(rows, sizes));
  }
  const [shift, scale] = modulations(scope, frames, 2, sizes) as [Value, Value];
  return joinPatches(scope.linear("output", modulate(rows, shift, scale, sizes)), config, sizes);
}

/** One layer: x + gate attention(modulate(norm(x))), then x + gate feedForward(modulate(norm(x))). */
function layer(scope: Scope, x: Value, frames: Value, attend: (projected: Value) => Value, sizes: Sizes): Value {
  const [shift1, scale1, gate1, shift2, scale2, gate2] = modulations(scope, frames, 6, sizes) as [
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
  ];
  const projected = scope.linear("projection", modulate(x, shift1, scale1, sizes));
  const attended = scope.linear("output", attend(projected));
  const first = add(
    x,
    perFrame(attended, sizes, (value) => mul(value, gate1)),
  );
  const hidden = gelu(scope.linear("feedForward1", modulate(first, shift2, scale2, sizes)));
  const transformed = scope.linear("feedForward2", hidden);
  return add(
    first,
    perFrame(transformed, sizes, (value) => mul(value, gate2)),
  );
}

/** `count` vectors for each frame, each [T, 1, B, width]. */
function modulations(scope: Scope, frames: Value, count: number, { batch, length }: Sizes): Value[] {
  const all = scope.linear("modulation", frames);
  const width = (all.shape[1] as number) / count;
  return Array.from({ length: count }, (_, i) =>
    reshape(slice(all, 1, i * width, (i + 1) * width), [length, 1, batch, width]),
  );
}

/** Applies `fn` to rows seen as [T, N, B, width]. */
function perFrame(rows: Value, { batch, length, patches }: Sizes, fn: (x: Value) => Value): Value {
  return reshape(fn(reshape(rows, [length, patches, batch, rows.shape[1] as number])), rows.shape);
}

/** norm(x) (1 + scale) + shift, the norm without weights of its own. */
function modulate(rows: Value, shift: Value, scale: Value, sizes: Sizes): Value {
  const standard = emit("standardize", [rows], { epsilon: 1e-6 });
  return perFrame(standard, sizes, (x) => add(mul(x, add(scale, 1)), shift));
}

/** Of each frame's noise level and condition, [T * B, width]. */
function frameEmbedding(scope: Scope, config: DiT3dConfig, { noiseLevels, levelCount, condition }: ModelInput): Value {
  const frameRows = (x: Value): Value => {
    const timeFirst = transpose(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]);
    return reshape(timeFirst, [(x.shape[0] as number) * (x.shape[1] as number), ...x.shape.slice(2)]);
  };
  const levels = gather(constant(cosineFirstTable(0, levelCount + 1, config.width)), frameRows(noiseLevels));
  const embedded = scope.linear("level2", silu(scope.linear("level1", levels)));
  return condition === undefined ? embedded : add(embedded, scope.linear("condition", frameRows(condition)));
}

/** [B, T, C, H, W] or [B, T, C] -> [T * N * B, numbers in a patch]. */
function cutIntoPatches(tokens: Value, { tokenShape, patchSize }: DiT3dConfig, sizes: Sizes): Value {
  const { batch, length, grid, patches } = sizes;
  const [channels] = tokenShape as [number];
  const cut = reshape(tokens, [batch, length, channels, grid.rows, patchSize, grid.columns, patchSize]);
  // Time, row and column of the patch, sequence, then what is in the patch.
  return reshape(transpose(cut, [1, 3, 5, 0, 2, 4, 6]), [length * patches * batch, grid.features]);
}

/** The reverse of {@link cutIntoPatches}. */
function joinPatches(rows: Value, { tokenShape, patchSize }: DiT3dConfig, sizes: Sizes): Value {
  const { batch, length, grid } = sizes;
  const [channels] = tokenShape as [number];
  const cut = reshape(rows, [length, grid.rows, grid.columns, batch, channels, patchSize, patchSize]);
  return reshape(transpose(cut, [3, 0, 4, 1, 5, 2, 6]), [batch, length, ...tokenShape]);
}

/** [T * N * B, width] -> [B, T, N, width]. */
function patchesOfTokens(rows: Value, { batch, length, patches }: Sizes): Value {
  return transpose(reshape(rows, [length, patches, batch, rows.shape[1] as number]), [2, 0, 1, 3]);
}

function addPositions(rows: Value, { width }: DiT3dConfig, { batch, length, grid, patches }: Sizes): Value {
  const table = reshape(constant(patchSinusoids(length, grid, width)), [length * patches, 1, width]);
  return reshape(add(reshape(rows, [length * patches, batch, width]), table), rows.shape);
}
