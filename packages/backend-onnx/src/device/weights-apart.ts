import type { OnnxModel, OnnxTensor } from "../compile/proto/model.js";
import type { SessionOptions } from "./runtime.js";

/** Tensors that are not in the model's bytes, each with its location. */
export type TensorsApart = readonly (OnnxTensor & { readonly location: string })[];

/** What makes a session find tensors that are not in its model's bytes. */
export interface HandedOver {
  readonly options: SessionOptions;
  /** To be called when the session is open, or has failed to. */
  readonly release: () => Promise<void>;
}

/** How a device's sessions get tensors beside the model; undefined where that cannot be done now. */
export type HandOver = (tensors: TensorsApart) => Promise<HandedOver | undefined>;

/** Models with more bytes of large tensors than this hand them over apart. */
const LARGE_MODEL = 2 ** 25;

/** Smaller tensors stay in the model. */
const LARGE_TENSOR = 2 ** 16;

/**
 * A large model without its large tensors, and those. A runtime that gets them within the model's bytes holds up to three
 * more copies while it opens a session: those bytes, the parsed message, and the tensors before it packs them. Undefined
 * for a model that is not large.
 */
export function takeApart(model: OnnxModel): { readonly model: OnnxModel; readonly apart: TensorsApart } | undefined {
  if (!isLarge(model)) return undefined;
  const all = model.graph.initializers.map((tensor, i) =>
    isLargeTensor(tensor) ? { ...tensor, location: `weights-${i}.bin` } : tensor,
  );
  const apart = all.filter((tensor): tensor is TensorsApart[number] => tensor.location !== undefined);
  return { model: { ...model, graph: { ...model.graph, initializers: all } }, apart };
}

/** Tensors of a model that its runs are fed instead, by name. */
export type Weights = Readonly<Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>>;

/**
 * A model whose large float32 tensors are inputs, by the same names, and those: no session of it packs them, or holds a
 * copy. Kernels of convolutions stay, as sessions bring them into another order once, when they open.
 *
 * @param of "large models": any other is left as it is.
 */
export function takeAsInputs(
  model: OnnxModel,
  of: "large models" | "all models",
): { readonly model: OnnxModel; readonly weights: Weights } {
  if (of === "large models" && !isLarge(model)) return { model, weights: {} };
  const { initializers, inputs, nodes } = model.graph;
  const kernels = new Set(nodes.filter(({ operator }) => operator.includes("Conv")).flatMap((node) => node.inputs));
  const isWeight = (tensor: OnnxTensor): boolean =>
    tensor.elementType === "float32" && isLargeTensor(tensor) && !kernels.has(tensor.name);
  const taken = initializers.filter(isWeight);
  const declared = taken.map(({ name, elementType, shape }) => ({ name, elementType, shape }));
  const rest = initializers.filter((tensor) => !isWeight(tensor));
  const weights = taken.map(({ name, shape, bytes }) => [name, { shape, data: floatsOf(bytes) }] as const);
  return {
    model: { ...model, graph: { ...model.graph, initializers: rest, inputs: [...inputs, ...declared] } },
    weights: Object.fromEntries(weights),
  };
}

const floatsOf = (bytes: Uint8Array): Float32Array =>
  new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / Float32Array.BYTES_PER_ELEMENT);

const isLargeTensor = ({ bytes }: OnnxTensor): boolean => bytes.length >= LARGE_TENSOR;

function isLarge({ graph }: OnnxModel): boolean {
  return graph.initializers.filter(isLargeTensor).reduce((sum, { bytes }) => sum + bytes.length, 0) > LARGE_MODEL;
}

/** Session options of two sources, those within `extra`, by their C++ names, one by one. */
export function withOptions(options: SessionOptions, added: SessionOptions): SessionOptions {
  const { extra = {} } = options as { extra?: Nested };
  const { extra: more = {} } = added as { extra?: Nested };
  const sections = Object.entries(more).map(([name, section]) => [name, { ...extra[name], ...section }]);
  return { ...options, ...added, extra: { ...extra, ...Object.fromEntries(sections) } };
}

type Nested = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
