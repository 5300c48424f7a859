import { gradient } from "../engine/autodiff/gradient.js";
import type { Graph } from "../engine/graph/graph.js";
import { concat, mul, slice, sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import type { TensorType, Value } from "../engine/graph/value.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";
import { dit3d } from "../models/dit3d/index.js";
import { memoryOf } from "../models/memory.js";
import type { MemoryValues, Model, ModelInput } from "../models/model.js";
import { recurrent } from "../models/recurrent/index.js";
import { transformer } from "../models/transformer/index.js";
import { drawnParameters } from "./apply-model.js";
import { drawTensor } from "./values.js";

/** A small model with a memory, and the chunks in which it reads a sequence. */
export interface MemoryCase {
  readonly name: string;
  readonly model: () => Model;
  readonly batch: number;
  /** S: room for that many tokens. */
  readonly tokens: number;
  /** Lengths of the chunks, one after the other. */
  readonly chunks: readonly number[];
}

const frames = { tokenShape: [2, 4, 4], width: 8, heads: 2, feedForward: 12 } as const;
const levels = 10;

/** Every model that has a memory, its options spread over as few cases as cover them. */
export const memoryCases: readonly MemoryCase[] = [
  {
    name: "transformer with a condition, chunks of 2, 1 and 3",
    model: () =>
      transformer({
        positions: "rotary",
        features: 3,
        conditionFeatures: 2,
        width: 16,
        layers: 2,
        heads: 2,
        feedForward: 12,
      }),
    batch: 2,
    tokens: 7,
    chunks: [2, 1, 3],
  },
  {
    name: "transformer, token by token",
    model: () => transformer({ positions: "rotary", features: 2, width: 8, layers: 3, heads: 2, feedForward: 8 }),
    batch: 1,
    tokens: 3,
    chunks: [1, 1, 1, 1],
  },
  {
    name: "recurrent, two cells, learned initial state, with a condition, chunks of 1, 3 and 2",
    model: () =>
      recurrent({ features: 3, conditionFeatures: 2, stateSize: 6, width: 4, cells: 2, learnedInitialState: true }),
    batch: 2,
    tokens: 1,
    chunks: [1, 3, 2],
  },
  {
    name: "dit3d, full attention, with a condition, chunks of 1 and 2",
    model: () => dit3d({ ...frames, layers: 2, conditionFeatures: 2 }),
    batch: 2,
    tokens: 4,
    chunks: [1, 2, 1],
  },
  {
    name: "dit3d, factorized attention, chunks of 2 and 1",
    model: () => dit3d({ ...frames, layers: 4, attention: "factorized" }),
    batch: 2,
    tokens: 3,
    chunks: [2, 1, 1],
  },
  {
    name: "dit3d of vectors",
    model: () => dit3d({ tokenShape: [3], width: 8, heads: 2, layers: 2 }),
    batch: 3,
    tokens: 4,
    chunks: [3, 1],
  },
];

type Values = Readonly<Record<string, Value>>;

/** A model with values for its parameters and sequences, and graphs that read them. */
export interface MemoryProblem {
  /** Parameters under their own names, and `tokens`, `noiseLevels`, `condition`. */
  readonly inputs: HostTensorRecord;
  readonly memoryTypes: Readonly<Record<string, TensorType>>;
  /** `output`: of `apply` on the whole sequence. */
  readonly whole: () => Graph;
  /** `output`: of `advance` on one chunk after the other, from the initial memory; and the memory after them. */
  readonly chunked: () => Graph;
  /** The initial memory as outputs. */
  readonly initial: () => Graph;
  /**
   * One `advance`, the memory being input and output, by the tokens from `start` to `end`: `output`, the memory, and
   * `slope`, the gradient of a weighted sum of the output with respect to these tokens.
   */
  readonly step: (start: number, end: number) => Graph;
}

/** What is given of tokens `start` to `end` of each sequence. */
function cut(values: Values, start: number, end: number): ModelInput {
  const part = (name: string): Value => slice(values[name] as Value, 1, start, end);
  return {
    tokens: part("tokens"),
    noiseLevels: part("noiseLevels"),
    levelCount: levels,
    ...("condition" in values ? { condition: part("condition") } : {}),
  };
}

export function memoryProblem({ model: build, batch, tokens, chunks }: MemoryCase): MemoryProblem {
  const model = build();
  const memory = memoryOf(model);
  const length = chunks.reduce((total, chunk) => total + chunk, 0);
  const options = { batch, tokens };
  const memoryTypes = memory.types(options);
  const drawn = (features: readonly number[], seed: number): HostTensor =>
    drawTensor({ dtype: "float32", shape: [batch, length, ...features], low: -1.5, high: 1.5 }, seed);
  const noiseLevels = Int32Array.from({ length: batch * length }, (_, i) => (7 * i) % (levels + 1));
  const inputs: HostTensorRecord = {
    ...drawnParameters(model),
    tokens: drawn(model.tokenShape, 1),
    noiseLevels: tensor(noiseLevels, [batch, length]),
    ...(model.conditionFeatures > 0 ? { condition: drawn([model.conditionFeatures], 3) } : {}),
  };
  return {
    inputs,
    memoryTypes,
    whole: () => trace(inputs, (values) => ({ output: model.apply(values, cut(values, 0, length)) })),
    chunked: () =>
      trace(inputs, (values) => {
        let state: MemoryValues = memory.initial(values, options);
        let start = 0;
        const outputs = chunks.map((chunk) => {
          const read = memory.advance(values, state, cut(values, start, start + chunk));
          start += chunk;
          state = read.memory;
          return read.output;
        });
        return { output: concat(outputs, 1), ...state };
      }),
    initial: () => trace(inputs, (values) => memory.initial(values, options) as Record<string, Value>),
    step: (start, end) =>
      trace({ ...inputs, ...memoryTypes }, (values) => {
        const given = Object.fromEntries(Object.keys(memoryTypes).map((name) => [name, values[name] as Value]));
        const chunk = cut(values, start, end);
        const { output, memory: after } = memory.advance(values, given, chunk);
        const [slope] = gradient(sum(mul(output, chunk.tokens)), [chunk.tokens]);
        return { output, slope: slope as Value, ...after };
      }),
  };
}
