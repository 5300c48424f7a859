import { tensor } from "@diffusion-forcing/core";
import { type DeviceTensor, readTensor, workerBackend } from "@diffusion-forcing/core/backend";
import { mul, trace } from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";

it("runs in a Web Worker, behind a message port", async () => {
  const worker = new Worker(new URL("../../../../tools/test-devices/onnx-worker.ts", import.meta.url), {
    type: "module",
  });
  const backend = await workerBackend(worker, "webgpu");
  expect(backend).toMatchObject({ name: "onnx", device: "webgpu" });
  const x = tensor([1, 2, 3]);
  const executable = await backend.compile(trace({ x }, (v) => ({ x: mul(v.x, 2) })));
  let state = (await executable.run({ x })).x as DeviceTensor;
  state = (await executable.run({ x: state })).x as DeviceTensor;
  expect(await readTensor(state)).toEqual(tensor([4, 8, 12]));
  await backend.dispose();
  worker.terminate();
});
