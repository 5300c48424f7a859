import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { checkSequences, type PlainCodec, shapeMismatch } from "./codec.js";

/**
 * `frames` consecutive frames as one token, joined on the channel axis: [B, F, C, ...] as [B, F / frames, frames C, ...],
 * the first frame's channels first.
 *
 * @throws `invalid-config`; encoding, `shape-mismatch` if the frames do not divide: the message names the nearest
 *   numbers that do.
 */
export function frameStackCodec(frames: number): PlainCodec {
  check("frameStackCodec", schemas.integer(1, 65_536), frames, "invalid-config");
  return {
    config: { kind: "frame-stack", frames },
    itemsPerToken: frames,
    tokenShape: ([channels, ...rest]) => {
      if (channels === undefined) throw shapeMismatch("frameStackCodec", [], "[C, ...]");
      return [channels * frames, ...rest];
    },
    encode: (data) => stackFrames(data, frames),
    decode: (tokens) => unstackFrames(tokens, frames),
  };
}

function stackFrames(data: HostTensor, frames: number): HostTensor<"float32"> {
  checkSequences("frameStackCodec", data, ["float32"]);
  const [batch, count, channels, ...rest] = data.shape as [number, number, number | undefined, ...number[]];
  if (channels === undefined) throw shapeMismatch("frameStackCodec", [], "[C, ...]");
  if (count % frames !== 0) {
    const below = Math.floor(count / frames) * frames;
    const nearest = below === 0 ? `${frames}` : `${below} or ${below + frames}`;
    throw new DiffusionForcingError(
      "shape-mismatch",
      `frameStackCodec: ${count} frames do not divide into tokens of ${frames}; give ${nearest}.`,
    );
  }
  return tensor(data.data as Float32Array, [batch, count / frames, channels * frames, ...rest]);
}

function unstackFrames(tokens: HostTensor, frames: number): HostTensor<"float32"> {
  checkSequences("frameStackCodec", tokens, ["float32"]);
  const [batch, length, stacked, ...rest] = tokens.shape as [number, number, number | undefined, ...number[]];
  if (stacked === undefined || stacked % frames !== 0) {
    throw shapeMismatch("frameStackCodec", tokens.shape.slice(2), `channels of ${frames} stacked frames`);
  }
  return tensor(tokens.data as Float32Array, [batch, length * frames, stacked / frames, ...rest]);
}
