import { DiffusionForcingError } from "../engine/errors.js";
import type { HostTensor, HostTensorRecord } from "../engine/tensor/tensor.js";
import type { TrainingState } from "../training/state.js";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "./safetensors.js";

const format = "diffusion-forcing-training-1";
const groups = ["parameters", "first", "second", "average"] as const;

/** Model weights as a safetensors file. */
export function encodeWeights(
  parameters: HostTensorRecord,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return encodeSafetensors(parameters as Readonly<Record<string, SafetensorsTensor>>, metadata);
}

/**
 * Model weights from a safetensors file. Whether they fit a model is for `checkParameters`.
 *
 * @throws `corrupt-file` for a damaged file, or one with tensors that are no weights.
 */
export function decodeWeights(bytes: Uint8Array): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(decodeSafetensors(bytes).tensors).map(([name, stored]) => [name, float32(name, stored)]),
  );
}

function float32(name: string, stored: SafetensorsTensor): HostTensor {
  if (stored.dtype === "float32") return stored;
  throw new DiffusionForcingError("corrupt-file", `Tensor "${name}" is ${stored.dtype}; weights are float32.`);
}

/** A training state as a safetensors file: tensors `group/parameter`, metadata `step` and `seed`. */
export function encodeTrainingState(state: TrainingState): Uint8Array {
  const tensors: Record<string, SafetensorsTensor> = {};
  for (const group of groups) {
    for (const [name, value] of Object.entries(state[group] ?? {})) {
      tensors[`${group}/${name}`] = value as SafetensorsTensor;
    }
  }
  return encodeSafetensors(tensors, { format, step: String(state.step), seed: String(state.seed) });
}

/**
 * A training state written by {@link encodeTrainingState}.
 *
 * @throws `corrupt-file` for a damaged file or one that is no training checkpoint.
 */
export function decodeTrainingState(bytes: Uint8Array): TrainingState {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const whole = (key: string): number => {
    const text = metadata[key] ?? "";
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
    throw new DiffusionForcingError("corrupt-file", `The checkpoint's ${key} is "${text}"; expected a whole number.`);
  };
  if (metadata.format !== format) {
    throw new DiffusionForcingError(
      "corrupt-file",
      `The file is no training checkpoint: its format is "${metadata.format ?? "not given"}", expected "${format}".`,
    );
  }
  const records: Partial<Record<(typeof groups)[number], Record<string, HostTensor>>> = {};
  for (const [path, stored] of Object.entries(tensors)) {
    const group = groups.find((prefix) => path.startsWith(`${prefix}/`));
    if (group === undefined) {
      throw new DiffusionForcingError("corrupt-file", `Tensor "${path}" belongs to none of ${groups.join(", ")}.`);
    }
    records[group] ??= {};
    records[group][path.slice(group.length + 1)] = float32(path, stored);
  }
  const { parameters = {}, first = {}, second = {}, average } = records;
  const state = { step: whole("step"), seed: whole("seed"), parameters, first, second };
  return average === undefined ? state : { ...state, average };
}
