import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import { checkHostTensors, type HostTensor, type HostTensorRecord } from "../engine/tensor/tensor.js";
import { fromBfloat16Bits, fromFloat16Bits, largestFloat16, toFloat16Bits } from "./float16.js";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "./safetensors.js";
import { metadataSchema } from "./safetensors-header.js";

export interface WeightsOptions {
  /** "float16" halves the file and keeps about three decimal digits. Default "float32". */
  readonly dtype?: "float32" | "float16";
  readonly metadata?: Readonly<Record<string, string>>;
}

const optionsSchema = v.strictObject({
  dtype: v.optional(schemas.choice("float32", "float16"), "float32"),
  metadata: v.optional(metadataSchema, {}),
});

/**
 * Model weights as a safetensors file.
 *
 * @throws `invalid-argument` for a weight that float16 cannot hold, `dtype-mismatch` for one that is not float32, and what
 *   {@link encodeSafetensors} throws.
 */
export function encodeWeights(parameters: HostTensorRecord, options: WeightsOptions = {}): Uint8Array<ArrayBuffer> {
  const { dtype, metadata } = check("encodeWeights", optionsSchema, options);
  const weights = checkWeights("encodeWeights: the weights", parameters);
  if (dtype === "float32") return encodeSafetensors(weights, metadata);
  return encodeSafetensors(
    Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, asFloat16(name, value)])),
    metadata,
  );
}

/** Sound float32 tensors by name: all that {@link floatTensors} gives back. @throws `dtype-mismatch`, `invalid-argument`, `shape-mismatch` */
export function checkWeights(what: string, record: unknown): Readonly<Record<string, HostTensor<"float32">>> {
  const tensors = checkHostTensors(what, record);
  const other = Object.entries(tensors).find(([, { dtype }]) => dtype !== "float32");
  if (other === undefined) return tensors as Readonly<Record<string, HostTensor<"float32">>>;
  throw new DiffusionForcingError(
    "dtype-mismatch",
    `${what}: "${other[0]}" is ${formatType(other[1])}; expected float32. Other tensors are written by encodeSafetensors().`,
  );
}

/**
 * Model weights from a safetensors file, always as float32; float16 and bfloat16 widen without loss. Whether they fit a
 * model is for `checkParameters`.
 *
 * @throws `corrupt-file` for a damaged file, or one with tensors that are no weights.
 */
export function decodeWeights(bytes: Uint8Array): Record<string, HostTensor> {
  return floatTensors(decodeSafetensors(bytes).tensors);
}

/** The tensors as weights. @throws `corrupt-file` for one that is none */
export function floatTensors(tensors: Readonly<Record<string, SafetensorsTensor>>): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, stored]) => [name, asFloat32(name, stored)]));
}

/** A stored tensor as a weight. @throws `corrupt-file` for an integer */
export function asFloat32(name: string, stored: SafetensorsTensor): HostTensor<"float32"> {
  if (stored.dtype === "float32") return stored as HostTensor<"float32">;
  if (stored.dtype === "F16" || stored.dtype === "BF16") {
    const widen = stored.dtype === "F16" ? fromFloat16Bits : fromBfloat16Bits;
    return {
      dtype: "float32",
      shape: stored.shape,
      data: Float32Array.from(stored.data, widen),
    } as HostTensor<"float32">;
  }
  throw new DiffusionForcingError(
    "corrupt-file",
    `Tensor ${JSON.stringify(name.slice(0, 100))} is ${stored.dtype}; weights are float32, F16 or BF16.`,
  );
}

function asFloat16(name: string, { shape, data }: HostTensor<"float32">): SafetensorsTensor {
  const tooLarge = data.find((value) => !(Math.abs(value) < largestFloat16 + 16));
  if (tooLarge !== undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `Weight "${name}" holds ${tooLarge}; float16 reaches to ${largestFloat16}. Save it as float32.`,
    );
  }
  return { dtype: "F16", shape, data: Uint16Array.from(data, toFloat16Bits) };
}
