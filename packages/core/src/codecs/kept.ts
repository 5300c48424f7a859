import type { Backend } from "../engine/backend/contract.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import type { Shape } from "../engine/tensor/shape.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { type Codec, checkSequences, codecOn, shapeMismatch } from "./codec.js";

export interface KeptOptions {
  /** Numbers at the beginning of an item that pass as they are: an action, say. */
  readonly kept: number;
  /** What the numbers after them go through: the pixels of a small image, say, through an autoencoder. */
  readonly codec: Codec;
}

/**
 * Items [kept + C] to tokens [kept + D]: the first numbers as they are, those after them through a codec of vectors. Its
 * weights are that codec's.
 *
 * @throws `invalid-config` for a codec that holds others, or makes one token of several items
 */
export function keptCodec({ kept, codec }: KeptOptions): Codec {
  check("keptCodec", schemas.integer(1, 65_536), kept, "invalid-config");
  if (codec.itemsPerToken !== 1 || codec.config.kind === "chain" || codec.config.kind === "kept") {
    throw new DiffusionForcingError(
      "invalid-config",
      `keptCodec: the codec is of kind "${codec.config.kind}"; expected one of vectors, item by item. Chain what comes before or after it around this one.`,
    );
  }
  const checkVector = (shape: Shape): number => {
    const [size] = shape;
    if (shape.length === 1 && size !== undefined && size > kept) return size;
    throw shapeMismatch("keptCodec", shape, `vectors of more than the ${kept} numbers that are kept`);
  };
  const through = async (
    sequences: HostTensor,
    translate: (rest: HostTensor) => HostTensor | Promise<HostTensor>,
  ): Promise<HostTensor<"float32">> => {
    checkSequences("keptCodec", sequences, ["float32"]);
    const size = checkVector(sequences.shape.slice(2));
    const data = sequences.data as Float32Array;
    const [batch, length] = sequences.shape as [number, number, number];
    const items = batch * length;
    const rest = new Float32Array(items * (size - kept));
    for (let i = 0; i < items; i++) rest.set(data.subarray(i * size + kept, (i + 1) * size), i * (size - kept));
    const translated = await translate(tensor(rest, [batch, length, size - kept]));
    checkSequences("keptCodec", translated, ["float32"]);
    const width = translated.shape[2] as number;
    const result = new Float32Array(items * (kept + width));
    for (let i = 0; i < items; i++) {
      result.set(data.subarray(i * size, i * size + kept), i * (kept + width));
      const own = (translated.data as Float32Array).subarray(i * width, (i + 1) * width);
      result.set(own, i * (kept + width) + kept);
    }
    return tensor(result, [batch, length, kept + width]);
  };
  return {
    config: { kind: "kept", kept, codec: codec.config },
    itemsPerToken: 1,
    ...(codec.parameters === undefined ? {} : { parameters: codec.parameters }),
    ...(codec.withBackend === undefined
      ? {}
      : { withBackend: (backend: Backend) => keptCodec({ kept, codec: codecOn(backend, codec) }) }),
    tokenShape: (shape: Shape) => [kept + (codec.tokenShape([checkVector(shape) - kept])[0] as number)],
    encode: (data) => through(data, codec.encode),
    decode: (tokens) => through(tokens, codec.decode),
  };
}
