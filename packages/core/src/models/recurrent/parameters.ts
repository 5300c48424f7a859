import type { Initializer, ParameterSpec } from "../model.js";
import { specsByName } from "../options.js";
import { linearSpecs, type NamedSpec } from "../parameter-specs.js";
import type { RecurrentConfig } from "./config.js";

/** One layer of a perceptron: its name and how many features it takes and gives. */
export interface PerceptronLayer {
  readonly name: string;
  readonly kind: "residual" | "linear";
  readonly inputs: number;
  readonly outputs: number;
}

/** What the model does with a token before the cells and with their state after them. */
export interface Perceptrons {
  readonly before: readonly PerceptronLayer[];
  readonly after: readonly PerceptronLayer[];
  /** Features that the first cell takes, if there is one. */
  readonly cellInputs: number;
}

export function perceptronsOf(config: RecurrentConfig): Perceptrons {
  const { features, conditionFeatures, stateSize, width, mlpLayers } = config;
  const inputs = stateSize + features + width * (conditionFeatures > 0 ? 2 : 1);
  if (mlpLayers === 0) return { before: [], after: [], cellInputs: inputs };
  if (mlpLayers === 1) {
    return {
      before: [{ name: "before.0", kind: "residual", inputs, outputs: stateSize }],
      after: [{ name: "after.0", kind: "linear", inputs: stateSize, outputs: stateSize }],
      cellInputs: stateSize,
    };
  }
  const wide = 32 * width;
  const perceptron = (side: string, first: number): PerceptronLayer[] => [
    ...Array.from({ length: mlpLayers - 1 }, (_, i): PerceptronLayer => {
      return { name: `${side}.${i}`, kind: "residual", inputs: i === 0 ? first : wide, outputs: wide };
    }),
    { name: `${side}.${mlpLayers - 1}`, kind: "linear", inputs: wide, outputs: stateSize },
  ];
  return { before: perceptron("before", inputs), after: perceptron("after", stateSize), cellInputs: stateSize };
}

function layerSpecs({ name, kind, inputs, outputs }: PerceptronLayer): NamedSpec[] {
  if (kind === "linear") return linearSpecs(name, inputs, outputs);
  return [
    ...linearSpecs(`${name}.linear1`, inputs, outputs),
    ...linearSpecs(`${name}.linear2`, outputs, outputs),
    ...(inputs === outputs ? [] : linearSpecs(`${name}.shortcut`, inputs, outputs)),
  ];
}

/** Rows of the gates r and u and of the candidate n, stacked. PyTorch draws all of a cell over 1 / sqrt(its size). */
function cellSpecs(name: string, inputs: number, size: number): NamedSpec[] {
  const initializer: Initializer = { kind: "uniform", bound: 1 / Math.sqrt(size) };
  const from = (source: string, columns: number): NamedSpec[] => [
    [`${name}.${source}.weight`, { shape: [3 * size, columns], initializer }],
    [`${name}.${source}.bias`, { shape: [3 * size], initializer }],
  ];
  return [...from("input", inputs), ...from("state", size)];
}

export function parameterSpecs(config: RecurrentConfig): Record<string, ParameterSpec> {
  const { features, conditionFeatures, stateSize, width, cells } = config;
  const { before, after, cellInputs } = perceptronsOf(config);
  const size = stateSize / cells;
  return specsByName("recurrent", [
    ...linearSpecs("level1", width, width),
    ...linearSpecs("level2", width, width),
    ...(conditionFeatures > 0
      ? [...linearSpecs("condition1", conditionFeatures, width), ...linearSpecs("condition2", width, width)]
      : []),
    ...before.flatMap(layerSpecs),
    ...Array.from({ length: cells }, (_, i) => cellSpecs(`cells.${i}`, i === 0 ? cellInputs : size, size)).flat(),
    ...after.flatMap(layerSpecs),
    ...linearSpecs("output", stateSize, features),
    ...(config.learnedInitialState
      ? [["initialState", { shape: [stateSize], initializer: { kind: "zeros" } }] satisfies NamedSpec]
      : []),
  ]);
}
