import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import { type Shape, sizeOf } from "../engine/tensor/shape.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { typedArrayName } from "../engine/typed-array-name.js";
import { type CodecConfig, checkSequences, type PlainCodec, shapeMismatch } from "./codec.js";

/** Beyond this the square of a number is no float32, and below its inverse no normal one. */
const LARGEST = 1e18;
const MOST_CHANNELS = 65_536;

export interface NormalizationOptions {
  /** Per channel, C numbers. */
  readonly mean: readonly number[];
  /** Standard deviations, C positive numbers. */
  readonly std: readonly number[];
}

export interface Normalization extends PlainCodec {
  readonly config: CodecConfig & NormalizationOptions;
  /** Frames [F, C] in a row, in place. */
  normalize(frames: Float32Array): void;
  /** The same back again. */
  denormalize(frames: Float32Array): void;
}

const numbers = <Item extends v.GenericSchema<number>>(item: Item) =>
  v.pipe(v.array(item), v.minLength(1, "at least one number"), v.maxLength(MOST_CHANNELS, `at most ${MOST_CHANNELS}`));

const schema = v.pipe(
  v.strictObject({
    mean: numbers(schemas.number(-LARGEST, LARGEST)),
    std: numbers(schemas.number(1 / LARGEST, LARGEST)),
  }),
  v.check(({ mean, std }) => mean.length === std.length, "as many numbers in mean as in std"),
);

const framesSchema = (channels: number) =>
  schemas.satisfying<Float32Array>(
    `a Float32Array of whole frames of ${channels} numbers`,
    (value) => typedArrayName(value) === "Float32Array" && (value as Float32Array).length % channels === 0,
  );

/**
 * z-normalisation of every channel: tokens hold (x - mean) / std. Channels are the first axis of an item, [C] or
 * [C, H, W].
 *
 * @throws `invalid-config` for lists of other lengths, or numbers that float32 cannot compute with.
 */
export function normalizationCodec(options: NormalizationOptions): Normalization {
  const { mean, std } = check("normalizationCodec", schema, options, "invalid-config");
  const channels = mean.length;
  const convert = (value: HostTensor, number: (x: number, channel: number) => number): HostTensor<"float32"> => {
    const area = areaOf(value);
    const { data, shape } = value;
    const of = (_: unknown, i: number) => number(data[i] as number, Math.floor(i / area) % channels);
    return tensor(Float32Array.from({ length: data.length }, of), shape);
  };
  const encoded = (x: number, c: number): number => (x - (mean[c] as number)) / (std[c] as number);
  const decoded = (x: number, c: number): number => x * (std[c] as number) + (mean[c] as number);
  const areaOf = (value: HostTensor): number => {
    const what = "normalizationCodec";
    checkSequences(what, value, ["float32"]);
    const [, , first, ...rest] = value.shape;
    if (first !== channels) {
      const types = `${what}: ${formatType(value)} does not have the ${channels} channels of mean and std on axis 2.`;
      throw new DiffusionForcingError("shape-mismatch", types);
    }
    return sizeOf(rest);
  };
  const inPlace = (frames: Float32Array, number: (x: number, channel: number) => number): void => {
    check("normalizationCodec: the frames", framesSchema(channels), frames);
    for (let i = 0; i < frames.length; i++) frames[i] = number(frames[i] as number, i % channels);
  };
  return {
    config: { kind: "normalization", mean, std },
    itemsPerToken: 1,
    tokenShape: (shape: Shape) => {
      if (shape[0] === channels) return shape;
      throw shapeMismatch("normalizationCodec", shape, `[${channels}, ...]`);
    },
    encode: (data) => convert(data, encoded),
    decode: (tokens) => convert(tokens, decoded),
    normalize: (frames) => inPlace(frames, encoded),
    denormalize: (frames) => inPlace(frames, decoded),
  };
}

/**
 * Mean and standard deviation of every channel over all frames [F, C], in float64.
 *
 * @throws `invalid-argument` for numbers that are not whole frames, `invalid-data` for a channel that never changes: nothing could be divided by its deviation.
 */
export function fitNormalization(frames: ArrayLike<number>, channels: number): Normalization {
  if (!Number.isSafeInteger(channels) || channels < 1 || !(frames?.length > 0) || frames.length % channels !== 0) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `fitNormalization: ${describe(frames?.length)} numbers in frames of ${describe(channels)}; expected whole frames, one or more numbers each.`,
    );
  }
  const count = frames.length / channels;
  const mean = new Array<number>(channels).fill(0);
  const square = new Array<number>(channels).fill(0);
  for (let i = 0; i < frames.length; i++) mean[i % channels]! += (frames[i] as number) / count;
  for (let i = 0; i < frames.length; i++)
    square[i % channels]! += ((frames[i] as number) - mean[i % channels]!) ** 2 / count;
  const still = square.findIndex((variance) => !(variance > 0));
  if (still >= 0) {
    throw new DiffusionForcingError(
      "invalid-data",
      `Channel ${still} of the ${count} frames has variance ${square[still]}; expected data that moves.`,
    );
  }
  return normalizationCodec({ mean, std: square.map(Math.sqrt) });
}
