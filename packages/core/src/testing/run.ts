import type { Backend, CompileOptions } from "../engine/backend/contract.js";
import type { Graph } from "../engine/graph/graph.js";
import { evaluateGraph } from "../engine/reference/index.js";
import {
  disposeTensor,
  type HostTensor,
  type HostTensorRecord,
  readTensor,
  type Tensor,
} from "../engine/tensor/tensor.js";
import { assertClose } from "./assertions.js";

/** Compiles, runs once, reads everything to the host and frees the rest. */
export async function runOnce(
  backend: Backend,
  graph: Graph,
  inputs: HostTensorRecord,
  options?: CompileOptions,
): Promise<Record<string, HostTensor>> {
  const executable = await backend.compile(graph, options);
  try {
    return await readAndDispose(await executable.run(inputs));
  } finally {
    executable.dispose();
  }
}

export async function readAndDispose(tensors: Readonly<Record<string, Tensor>>): Promise<Record<string, HostTensor>> {
  const result: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    result[name] = await readTensor(tensor);
    disposeTensor(tensor);
  }
  return result;
}

/** Throws unless the backend computes what the interpreter computes. */
export async function assertLikeReference(
  backend: Backend,
  graph: Graph,
  inputs: HostTensorRecord,
  tolerance: number,
  describe: (output: string) => string = (output) => output,
): Promise<void> {
  const actual = await runOnce(backend, graph, inputs);
  for (const [name, expected] of Object.entries(evaluateGraph(graph, inputs))) {
    await assertClose(actual[name], expected, tolerance, describe(name));
  }
}
