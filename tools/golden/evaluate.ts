import type { Backend, HostTensor, HostTensorRecord, Tensor } from "@diffusion-forcing/core";
import { disposeTensor, readTensor } from "@diffusion-forcing/core/backend";
import { type TensorType, trace, type Value } from "@diffusion-forcing/core/graph";

/** Traces `fn` on the inputs' types and runs it on the backend. */
export async function evaluate<Name extends string>(
  backend: Backend,
  inputs: Readonly<Record<Name, HostTensor>>,
  fn: (values: Record<Name, Value>) => Record<string, Value>,
): Promise<HostTensorRecord> {
  const types = Object.fromEntries(
    Object.entries<HostTensor>(inputs).map(([name, { dtype, shape }]) => [name, { dtype, shape }]),
  ) as Record<Name, TensorType>;
  const executable = await backend.compile(trace(types, fn));
  const outputs = await executable.run(inputs);
  const results = await readAll(outputs);
  executable.dispose();
  return results;
}

/** Reads the tensors to the host and frees them. */
export async function readAll(tensors: Readonly<Record<string, Tensor>>): Promise<Record<string, HostTensor>> {
  const read = Object.entries(tensors).map(async ([name, value]) => {
    const host = await readTensor(value);
    disposeTensor(value);
    return [name, host] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}
