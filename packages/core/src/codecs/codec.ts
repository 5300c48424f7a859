import type { Backend } from "../engine/backend/contract.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import { formatShape, type Shape, shapesEqual } from "../engine/tensor/shape.js";
import { checkHostTensor, type HostTensor, type HostTensorRecord } from "../engine/tensor/tensor.js";

/** A codec as JSON: what bundles store and `codecFromConfig` reads back. */
export interface CodecConfig {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/**
 * Translates between sequences of the user's data, [B, F, ...item], and the tokens of a model, float32
 * [B, T, ...tokenShape]. A codec that has learned, such as an autoencoder, may take its time, and owns weights that are
 * stored in the bundle.
 */
export interface Codec {
  readonly config: CodecConfig;
  /** F / T: how many items of the data a token holds. */
  readonly itemsPerToken: number;
  /** Weights by name, stored in the bundle's weights under `codec/`. */
  readonly parameters?: HostTensorRecord;
  /**
   * The same codec computing on this backend, which owns what is compiled for it. Absent where nothing is computed that a
   * backend could take over; see {@link codecOn}.
   */
  withBackend?(backend: Backend): Codec;
  /** The shape of a token for items of this shape. @throws `shape-mismatch` */
  tokenShape(itemShape: Shape): Shape;
  /** @throws `shape-mismatch`, `invalid-data` */
  encode(data: HostTensor): HostTensor<"float32"> | Promise<HostTensor<"float32">>;
  /** @throws `shape-mismatch` */
  decode(tokens: HostTensor): HostTensor | Promise<HostTensor>;
}

/** A codec that computes at once: all that come with the library. */
export interface PlainCodec extends Codec {
  encode(data: HostTensor): HostTensor<"float32">;
  decode(tokens: HostTensor): HostTensor;
}

/** The codec as it computes fastest: on the backend, if it can make use of one. */
export function codecOn(backend: Backend, codec: Codec): Codec {
  return codec.withBackend?.(backend) ?? codec;
}

/** @throws `shape-mismatch` unless the tensor is [B, F, ...itemShape] of one of the dtypes */
export function checkSequences(
  what: string,
  value: HostTensor,
  dtypes: readonly HostTensor["dtype"][],
  itemShape?: Shape,
): void {
  checkHostTensor(what, value);
  const fits = itemShape === undefined || shapesEqual(value.shape.slice(2), itemShape);
  if (dtypes.includes(value.dtype) && value.shape.length >= 2 && fits) return;
  const item = itemShape === undefined ? "..." : itemShape.join(", ");
  throw new DiffusionForcingError(
    "shape-mismatch",
    `${what}: the sequences are ${formatType(value)}; expected ${dtypes.join(" or ")}[B, F, ${item}].`,
  );
}

export function shapeMismatch(what: string, shape: Shape, expected: string): DiffusionForcingError {
  return new DiffusionForcingError(
    "shape-mismatch",
    `${what}: the items are ${formatShape(shape)}; expected ${expected}.`,
  );
}
