// #region backend
import { type Backend, referenceBackend, tensor } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import { mul, trace } from "@diffusion-forcing/core/graph";

/** Any backend, and how long its runs take. */
function timed(inner: Backend, report: (milliseconds: number) => void): Backend {
  return {
    ...{ specVersion: 1 as const, name: `timed ${inner.name}`, device: inner.device, capabilities: inner.capabilities },
    async compile(graph, options) {
      const executable = await inner.compile(graph, options);
      return {
        async run(inputs, runOptions) {
          const began = performance.now();
          const outputs = await executable.run(inputs, runOptions);
          report(performance.now() - began);
          return outputs;
        },
        dispose: () => executable.dispose(),
      };
    },
    dispose: () => inner.dispose(),
  };
}

/** What `selectBackend({ from: [...] })` takes. */
export const timedProvider: BackendProvider = {
  name: "timed",
  devices: ["cpu"],
  open: async () => timed(referenceBackend(), (milliseconds) => console.log(`${milliseconds.toFixed(2)} ms`)),
};
// #endregion backend

const backend = await timedProvider.open("cpu");
const x = tensor([1, 2, 3]);
const doubling = await backend.compile(trace({ x }, (inputs) => ({ y: mul(inputs.x, 2) })));
console.log((await doubling.run({ x })).y);
await backend.dispose();
