import * as v from "valibot";
import type { SafetensorsTensor } from "../bundle/safetensors.js";
import { check } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatShape, type Shape, shapesEqual, sizeOf } from "../engine/tensor/shape.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";
import type { ModelConfig } from "../models/model.js";
import { modelFromConfig } from "../models/model-from-config.js";
import { checkParameters } from "../models/parameters.js";
import { type OfficialLayout, officialLayout } from "./official-layout.js";
import type { OfficialTensor } from "./official-tensor.js";

/** What {@link fromOfficial} finds. */
export interface OfficialWeights {
  /** By this library's names. */
  readonly parameters: Record<string, HostTensor<"float32">>;
  /** Stood before every name of the model: "", or `diffusion_model.` in a training checkpoint. */
  readonly prefix: string;
  /** Entries that belong to no network: schedule tables, metrics, the optimiser's. */
  readonly ignored: readonly string[];
}

function mismatch(message: string): DiffusionForcingError {
  return new DiffusionForcingError("checkpoint-mismatch", `Official weights: ${message}`);
}

/**
 * A model's parameters from the state dict of the official PyTorch code (github.com/buoyancy99/diffusion-forcing, both
 * branches), for instance as read by `decodeSafetensors`. Names may have a prefix, as they do in training checkpoints.
 *
 * @param config what {@link modelFromConfig} takes; sizes that names and shapes do not tell, such as the number of
 *   attention heads, are believed.
 * @throws `checkpoint-mismatch` naming the first tensor that is missing, of another shape, or part of a network that
 *   this config does not describe; `invalid-config` for a model the official code does not have.
 */
export function fromOfficial(
  config: ModelConfig,
  stateDict: Readonly<Record<string, SafetensorsTensor>>,
): OfficialWeights {
  const layout = officialLayout(config);
  const { parameters: specs } = modelFromConfig(config);
  const prefix = prefixOf(layout, Object.keys(stateDict));
  const parameters: Record<string, HostTensor<"float32">> = {};
  for (const entry of layout.tensors) {
    const { officialShape, own } = entry;
    const data = floats(nameIn(entry, prefix, stateDict), officialShape, stateDict);
    const shapes = own.map((name) => specs[name]?.shape as Shape);
    let start = 0;
    for (const [i, name] of own.entries()) {
      const end = start + sizeOf(shapes[i] as Shape);
      parameters[name] = tensor(data.slice(start, end), shapes[i] as Shape);
      start = end;
    }
  }
  checkConstants(layout, prefix, stateDict);
  return { parameters, prefix, ignored: checkTheRest(layout, prefix, stateDict) };
}

const optionsSchema = v.strictObject({ prefix: v.optional(v.string("a string"), "") });

/**
 * The reverse of {@link fromOfficial}, bit for bit: the state dict that the official module loads, buffers of its
 * schedule excepted (`load_state_dict(..., strict=False)`).
 *
 * @param options.prefix put before every name, such as `diffusion_model.`.
 * @throws `checkpoint-mismatch` if the parameters are not the model's, `invalid-config`.
 */
export function toOfficial(
  config: ModelConfig,
  parameters: HostTensorRecord,
  options: { readonly prefix?: string } = {},
): Record<string, HostTensor<"float32">> {
  const { prefix } = check("toOfficial", optionsSchema, options);
  const layout = officialLayout(config);
  checkParameters(modelFromConfig(config), parameters);
  const stateDict: Record<string, HostTensor<"float32">> = {};
  for (const entry of layout.tensors) {
    const { officialShape, own } = entry;
    const data = new Float32Array(sizeOf(officialShape));
    let start = 0;
    for (const name of own) {
      const part = parameters[name] as HostTensor;
      data.set(part.data, start);
      start += part.data.length;
    }
    stateDict[nameIn(entry, prefix)] = tensor(data, officialShape);
  }
  for (const [name, values] of Object.entries(layout.constants)) stateDict[prefix + name] = tensor(values);
  return stateDict;
}

/** The prefix of the module around that of the prefix: "algorithm." for "algorithm.transition_model.". */
function around(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf(".", prefix.length - 2) + 1);
}

/** The tensor's name in a training checkpoint; what stands outside is found inside too, where only that was saved. */
function nameIn({ official, outside }: OfficialTensor, prefix: string, stateDict: object = {}): string {
  return outside && !Object.hasOwn(stateDict, prefix + official) ? around(prefix) + official : prefix + official;
}

/** What stands before the first of the model's names; the shortest, if several do. */
function prefixOf({ tensors }: OfficialLayout, names: readonly string[]): string {
  const first = tensors.find(({ outside }) => !outside)?.official as string;
  const prefixes = names
    .filter((name) => name === first || name.endsWith(`.${first}`))
    .map((name) => name.slice(0, name.length - first.length));
  const [prefix] = prefixes.sort((a, b) => a.length - b.length);
  if (prefix !== undefined) return prefix;
  throw mismatch(
    `there is no tensor "${first}", with or without a prefix; got ${names.slice(0, 5).join(", ") || "nothing"}${names.length > 5 ? ", ..." : ""}. Is the config's kind the right one?`,
  );
}

function floats(name: string, shape: Shape, stateDict: Readonly<Record<string, SafetensorsTensor>>): Float32Array {
  const stored = Object.hasOwn(stateDict, name) ? stateDict[name] : undefined;
  if (stored === undefined) throw mismatch(`tensor "${name}" ${formatShape(shape)} is missing.`);
  if (stored.dtype !== "float32" || !shapesEqual(stored.shape, shape)) {
    throw mismatch(
      `tensor "${name}" is ${stored.dtype}${formatShape(stored.shape)}, expected float32${formatShape(shape)}. Check the config's sizes, or convert the weights to float32.`,
    );
  }
  return stored.data;
}

function checkConstants(
  { constants }: OfficialLayout,
  prefix: string,
  stateDict: Readonly<Record<string, SafetensorsTensor>>,
): void {
  for (const [name, expected] of Object.entries(constants)) {
    if (!Object.hasOwn(stateDict, prefix + name)) continue;
    const found = floats(prefix + name, [expected.length], stateDict);
    const alike = expected.every((value, i) => Math.abs(value - (found[i] as number)) <= 1e-5 * Math.abs(value));
    if (!alike) throw mismatch(`"${prefix}${name}" holds other constants than the model computes with.`);
  }
}

/** Names that are left over; one beside the model's own would be a part of the network that the config lacks. */
function checkTheRest(
  { tensors, constants, outside = [] }: OfficialLayout,
  prefix: string,
  stateDict: Readonly<Record<string, SafetensorsTensor>>,
): string[] {
  const known = new Set([
    ...tensors.map((entry) => nameIn(entry, prefix, stateDict)),
    ...Object.keys(constants).map((name) => prefix + name),
  ]);
  const roots = new Set(tensors.map(({ official }) => official.split(".")[0] as string));
  const rest = Object.keys(stateDict).filter((name) => !known.has(name));
  const stray = rest.find(
    (name) =>
      (name.startsWith(prefix) && roots.has(name.slice(prefix.length).split(".")[0] as string)) ||
      outside.some((weight) => name === prefix + weight || name === around(prefix) + weight),
  );
  if (stray !== undefined) {
    throw mismatch(`tensor "${stray}" has no place in a model of ${tensors.length} tensors. Check the config.`);
  }
  return rest.sort();
}
