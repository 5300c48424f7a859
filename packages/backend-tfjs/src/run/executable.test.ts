import {
  cosineSchedule,
  createRandom,
  type Diffusion,
  initializeParameters,
  type Tensor,
  tensor,
  transformer,
  variancePreserving,
  zeros,
} from "@diffusion-forcing/core";
import { disposeTensor } from "@diffusion-forcing/core/backend";
import {
  completeAdamW,
  packState,
  stateLayout,
  stepScalars,
  trainableDiffusion,
  trainingStepGraph,
} from "@diffusion-forcing/core/training";
import { expect, it } from "vitest";
import type { Device } from "../device/device.js";
import { openCpu } from "../device/open-cpu.js";
import { openWasm } from "../device/open-wasm.js";
import { wasmFolder } from "../node/wasm-folder.js";
import { TfjsBackend } from "./backend.js";

const model = transformer({ features: 1, width: 8, layers: 1, heads: 2, feedForward: 8 });
const diffusion: Diffusion = {
  model,
  process: variancePreserving(cosineSchedule(20), { objective: "v", noiseClip: 20 }),
  lossWeighting: { kind: "min-snr", clip: 5 },
};
const optimizer = completeAdamW({ learningRate: 1e-3, weightDecay: 0 });

it.each<[string, () => Promise<Device>]>([
  ["cpu", openCpu],
  ["wasm", () => openWasm({ wasmPaths: undefined, usualPaths: wasmFolder })],
])("holds as much after twenty training steps as after one, and nothing once disposed: %s", async (_name, open) => {
  const device = await open();
  const held = () => device.kernels.native.numDataIds();
  const before = held();
  const backend = new TfjsBackend(device);
  const options = { optimizer, maxGradNorm: 1, emaDecay: undefined };
  const layout = stateLayout(model, optimizer);
  const executable = await backend.compile(
    trainingStepGraph(trainableDiffusion(diffusion), options, {
      tokens: { dtype: "float32", shape: [2, 4, 1] },
      noiseLevels: { dtype: "int32", shape: [2, 4] },
      noise: { dtype: "float32", shape: [2, 4, 1] },
    }),
  );
  const parameters = initializeParameters(model, createRandom(0));
  const empty = () =>
    Object.fromEntries(Object.entries(parameters).map(([n, { shape }]) => [n, zeros("float32", shape)]));
  let state: Record<string, Tensor> = packState(layout, { parameters, first: empty(), second: empty() });
  const counts: number[] = [];
  for (let step = 1; step <= 20; step++) {
    const scalars = Object.entries(stepScalars(layout, options, step, 1e-3)).map(([n, value]) => [
      n,
      tensor([value], []),
    ]);
    const { loss, gradientNorm, ...next } = await executable.run({
      ...state,
      ...Object.fromEntries(scalars),
      tokens: tensor([1, 2, 3, 4, 4, 3, 2, 1], [2, 4, 1]),
      noise: tensor([0, 1, 0, -1, 1, 0, -1, 0], [2, 4, 1]),
      noiseLevels: tensor(Int32Array.of(1, 5, 10, 20, 3, 7, 12, 18), [2, 4]),
    });
    for (const tensor of [loss, gradientNorm, ...Object.values(state)]) disposeTensor(tensor as Tensor);
    state = next;
    counts.push(held());
  }
  expect(new Set(counts).size).toBe(1);
  for (const tensor of Object.values(state)) disposeTensor(tensor);
  executable.dispose();
  expect(held()).toBe(before);
  await backend.dispose();
});
