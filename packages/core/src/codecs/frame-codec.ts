import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import { formatShape, type Shape, shapesEqual, sizeOf } from "../engine/tensor/shape.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";

export interface FrameCodecOptions {
  /** A frame: [C] for vectors, [C, H, W] for images. */
  readonly frameShape: Shape;
  /** How many consecutive frames make a token. Default 1. */
  readonly stack?: number;
  /** Per channel, C numbers; tokens hold (x - mean) / deviation. Default 0. */
  readonly mean?: readonly number[];
  /** Per channel, C positive numbers. Default 1. */
  readonly deviation?: readonly number[];
}

/** Translates between frames in their own units and the tokens of a model. */
export interface FrameCodec {
  /** The `tokenShape` of a model of these tokens: [stack C, ...]. */
  readonly tokenShape: Shape;
  /** Frames float32 [B, F, C, ...] as tokens [B, F / stack, stack C, ...]. @throws `shape-mismatch` */
  encode(frames: HostTensor): HostTensor<"float32">;
  /** Tokens as frames again. @throws `shape-mismatch` */
  decode(tokens: HostTensor): HostTensor<"float32">;
}

/**
 * Stacks consecutive steps on the channel axis, [B, F, C, ...] as [B, F / stack, stack C, ...], the first step's
 * channels first: frames as tokens, or the conditions of frames as those of tokens.
 *
 * @throws `shape-mismatch` if the steps do not divide; the message names the nearest numbers that do.
 */
export function stackFrames(frames: HostTensor, stack: number): HostTensor<"float32"> {
  const [batch, count, channels, ...rest] = frames.shape as [number, number, number, ...number[]];
  if (frames.dtype !== "float32" || frames.shape.length < 3 || !Number.isInteger(stack) || stack < 1) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `stackFrames: ${stack} steps of ${formatType(frames)}; expected whole steps of float32[B, F, C, ...].`,
    );
  }
  if (count % stack !== 0) {
    const below = Math.floor(count / stack) * stack;
    const nearest = below === 0 ? `${stack}` : `${below} or ${below + stack}`;
    throw new DiffusionForcingError(
      "shape-mismatch",
      `stackFrames: ${count} frames do not divide into tokens of ${stack}; give ${nearest}.`,
    );
  }
  return tensor(frames.data as Float32Array, [batch, count / stack, channels * stack, ...rest]);
}

/**
 * Frames as tokens: normalised by channel, then `stack` consecutive ones joined on the channel axis (official code,
 * `frame_stack`, `data_mean` and `data_std`).
 *
 * @throws `invalid-argument`
 */
export function frameCodec({ frameShape, stack = 1, mean, deviation }: FrameCodecOptions): FrameCodec {
  const [channels = 0, ...rest] = frameShape;
  const area = sizeOf(rest);
  const legal = (list: readonly number[] | undefined): boolean =>
    list === undefined || (list.length === channels && list.every(Number.isFinite));
  if (channels < 1 || !Number.isInteger(stack) || stack < 1) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `frameCodec: frames ${formatShape(frameShape)} in stacks of ${stack}; expected channels, and at least 1 frame.`,
    );
  }
  if (!legal(mean) || !legal(deviation) || deviation?.some((value) => value <= 0)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `frameCodec: mean [${mean}], deviation [${deviation}]; expected ${channels} finite numbers each, deviations positive.`,
    );
  }
  const tokenShape = [channels * stack, ...rest];
  const convert = (data: HostTensor["data"], number: (value: number, channel: number) => number): Float32Array =>
    Float32Array.from({ length: data.length }, (_, i) => number(data[i] as number, Math.floor(i / area) % channels));
  const expect = (what: string, value: HostTensor, shape: Shape): void => {
    if (value.dtype === "float32" && shapesEqual(value.shape.slice(2), shape)) return;
    throw new DiffusionForcingError(
      "shape-mismatch",
      `frameCodec: the ${what} are ${formatType(value)}; expected float32[B, T, ${shape.join(", ")}].`,
    );
  };
  return {
    tokenShape,
    encode: (frames) => {
      expect("frames", frames, frameShape);
      const data = convert(frames.data, (x, c) => (x - (mean?.[c] ?? 0)) / (deviation?.[c] ?? 1));
      return stackFrames(tensor(data, frames.shape), stack);
    },
    decode: (tokens) => {
      expect("tokens", tokens, tokenShape);
      const [batch, length] = tokens.shape as [number, number];
      const data = convert(tokens.data, (x, c) => x * (deviation?.[c] ?? 1) + (mean?.[c] ?? 0));
      return tensor(data, [batch, length * stack, ...frameShape]);
    },
  };
}
