import { add, concat, constant, gather, reshape, silu, transpose } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { Model, ModelInput, Parameters } from "../model.js";
import { type Scope, scopeOf } from "../scope.js";
import { cosineFirstTable } from "../sinusoid.js";
import { spatialAttention, temporalAttention } from "./attention.js";
import { double, type Frames, halve, residualBlock } from "./blocks.js";
import { completeConfig, type UNet3dConfig, type UNet3dOptions } from "./config.js";
import { parameterSpecs } from "./parameters.js";
import { type Level, planOf } from "./plan.js";

/**
 * The 3-D U-Net of Diffusion Forcing 1.5 for video (Chen et al. 2024; after Ho et al. 2022, "Video
 * Diffusion Models"): tokens are frames [C, H, W], convolutions act on each frame, and attention is factorised into
 * one among the pixels of a frame and one among the frames of a sequence, causal or not. The noise level of each
 * frame scales and shifts that frame's features in every residual block.
 *
 * Differs from the paper's code where options say so: see {@link UNet3dOptions.normalization} and
 * {@link UNet3dOptions.conditionFeatures}. Inside, frames lie token-first, [T * B, C, H, W].
 */
export function unet3d(options: UNet3dOptions): Model & { readonly config: UNet3dConfig } {
  const config = completeConfig(options);
  return {
    config,
    tokenShape: config.tokenShape,
    conditionFeatures: config.conditionFeatures,
    parameters: parameterSpecs(config),
    apply: (parameters, input) => applyUNet3d(config, parameters, input),
    noMemory:
      "has no memory: it reads its window again at every step. Take a causal dit3d for frames that are to be cached",
  };
}

function applyUNet3d(config: UNet3dConfig, parameters: Parameters, input: ModelInput): Value {
  const scope = scopeOf(parameters);
  const [batch, length] = input.tokens.shape as [number, number];
  const frames: Frames = { length, config };
  const plan = planOf(config);
  const tokenFirst = (x: Value): Value => transpose(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]);
  const frameRows = (x: Value): Value => reshape(tokenFirst(x), [length * batch, ...x.shape.slice(2)]);
  const embedding = silu(frameEmbedding(scope, config, input, frameRows));
  const block = (part: Scope, x: Value): Value => residualBlock(part, x, embedding, frames);
  const attend = (part: Scope, x: Value, linear: boolean): Value =>
    overPixels(x, (rows) => {
      const mixed = spatialAttention(part.within("spatial"), rows, config, linear);
      return temporalAttention(part.within("temporal"), mixed, frames);
    });
  const level = ({ name, attention, linear }: Level, x: Value): Value => {
    const part = scope.within(name);
    const convolved = block(part.within("block2"), block(part.within("block1"), x));
    return attention ? attend(part, convolved, linear) : convolved;
  };

  let start = scope.convolution("initial", frameRows(input.tokens), { padding: 3 }); // [F, width, H, W]
  if (config.initialTemporalAttention) {
    start = overPixels(start, (rows) => temporalAttention(scope.within("initialTemporal"), rows, frames));
  }
  let hidden = start;
  const kept: Value[] = [];
  for (const step of plan.down) {
    hidden = level(step, hidden);
    kept.push(hidden);
    if (step.resamples) hidden = halve(scope.within(step.name), hidden);
  }
  const middle = scope.within("middle");
  hidden = block(middle.within("block1"), hidden);
  hidden = attend(middle, hidden, false);
  hidden = block(middle.within("block2"), hidden);
  input.tap?.("middle", tokenFirst(reshape(hidden, [length, batch, ...hidden.shape.slice(1)])));
  for (const step of plan.up) {
    hidden = level(step, concat([hidden, kept.pop() as Value], 1));
    if (step.resamples) hidden = double(scope.within(step.name), hidden);
  }
  hidden = residualBlock(scope.within("final"), concat([hidden, start], 1), undefined, frames);
  const output = scope.convolution("output", hidden); // [F, C, H, W]
  return tokenFirst(reshape(output, [length, batch, ...config.tokenShape])); // [B, T, C, H, W]
}

/** Of each frame's noise level and condition, [F, 4 width]. */
function frameEmbedding(
  scope: Scope,
  config: UNet3dConfig,
  { noiseLevels, levelCount, condition }: ModelInput,
  frameRows: (x: Value) => Value,
): Value {
  // Row k embeds level k - 1, as published weights count levels: -1 is clean.
  const levels = gather(constant(cosineFirstTable(-1, levelCount + 1, config.width)), frameRows(noiseLevels));
  const embedded = scope.linear("level2", silu(scope.linear("level1", levels)));
  return condition === undefined ? embedded : add(embedded, scope.linear("condition", frameRows(condition)));
}

/** What `fn` makes of the pixels [F, H * W, C] of x [F, C, H, W], as x was. */
function overPixels(x: Value, fn: (rows: Value) => Value): Value {
  const [count, channels] = x.shape as [number, number];
  const rows = transpose(reshape(x, [count, channels, -1]), [0, 2, 1]);
  return reshape(transpose(fn(rows), [0, 2, 1]), x.shape);
}
