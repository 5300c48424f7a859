import * as v from "valibot";
import { backendSchema } from "../../engine/backend/backend-schema.js";
import type { Backend } from "../../engine/backend/contract.js";
import { check, schemas } from "../../engine/check.js";
import type { HostTensor, HostTensorRecord } from "../../engine/tensor/tensor.js";
import { isNetwork } from "../../models/check-model.js";
import { weightsOf } from "../../models/data-range.js";
import { checkParameters } from "../../models/parameters.js";
import { type Codec, checkSequences, shapeMismatch } from "../codec.js";
import { rowByRow } from "../row-by-row.js";
import type { VariationalAutoencoder } from "./autoencoder.js";
import { completeAutoencoderConfig } from "./config.js";

export interface AutoencoderCodecOptions {
  readonly autoencoder: VariationalAutoencoder;
  /** As trained. */
  readonly parameters: HostTensorRecord;
  /** What computes; it owns what is compiled for it. Default: the reference backend, plain JavaScript and slow. */
  readonly backend?: Backend;
}

const directions = v.looseObject({ encode: schemas.function(), decode: schemas.function() });
const schema = v.strictObject({
  autoencoder: schemas.satisfying<VariationalAutoencoder>(
    "an autoencoder, as variationalAutoencoder() makes one",
    (value) => isNetwork(value) && v.is(directions, value),
  ),
  parameters: schemas.having<HostTensorRecord>("weights by parameter name"),
  backend: v.optional(backendSchema),
});

/**
 * A trained autoencoder as a codec: items float32 [B, F, C] to the means of their posteriors [B, F, D], and tokens to
 * what the decoder makes of them, features or logits.
 *
 * @throws `invalid-argument`, `invalid-config`, `checkpoint-mismatch` for parameters of another autoencoder.
 */
export function autoencoderCodec(options: AutoencoderCodecOptions): Codec {
  const { autoencoder, parameters, backend } = check("autoencoderCodec", schema, options);
  const config = completeAutoencoderConfig(autoencoder.config);
  const weights = weightsOf(autoencoder, parameters);
  checkParameters(autoencoder, parameters);
  const { features, latentFeatures } = config;
  const computing = { backend, weights };
  const encode = rowByRow({
    ...computing,
    widths: [features, latentFeatures],
    apply: (given, rows) => autoencoder.encode(given, rows).mean,
  });
  const decode = rowByRow({ ...computing, widths: [latentFeatures, features], apply: autoencoder.decode });
  return {
    config,
    itemsPerToken: 1,
    parameters: weights,
    withBackend: (other) => autoencoderCodec({ autoencoder, parameters, backend: other }),
    tokenShape: (shape) => {
      if (shape.length === 1 && shape[0] === features) return [latentFeatures];
      throw shapeMismatch("autoencoderCodec", shape, `[${features}]`);
    },
    encode: (data) => {
      checkSequences("autoencoderCodec", data, ["float32"], [features]);
      return encode(data as HostTensor<"float32">);
    },
    decode: (tokens) => {
      checkSequences("autoencoderCodec", tokens, ["float32"], [latentFeatures]);
      return decode(tokens as HostTensor<"float32">);
    },
  };
}
