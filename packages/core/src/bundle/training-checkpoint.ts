import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import type { DataRange } from "../models/data-range.js";
import type { TrainingState } from "../training/state.js";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.js";
import { metadataSchema } from "./safetensors-header.js";
import { asFloat32, checkWeights } from "./weights.js";

const format = "diffusion-forcing-training-2";
const groups = ["parameters", "first", "second", "ema", "best", "range"] as const;

/**
 * A training state as a safetensors file: tensors `group/parameter`, and as metadata `step`, `seed`, the `subject` (what
 * is trained) and, with early stopping, the `best` evaluation.
 *
 * @param metadata further strings to keep with it, such as what data it was trained on.
 */
export function encodeTrainingState(
  state: TrainingState,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const what = "encodeTrainingState: the state";
  check(what, stateSchema, state);
  check("encodeTrainingState: the metadata", metadataSchema, metadata);
  const { step, seed, subject, best, ema, range, parameters, first, second } = state;
  const { parameters: ofBest, ...evaluation } = best ?? {};
  const fields = { step, seed, subject, ...(best === undefined ? {} : { best: evaluation }) };
  // What is written must be readable.
  check(what, fieldsSchema, fields);
  const records: Partial<Record<(typeof groups)[number], unknown>> = {
    parameters,
    first,
    second,
    ...(ema === undefined ? {} : { ema }),
    ...(range === undefined ? {} : { range }),
    ...(best === undefined ? {} : { best: ofBest }),
  };
  const tensors = Object.entries(records).flatMap(([group, record]) =>
    Object.entries(checkWeights(`${what}'s ${group}`, record)).map(([name, value]) => [`${group}/${name}`, value]),
  );
  const texts = Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]);
  return encodeSafetensors(Object.fromEntries(tensors), { ...metadata, format, ...Object.fromEntries(texts) });
}

const stateSchema = schemas.having<TrainingState>("a training state, as train() returns one", "step", "parameters");

const whole = schemas.integer(0);
const word = schemas.integer(0, 2 ** 32 - 1);
/** The metadata that are a state's own. */
const fieldsSchema = v.strictObject({
  step: whole,
  seed: v.union([whole, v.strictTuple([word, word])], "a whole number from 0, or two of 32 bits"),
  subject: v.strictObject({ model: v.unknown(), process: v.optional(v.unknown()) }),
  best: v.optional(v.strictObject({ step: whole, loss: schemas.number(), misses: whole })),
});

/**
 * A training state written by {@link encodeTrainingState}.
 *
 * @throws `corrupt-file` for a damaged file or one that is no training checkpoint.
 */
export function decodeTrainingState(bytes: Uint8Array): TrainingState {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.format !== format) {
    throw new DiffusionForcingError(
      "corrupt-file",
      `The file is no training checkpoint: its format is "${metadata.format ?? "not given"}", expected "${format}".`,
    );
  }
  const fields = ["step", "seed", "subject", "best"].flatMap((key) =>
    metadata[key] === undefined ? [] : [[key, parsed(metadata[key])]],
  );
  const { best, ...rest } = check("The checkpoint", fieldsSchema, Object.fromEntries(fields), "corrupt-file");
  const records: Partial<Record<(typeof groups)[number], Record<string, HostTensor>>> = {};
  for (const [path, stored] of Object.entries(tensors)) {
    const group = groups.find((prefix) => path.startsWith(`${prefix}/`));
    if (group === undefined) {
      throw new DiffusionForcingError("corrupt-file", `Tensor "${path}" belongs to none of ${groups.join(", ")}.`);
    }
    records[group] ??= {};
    records[group][path.slice(group.length + 1)] = asFloat32(path, stored);
  }
  const { parameters = {}, first = {}, second = {}, ema, range } = records;
  return {
    ...(rest as Pick<TrainingState, "step" | "seed" | "subject">),
    parameters,
    first,
    second,
    ...(ema === undefined ? {} : { ema }),
    ...(range === undefined ? {} : { range: range as unknown as DataRange }),
    ...(best === undefined ? {} : { best: { ...best, parameters: records.best ?? {} } }),
  };
}

/** Metadata are JSON; what is none is shown as it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
