import { emit } from "../../engine/graph/emit.js";
import { add, broadcastTo, mul, reshape, silu, slice, transpose } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { sizeOf } from "../../engine/tensor/shape.js";
import type { Scope } from "../scope.js";
import { GROUPS, type UNet3dConfig } from "./config.js";

/** Frames lie token-first: F = T * B, frame t of sequence b at t * B + b. */
export interface Frames {
  /** T */
  readonly length: number;
  readonly config: UNet3dConfig;
}

const EPSILON = 1e-6;

/**
 * (x - mean) / sqrt(variance + 1e-6) within each group of channels [F, C, H, W], over one frame, or over all frames
 * of a sequence.
 */
export function groupStandardize(x: Value, { length, config }: Frames): Value {
  const [count] = x.shape as [number];
  const size = sizeOf(x.shape) / (count * GROUPS);
  const standardize = (rows: Value): Value => emit("standardize", [rows], { epsilon: EPSILON });
  if (config.normalization === "frame") return reshape(standardize(reshape(x, [count * GROUPS, size])), x.shape);
  const groups = (count / length) * GROUPS;
  const clips = transpose(reshape(x, [length, groups, size]), [1, 0, 2]);
  const standard = reshape(standardize(reshape(clips, [groups, length * size])), [groups, length, size]);
  return reshape(transpose(standard, [1, 0, 2]), x.shape);
}

/** x [F, C, H, W] times scale plus shift, both [C] or [F, C]. */
function perChannel(x: Value, scale: Value, shift: Value): Value {
  const wide = (value: Value): Value => reshape(value, [...value.shape, 1, 1]);
  return add(mul(x, wide(scale)), wide(shift));
}

/**
 * Two convolutions with group normalisation and SiLU, beside a shortcut: x [F, I, H, W] -> [F, O, H, W]. Between the
 * two, each frame is scaled and shifted as its embedding says.
 *
 * @param embedding SiLU of the frames' embeddings [F, E], for a block that sees them
 */
export function residualBlock(scope: Scope, x: Value, embedding: Value | undefined, frames: Frames): Value {
  const parameter = (name: string): Value => scope.parameter(name);
  const first = perChannel(groupStandardize(x, frames), parameter("norm1.scale"), parameter("norm1.bias"));
  const hidden = scope.convolution("convolution1", silu(first), { padding: 1 });
  let scale = parameter("norm2.scale");
  let shift = parameter("norm2.bias");
  if (embedding !== undefined) {
    const modulation = scope.linear("modulation", embedding); // [F, 2 O]
    const [width] = scale.shape as [number];
    const factor = add(slice(modulation, 1, 0, width), 1);
    // (n scale + shift) factor + offset, the small products first.
    shift = add(mul(shift, factor), slice(modulation, 1, width, 2 * width));
    scale = mul(scale, factor);
  }
  const second = perChannel(groupStandardize(hidden, frames), scale, shift);
  const result = scope.convolution("convolution2", silu(second), { padding: 1 });
  return add(result, scope.has("shortcut.weight") ? scope.convolution("shortcut", x) : x);
}

/** [F, C, H, W] -> [F, C, H / 2, W / 2]. */
export function halve(scope: Scope, x: Value): Value {
  return scope.convolution("resampling", x, { stride: 2, padding: 1 });
}

/** [F, C, H, W] -> [F, C, 2 H, 2 W]: every pixel twice in both directions, then a convolution. */
export function double(scope: Scope, x: Value): Value {
  const [count, channels, height, width] = x.shape as [number, number, number, number];
  const rows = count * channels;
  const repeated = broadcastTo(reshape(x, [rows, height, 1, width, 1]), [rows, height, 2, width, 2]);
  return scope.convolution("resampling", reshape(repeated, [count, channels, 2 * height, 2 * width]), { padding: 1 });
}
