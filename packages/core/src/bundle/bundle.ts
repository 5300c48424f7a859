import * as v from "valibot";
import { type CodecReader, codecFromConfig, learnedNetworks } from "../codecs/index.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError, isDiffusionForcingError } from "../engine/errors.js";
import type { HostTensor, HostTensorRecord } from "../engine/tensor/tensor.js";
import type { Network } from "../models/model.js";
import { checkParameters, countParameters } from "../models/parameters.js";
import { type BundleConfig, bundleKindSchema, parseBundleConfig } from "./bundle-config.js";
import {
  type Bundle,
  type BundleKind,
  type BundleKinds,
  bundleSchema,
  modelOf,
  type SymbolBundle,
  subjectConfig,
  subjectOf,
} from "./bundle-kinds.js";
import { fingerprint } from "./fingerprint.js";
import { parseJson } from "./json.js";
import { decodeSafetensors } from "./safetensors.js";
import type { BundleSource, BundleTarget } from "./sources/source.js";
import { encodeWeights, floatTensors } from "./weights.js";

/** The files of a bundle, in the layout of model hubs. */
export const bundleFiles = { config: "config.json", weights: "model.safetensors" } as const;

const CODEC_PREFIX = "codec/";
const MOST_CONFIG_BYTES = 1_000_000;

export interface SaveOptions {
  /** How weights are stored: "float16" halves the file and rounds. Default "float32". */
  readonly weights?: "float32" | "float16";
}

export interface LoadOptions<Kind extends BundleKind = BundleKind> {
  /** The kinds of bundles that are expected. Default: a diffusion, `["diffusion-forcing"]`. */
  readonly kinds?: readonly Kind[];
  /** Readers of codecs from outside the library, by kind. */
  readonly codecs?: Readonly<Record<string, CodecReader>>;
  readonly signal?: AbortSignal;
}

const loadSchema = v.strictObject({
  kinds: v.optional(v.pipe(v.array(bundleKindSchema, "a list of kinds"), v.minLength(1, "at least one kind")), () => [
    "diffusion-forcing" as const,
  ]),
  codecs: v.optional(schemas.having<Readonly<Record<string, CodecReader>>>("readers of codecs by kind"), {}),
  signal: v.optional(schemas.having<AbortSignal>("an AbortSignal", "aborted")),
});

/**
 * A bundle as files by name. `model.safetensors` carries a fingerprint of what `config.json` says about the model, so that
 * weights are not read under another's configuration.
 *
 * @throws `invalid-argument`, `checkpoint-mismatch` for weights that are not the model's.
 */
export function encodeBundle(
  bundle: Bundle | SymbolBundle,
  options: SaveOptions = {},
): Record<string, Uint8Array<ArrayBuffer>> {
  const saveSchema = v.strictObject({ weights: v.optional(schemas.choice("float32", "float16"), "float32") });
  const { weights: dtype } = check("saveBundle", saveSchema, options);
  check("saveBundle", bundleSchema(bundle), bundle);
  const { parameters, codec, task, trainedOn, card } = bundle;
  const subject = subjectConfig(bundle);
  checkParameters(modelOf(bundle), parameters);
  checkFinite(codec?.parameters ?? {});
  const config = {
    ...subject,
    ...(codec === undefined ? {} : { codec: codec.config }),
    ...(task === undefined ? {} : { task }),
    ...(trainedOn === undefined ? {} : { trainedOn }),
    ...(card === undefined ? {} : { card }),
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`);
  // What is written must be readable: for one thing, JSON has no NaN.
  parseBundleConfig("saveBundle", parseJson(bundleFiles.config, bytes, { maxBytes: MOST_CONFIG_BYTES }));
  const learned = Object.entries(codec?.parameters ?? {}).map(([name, value]) => [`${CODEC_PREFIX}${name}`, value]);
  const metadata = { format: "diffusion-forcing-weights-1", config: fingerprint(config as unknown as BundleConfig) };
  return {
    [bundleFiles.config]: bytes,
    [bundleFiles.weights]: encodeWeights({ ...parameters, ...Object.fromEntries(learned) }, { dtype, metadata }),
  };
}

const targetSchema = schemas.having<BundleTarget>("a target, as directoryTarget() makes one", "write");

/** Writes a bundle. @throws `invalid-argument`, `write-failed`, and what {@link encodeBundle} throws */
export async function saveBundle(
  bundle: Bundle | SymbolBundle,
  target: BundleTarget,
  options: SaveOptions = {},
): Promise<void> {
  const { write } = check("saveBundle: the target", targetSchema, target);
  await write.call(target, encodeBundle(bundle, options));
}

/**
 * Reads a bundle. Nothing in its files is believed: sizes are bounded before anything is allocated, and no file is read
 * further than the configuration's model needs.
 *
 * @throws `read-failed` where there is no bundle; `corrupt-file`, `invalid-config`, `invalid-schedule`,
 *   `checkpoint-mismatch` for files that are damaged or do not belong together, naming source and file; `aborted`.
 */
export async function loadBundle<Kind extends BundleKind = "diffusion-forcing">(
  source: BundleSource,
  options: LoadOptions<Kind> = {},
): Promise<BundleKinds[Kind]> {
  check("loadBundle", schemas.having("a source, such as urlSource() or folderStore() make", "name", "read"), source);
  const { kinds, codecs, signal } = check("loadBundle", loadSchema, options);
  const read = async (file: string, maxBytes: number): Promise<Uint8Array> => {
    const bytes = await source.read(file, { maxBytes, ...(signal ? { signal } : {}) });
    if (bytes !== undefined) return bytes;
    const needed = Object.values(bundleFiles).join(" and ");
    throw new DiffusionForcingError("read-failed", `there is no ${file}; a bundle holds ${needed}.`);
  };
  return from(source.name, async () => {
    const configBytes = await read(bundleFiles.config, MOST_CONFIG_BYTES);
    const limits = { maxBytes: MOST_CONFIG_BYTES };
    const config = parseBundleConfig(bundleFiles.config, parseJson(bundleFiles.config, configBytes, limits));
    checkKind(config, kinds);
    const subject = await from(bundleFiles.config, () => subjectOf(config));
    const model = modelOf(subject);
    const learnedParts = await from(bundleFiles.config, () => learnedNetworks(config.codec));
    const networks = [model, ...learnedParts];
    const mayLearnMore = Object.keys(codecs).length > 0;
    const weights = await read(bundleFiles.weights, mostWeightBytes(networks, mayLearnMore));
    const { tensors, metadata } = await from(bundleFiles.weights, () => decodeSafetensors(weights));
    if (metadata.config !== undefined && metadata.config !== fingerprint(config)) {
      throw new DiffusionForcingError(
        "checkpoint-mismatch",
        `${bundleFiles.weights} was saved with another ${bundleFiles.config}: model, process, codec or task are not those that the weights were trained with. Fetch both files from one place.`,
      );
    }
    const { parameters, learned } = await from(bundleFiles.weights, () => split(floatTensors(tensors)));
    await from(bundleFiles.weights, () => {
      checkFinite(parameters);
      checkParameters(model, parameters);
      checkFinite(learned);
    });
    const { task, trainedOn, card } = config;
    const bundle = {
      ...subject,
      parameters,
      ...(config.codec === undefined
        ? {}
        : { codec: await from(bundleFiles.config, () => codecFromConfig(config.codec, learned, codecs)) }),
      ...(task === undefined ? {} : { task }),
      ...(trainedOn === undefined ? {} : { trainedOn }),
      ...(card === undefined ? {} : { card }),
    };
    return bundle as BundleKinds[Kind];
  });
}

const holds: Readonly<Record<BundleKind, string>> = {
  "diffusion-forcing": "a diffusion, which a Sampler draws from",
  "multi-token": "a model that predicts symbols, which sampleSymbols() draws from",
};

function checkKind({ kind }: BundleConfig, expected: readonly BundleKind[]): void {
  if (expected.includes(kind)) return;
  throw new DiffusionForcingError(
    "invalid-config",
    `${bundleFiles.config}: kind is "${kind}", ${holds[kind]}; expected "${expected.join('" or "')}". In code, loadBundle(source, { kinds: ["${kind}"] }) reads it.`,
  );
}

/** Room for the networks' weights as float32, names and metadata; those of codecs from outside are bounded by a gigabyte. */
function mostWeightBytes(networks: readonly Network[], mayLearnMore: boolean): number {
  const names = networks.flatMap(({ parameters }) => Object.keys(parameters));
  const room = names.reduce((total, name) => total + 6 * name.length + 400, 1_000_000);
  const values = networks.reduce((total, network) => total + countParameters(network), 0);
  return 4 * values + room + (mayLearnMore ? 2 ** 30 : 0);
}

function split(tensors: Record<string, HostTensor>) {
  const entries = Object.entries(tensors);
  const isLearned = ([name]: [string, HostTensor]): boolean => name.startsWith(CODEC_PREFIX);
  return {
    parameters: Object.fromEntries(entries.filter((entry) => !isLearned(entry))),
    learned: Object.fromEntries(
      entries.filter(isLearned).map(([name, value]) => [name.slice(CODEC_PREFIX.length), value]),
    ),
  };
}

/** Adds to what `work` complains of where it stands. */
async function from<T>(where: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isDiffusionForcingError(cause) || cause.code === "aborted" || cause.message.startsWith(`${where}`))
      throw cause;
    throw new DiffusionForcingError(cause.code, `${where}: ${cause.message}`, { cause });
  }
}

function checkFinite(weights: HostTensorRecord): void {
  for (const [name, { data }] of Object.entries(weights)) {
    const bad = data.find((x) => !Number.isFinite(x));
    if (bad === undefined) continue;
    throw new DiffusionForcingError(
      "corrupt-file",
      `Parameter "${name}" holds ${bad}; expected finite numbers. The model is damaged, or its training diverged.`,
    );
  }
}
