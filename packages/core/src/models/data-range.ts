import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";
import type { Network } from "./model.js";

/** Smallest and largest value of each channel in the data a model was trained on, float32 [C] each. */
export interface DataRange {
  readonly minimum: HostTensor;
  readonly maximum: HostTensor;
}

/** Under these names the range stands among weights: it is learned from the data as they are, and saved with them. */
const names = { minimum: "data.minimum", maximum: "data.maximum" } as const;

export function isDataRangeName(name: string): boolean {
  return name === names.minimum || name === names.maximum;
}

const weightsSchema = schemas.having<HostTensorRecord>("tensors by parameter name");
const rangeSchema = schemas.having<DataRange>("tensors { minimum, maximum }", "minimum", "maximum");

/** Weights together with the range of the data. @throws `invalid-argument` */
export function withDataRange(weights: HostTensorRecord, range: DataRange | undefined): HostTensorRecord {
  check("withDataRange: the weights", weightsSchema, weights);
  if (range === undefined) return weights;
  check("withDataRange: the range", rangeSchema, range);
  return { ...weights, [names.minimum]: range.minimum, [names.maximum]: range.maximum };
}

/** The range among weights, if it is there. @throws `checkpoint-mismatch` for a range of another number of channels. */
export function dataRangeOf(model: Network, parameters: HostTensorRecord): DataRange | undefined {
  const [minimum, maximum] = [parameters[names.minimum], parameters[names.maximum]];
  if (minimum === undefined && maximum === undefined) return undefined;
  const [channels] = model.tokenShape;
  for (const [name, found] of Object.entries({ [names.minimum]: minimum, [names.maximum]: maximum })) {
    if (found?.dtype === "float32" && found.shape.length === 1 && found.shape[0] === channels) continue;
    throw new DiffusionForcingError(
      "checkpoint-mismatch",
      `"${name}" among the weights is ${found === undefined ? "missing" : `${found.dtype}[${found.shape}]`}; expected float32[${channels}], a number for each channel.`,
    );
  }
  return { minimum: minimum as HostTensor, maximum: maximum as HostTensor };
}

/** The model's own weights, without the range of the data. */
export function weightsOf(model: Network, parameters: HostTensorRecord): Record<string, HostTensor> {
  return Object.fromEntries(Object.keys(model.parameters).map((name) => [name, parameters[name] as HostTensor]));
}

/**
 * The range that also holds these tokens, float32 [B, T, C, ...]; those of mask 0 do not count.
 *
 * @param mask broadcast to the tokens already, or absent.
 */
export function extendedRange(
  range: DataRange | undefined,
  { shape, data }: HostTensor,
  mask?: ArrayLike<number>,
): DataRange {
  const [batch, length, channels, ...rest] = shape as [number, number, number, ...number[]];
  const area = rest.reduce((product, size) => product * size, 1);
  const minimum = Float32Array.from(range?.minimum.data ?? new Float32Array(channels).fill(Number.POSITIVE_INFINITY));
  const maximum = Float32Array.from(range?.maximum.data ?? new Float32Array(channels).fill(Number.NEGATIVE_INFINITY));
  for (let token = 0, i = 0; token < batch * length; token++) {
    for (let c = 0; c < channels; c++) {
      for (let a = 0; a < area; a++, i++) {
        if (mask !== undefined && mask[i] === 0) continue;
        const value = data[i] as number;
        if (value < (minimum[c] as number)) minimum[c] = value;
        if (value > (maximum[c] as number)) maximum[c] = value;
      }
    }
  }
  return { minimum: tensor(minimum), maximum: tensor(maximum) };
}
