import { checkRunInputs } from "../backend/check-inputs.js";
import { compileOptions, runOptions } from "../backend/compile-options.js";
import type { Backend, BackendProvider, CompileOptions, Executable } from "../backend/contract.js";
import { DiffusionForcingError } from "../errors.js";
import { checkGraph, type Graph } from "../graph/graph.js";
import { type HostTensor, type HostTensorRecord, readTensor, type TensorRecord } from "../tensor/tensor.js";
import { evaluateGraph } from "./evaluate.js";

/** The backend that defines the others: the interpreter, in host memory, without dependencies. Slow. */
export function referenceBackend(): Backend {
  let disposed = false;
  return {
    specVersion: 1,
    name: "reference",
    device: "cpu",
    capabilities: { deviceTensors: false },
    compile: async (graph, options) => {
      if (disposed) throw new DiffusionForcingError("disposed", "compile: this reference backend has been disposed.");
      checkGraph("compile", graph);
      return executable(graph, compileOptions(options).constants, () => disposed);
    },
    dispose: async () => {
      disposed = true;
    },
  };
}

/** The reference backend, for `selectBackend`. It needs nothing, so put it last. */
export const referenceProvider: BackendProvider = {
  name: "reference",
  devices: ["cpu"],
  open: async () => referenceBackend(),
};

function executable(
  graph: Graph,
  constants: NonNullable<CompileOptions["constants"]>,
  backendDisposed: () => boolean,
): Executable {
  const baked = new Set(Object.keys(constants));
  const bakedInputs = graph.inputs.filter((declared) => baked.has(declared.attributes.name));
  const known = checkRunInputs({ ...graph, inputs: bakedInputs }, constants, new Set());
  let disposed = false;
  return {
    run: async (inputs, options) => {
      if (disposed || backendDisposed()) {
        throw new DiffusionForcingError("disposed", "run: this executable, or its backend, has been disposed.");
      }
      runOptions(options);
      const given = await readAll(checkRunInputs(graph, inputs, baked));
      return evaluateGraph(graph, { ...(known as HostTensorRecord), ...given });
    },
    dispose: () => {
      disposed = true;
    },
  };
}

async function readAll(tensors: TensorRecord): Promise<Record<string, HostTensor>> {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => [name, await readTensor(tensor)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
