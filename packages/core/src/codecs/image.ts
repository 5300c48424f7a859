import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { checkSequences, type PlainCodec } from "./codec.js";

/**
 * Pixels 0..255 as tokens -1..1, x / 127.5 - 1: int32 or float32 [B, F, ...], of any item. Decoding rounds to the nearest
 * whole number and limits to 0..255, int32.
 */
export function imageCodec(): PlainCodec {
  return {
    config: { kind: "image" },
    itemsPerToken: 1,
    tokenShape: (shape) => shape,
    encode: (data: HostTensor) => {
      checkSequences("imageCodec", data, ["int32", "float32"]);
      return tensor(
        Float32Array.from(data.data, (x) => x / 127.5 - 1),
        data.shape,
      );
    },
    decode: (tokens) => {
      checkSequences("imageCodec", tokens, ["float32"]);
      const pixel = (x: number): number => Math.min(Math.max(Math.round((x + 1) * 127.5), 0), 255);
      return tensor(Int32Array.from(tokens.data, pixel), tokens.shape);
    },
  };
}
