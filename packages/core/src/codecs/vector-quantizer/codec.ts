import * as v from "valibot";
import { backendSchema } from "../../engine/backend/backend-schema.js";
import type { Backend } from "../../engine/backend/contract.js";
import { check, schemas } from "../../engine/check.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import { checkFinite, type HostTensor, type HostTensorRecord, tensor } from "../../engine/tensor/tensor.js";
import { isNetwork } from "../../models/check-model.js";
import { weightsOf } from "../../models/data-range.js";
import { checkParameters } from "../../models/parameters.js";
import { type Codec, checkSequences, shapeMismatch } from "../codec.js";
import { rowByRow } from "../row-by-row.js";
import { completeQuantizerConfig } from "./config.js";
import { CODEBOOK, type VectorQuantizer } from "./vector-quantizer.js";

export interface VectorQuantizerCodecOptions {
  readonly quantizer: VectorQuantizer;
  /** As trained. */
  readonly parameters: HostTensorRecord;
  /** What computes; it owns what is compiled for it. Default: the reference backend, plain JavaScript and slow. */
  readonly backend?: Backend;
}

/** A codec whose tokens are the vectors of a codebook, and which also knows them by number. */
export interface VectorQuantizerCodec extends Codec {
  /** K: how many codes there are. */
  readonly codes: number;
  /** The tokens that there are, K rows of D: the learned code vectors about their mean, at a mean square of 1. */
  readonly codebook: readonly (readonly number[])[];
  withBackend(backend: Backend): VectorQuantizerCodec;
  /** Items float32 [B, F, C] as the numbers of their codes, int32 [B, F]. @throws `shape-mismatch`, `invalid-data` */
  encodeCodes(data: HostTensor): Promise<HostTensor<"int32">>;
  /** Codes int32 [B, F] as the features that the decoder makes of them. @throws `invalid-data` for codes there are not */
  decodeCodes(codes: HostTensor): Promise<HostTensor<"float32">>;
  /** Tokens float32 [B, F, D] as the numbers of the codes nearest to them. @throws `shape-mismatch`, `invalid-data` */
  codesOf(tokens: HostTensor): HostTensor<"int32">;
  /** Codes int32 [B, F] as tokens. @throws `invalid-data` for codes there are not */
  tokensOf(codes: HostTensor): HostTensor<"float32">;
}

const directions = v.looseObject({
  encode: schemas.function(),
  nearness: schemas.function(),
  decode: schemas.function(),
});
const schema = v.strictObject({
  quantizer: schemas.satisfying<VectorQuantizer>(
    "a vector quantiser, as vectorQuantizer() makes one",
    (value) => isNetwork(value) && v.is(directions, value),
  ),
  parameters: schemas.having<HostTensorRecord>("weights by parameter name"),
  backend: v.optional(backendSchema),
});

/**
 * A trained vector quantiser as a codec: items float32 [B, F, C] to the vectors of their codes [B, F, D], and tokens to
 * what the decoder makes of the code nearest to each.
 *
 * @throws `invalid-argument`, `invalid-config`, `checkpoint-mismatch` for parameters of another quantiser.
 */
export function vectorQuantizerCodec(options: VectorQuantizerCodecOptions): VectorQuantizerCodec {
  const { quantizer, parameters, backend } = check("vectorQuantizerCodec", schema, options);
  const config = completeQuantizerConfig(quantizer.config);
  const weights = weightsOf(quantizer, parameters);
  checkParameters(quantizer, parameters);
  const { features, latentFeatures: width, codes } = config;
  const learned = (weights[CODEBOOK] as HostTensor).data as Float32Array;
  const table = standardized(learned, width);
  const computing = { backend, weights };
  const nearness = rowByRow({
    ...computing,
    widths: [features, codes],
    apply: (given, rows) => quantizer.nearness(given, quantizer.encode(given, rows)),
  });
  const decode = rowByRow({ ...computing, widths: [width, features], apply: quantizer.decode });

  /** Rows of a table [K, D] by number. */
  const rowsOf = (what: string, from: Float32Array, given: HostTensor): HostTensor<"float32"> => {
    checkSequences(what, given, ["int32"], []);
    const wrong = given.data.find((code) => code < 0 || code >= codes);
    if (wrong !== undefined) {
      throw new DiffusionForcingError(
        "invalid-data",
        `${what}: there is no code ${wrong}; expected 0 to ${codes - 1}.`,
      );
    }
    const data = new Float32Array(given.data.length * width);
    given.data.forEach((code, i) => {
      data.set(from.subarray(code * width, (code + 1) * width), i * width);
    });
    return tensor(data, [...given.shape, width]);
  };
  const codesOf = (tokens: HostTensor): HostTensor<"int32"> => {
    checkSequences("vectorQuantizerCodec", tokens, ["float32"], [width]);
    // No code is the nearest to NaN.
    checkFinite("vectorQuantizerCodec: what is decoded", tokens);
    const found = Int32Array.from({ length: tokens.data.length / width }, (_, i) =>
      nearest(table, (tokens.data as Float32Array).subarray(i * width, (i + 1) * width)),
    );
    return tensor(found, tokens.shape.slice(0, 2));
  };
  const encodeCodes = async (data: HostTensor): Promise<HostTensor<"int32">> => {
    checkSequences("vectorQuantizerCodec", data, ["float32"], [features]);
    checkFinite("vectorQuantizerCodec: what is encoded", data);
    const scores = await nearness(data as HostTensor<"float32">);
    const chosen = Int32Array.from({ length: scores.data.length / codes }, (_, i) => {
      const row = scores.data.subarray(i * codes, (i + 1) * codes);
      return row.reduce((best, value, k) => (value > (row[best] as number) ? k : best), 0);
    });
    return tensor(chosen, data.shape.slice(0, 2));
  };
  const tokensOf = (given: HostTensor): HostTensor<"float32"> => rowsOf("vectorQuantizerCodec", table, given);
  const decodeCodes = async (given: HostTensor): Promise<HostTensor<"float32">> =>
    decode(rowsOf("vectorQuantizerCodec", learned, given));

  return {
    config,
    itemsPerToken: 1,
    parameters: weights,
    codes,
    codebook: Array.from({ length: codes }, (_, k) => Array.from(table.subarray(k * width, (k + 1) * width))),
    withBackend: (other) => vectorQuantizerCodec({ ...options, backend: other }),
    tokenShape: (shape) => {
      if (shape.length === 1 && shape[0] === features) return [width];
      throw shapeMismatch("vectorQuantizerCodec", shape, `[${features}]`);
    },
    encode: async (data) => tokensOf(await encodeCodes(data)),
    decode: async (tokens) => decodeCodes(codesOf(tokens)),
    encodeCodes,
    decodeCodes,
    codesOf,
    tokensOf,
  };
}

/**
 * The codec of a bundle as one of codes.
 *
 * @throws `invalid-config` for one that has no codebook.
 */
export function asVectorQuantizer(codec: Codec | undefined): VectorQuantizerCodec {
  if (codec !== undefined && "codebook" in codec && "encodeCodes" in codec) return codec as VectorQuantizerCodec;
  throw new DiffusionForcingError(
    "invalid-config",
    `The model's codec is ${codec === undefined ? "missing" : `of kind "${codec.config.kind}"`}; expected a "vector-quantizer", which has a codebook.`,
  );
}

/** Rows of `width` about their mean and at a mean square of 1, over all rows. */
function standardized(rows: Float32Array, width: number): Float32Array {
  const count = rows.length / width;
  const mean = new Float64Array(width);
  rows.forEach((value, i) => {
    mean[i % width] = (mean[i % width] as number) + value / count;
  });
  const centred = Float64Array.from(rows, (value, i) => value - (mean[i % width] as number));
  const scale = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0) / rows.length);
  return Float32Array.from(centred, (value) => (scale === 0 ? 0 : value / scale));
}

/** The row of a table that is nearest to a vector. */
function nearest(table: Float32Array, vector: Float32Array): number {
  const width = vector.length;
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < table.length / width; k++) {
    let distance = 0;
    for (let d = 0; d < width && distance < least; d++) {
      distance += ((table[k * width + d] as number) - (vector[d] as number)) ** 2;
    }
    if (distance < least) [best, least] = [k, distance];
  }
  return best;
}
