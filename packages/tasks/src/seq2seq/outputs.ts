import type { Backend, HostTensor, HostTensorRecord, Model } from "@diffusion-forcing/core";
import { disposeTensor, readTensor, type Tensor } from "@diffusion-forcing/core/backend";
import { trace } from "@diffusion-forcing/core/graph";
import { queryOutputs } from "@diffusion-forcing/core/models";
import type { CtcOutputs } from "@diffusion-forcing/core/sampling";

/** What a model's queries say of each context [B, T, V + 1]: N rows of V + 1 log probabilities for each. One run. */
export async function saidOf(
  backend: Backend,
  model: Model,
  parameters: HostTensorRecord,
  context: HostTensor,
  queries: number,
): Promise<CtcOutputs[]> {
  const names = Object.keys(model.parameters);
  const weights = Object.fromEntries(names.map((name) => [name, parameters[name] as HostTensor]));
  const graph = trace({ ...weights, context }, ({ context: given, ...values }) => ({
    said: queryOutputs(model, values, given, queries),
  }));
  const executable = await backend.compile(graph, { constants: weights });
  try {
    const said = (await executable.run({ context })).said as Tensor;
    const { data, shape } = await readTensor(said);
    disposeTensor(said);
    const width = shape[2] as number;
    return Array.from({ length: shape[0] as number }, (_, b) =>
      Array.from({ length: queries }, (_, n) =>
        Array.from(data.subarray((b * queries + n) * width, (b * queries + n + 1) * width)),
      ),
    );
  } finally {
    executable.dispose();
  }
}
