import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import type { HostTensorRecord } from "../engine/tensor/tensor.js";
import type { Network } from "../models/model.js";
import {
  type AutoencoderOptions,
  autoencoderCodec,
  type VariationalAutoencoder,
  variationalAutoencoder,
} from "./autoencoder/index.js";
import { type CategoricalOptions, categoricalCodec } from "./categorical.js";
import { chainCodecs, MOST_CODECS } from "./chain.js";
import type { Codec, CodecConfig } from "./codec.js";
import { frameStackCodec } from "./frame-stack.js";
import { imageCodec } from "./image.js";
import { keptCodec } from "./kept.js";
import { type NormalizationOptions, normalizationCodec } from "./normalization.js";
import {
  type VectorQuantizer,
  type VectorQuantizerOptions,
  vectorQuantizer,
  vectorQuantizerCodec,
} from "./vector-quantizer/index.js";

/** Makes a codec of one kind from its stored configuration and, if it has learned, its weights by name. */
export type CodecReader = (config: CodecConfig, parameters: HostTensorRecord) => Codec;

const readers: Readonly<Record<string, CodecReader>> = {
  normalization: ({ kind: _, ...options }) => normalizationCodec(options as unknown as NormalizationOptions),
  "frame-stack": ({ kind: _, frames, ...rest }) => {
    refuseFields("frame-stack", rest);
    return frameStackCodec(frames as number);
  },
  image: ({ kind: _, ...rest }) => {
    refuseFields("image", rest);
    return imageCodec();
  },
  categorical: ({ kind: _, ...options }) => categoricalCodec(options as unknown as CategoricalOptions),
  "variational-autoencoder": (config, parameters) =>
    autoencoderCodec({ autoencoder: autoencoderOf(config), parameters }),
  "vector-quantizer": (config, parameters) => vectorQuantizerCodec({ quantizer: quantizerOf(config), parameters }),
};

function autoencoderOf(config: CodecConfig): VariationalAutoencoder {
  return variationalAutoencoder(config as unknown as AutoencoderOptions);
}

function quantizerOf(config: CodecConfig): VectorQuantizer {
  return vectorQuantizer(config as unknown as VectorQuantizerOptions);
}

/** What of the library's codecs has weights, by kind. */
const networks: Readonly<Record<string, (config: CodecConfig) => Network>> = {
  "variational-autoencoder": autoencoderOf,
  "vector-quantizer": quantizerOf,
};

/**
 * The networks in a stored configuration of a codec whose weights a bundle holds: what they are, not what they have
 * learned.
 *
 * @throws `invalid-config` for one whose sizes make no sense
 */
export function learnedNetworks(config: unknown): Network[] {
  const { kind, codecs, codec } = (config ?? {}) as Partial<CodecConfig>;
  if (kind === "kept" && !holdsOthers(codec)) return learnedNetworks(codec);
  if (kind === "chain" && Array.isArray(codecs)) return codecs.slice(0, MOST_CODECS).flatMap(learnedNetworks);
  const network = typeof kind === "string" && Object.hasOwn(networks, kind) ? networks[kind] : undefined;
  return network === undefined ? [] : [network(config as CodecConfig)];
}

/** Whether it is a codec of codecs. */
function holdsOthers(config: unknown): boolean {
  const { kind } = (config ?? {}) as Partial<CodecConfig>;
  return kind === "kept" || kind === "chain";
}

function refuseFields(kind: string, rest: object): void {
  const [field] = Object.keys(rest);
  if (field !== undefined)
    throw new DiffusionForcingError("invalid-config", `A codec of kind "${kind}" has no ${field}.`);
}

/**
 * The codec that a stored configuration describes.
 *
 * @param parameters its weights, as {@link Codec.parameters} names them.
 * @param more readers of further kinds, for codecs from outside the library.
 * @throws `invalid-config` for an unknown kind (the message lists the known ones) or an illegal field.
 */
export function codecFromConfig(
  config: unknown,
  parameters: HostTensorRecord = {},
  more: Readonly<Record<string, CodecReader>> = {},
): Codec {
  const all: Readonly<Record<string, CodecReader>> = { ...readers, ...more };
  const kind = typeof config === "object" && config !== null && "kind" in config ? config.kind : undefined;
  if (kind === "chain") return readChain(config as CodecConfig, parameters, more);
  if (kind === "kept") {
    const { kept, codec, kind: _, ...rest } = config as CodecConfig;
    refuseFields("kept", rest);
    if (holdsOthers(codec)) {
      throw new DiffusionForcingError(
        "invalid-config",
        'The codec in one of kind "kept" holds others; it may hold none.',
      );
    }
    return keptCodec({ kept: kept as number, codec: codecFromConfig(codec, parameters, more) });
  }
  if (typeof kind !== "string" || !Object.hasOwn(all, kind)) {
    throw new DiffusionForcingError(
      "invalid-config",
      `A codec's kind is ${describe(kind)}; the known ones are ${[...Object.keys(all), "kept", "chain"].join(", ")}.`,
    );
  }
  return (all[kind] as CodecReader)(config as CodecConfig, parameters);
}

function readChain(
  { kind: _, codecs, ...rest }: CodecConfig,
  parameters: HostTensorRecord,
  more: Readonly<Record<string, CodecReader>>,
): Codec {
  refuseFields("chain", rest);
  if (!Array.isArray(codecs)) {
    throw new DiffusionForcingError("invalid-config", `A chain's codecs are ${describe(codecs)}; expected a list.`);
  }
  // Checked in full by chainCodecs; a chain within a chain would have been written as one.
  const parts = codecs.slice(0, MOST_CODECS + 1).map((part: unknown, i) => {
    if ((part as Partial<CodecConfig> | null)?.kind === "chain") {
      throw new DiffusionForcingError("invalid-config", "A chain of codecs holds a chain; write them as one list.");
    }
    const prefix = `${i}/`;
    const owned = Object.entries(parameters).filter(([name]) => name.startsWith(prefix));
    const named = owned.map(([name, value]) => [name.slice(prefix.length), value]);
    return codecFromConfig(part, Object.fromEntries(named) as HostTensorRecord, more);
  });
  return chainCodecs(parts);
}
