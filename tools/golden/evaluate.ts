import {
  type HostTensor,
  type HostTensorRecord,
  readTensor,
  referenceBackend,
  type TensorType,
  trace,
  type Value,
} from "@diffusion-forcing/core";

/** Traces `fn` on the inputs' types and runs it on the reference backend. */
export async function evaluate<Name extends string>(
  inputs: Readonly<Record<Name, HostTensor>>,
  fn: (values: Record<Name, Value>) => Record<string, Value>,
): Promise<HostTensorRecord> {
  const types = Object.fromEntries(
    Object.entries<HostTensor>(inputs).map(([name, { dtype, shape }]) => [name, { dtype, shape }]),
  ) as Record<Name, TensorType>;
  const backend = referenceBackend();
  const executable = await backend.compile(trace(types, fn));
  const outputs = await executable.run(inputs);
  const read = Object.entries(outputs).map(async ([name, value]) => [name, await readTensor(value)] as const);
  const results = Object.fromEntries(await Promise.all(read));
  await backend.dispose();
  return results;
}
