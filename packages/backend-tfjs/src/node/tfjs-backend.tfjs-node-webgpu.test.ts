import { isDiffusionForcingError, type Tensor, tensor } from "@diffusion-forcing/core";
import { readTensor } from "@diffusion-forcing/core/backend";
import { mul, trace } from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";
import { TfjsBackend } from "../run/backend.js";
import { openNodeWebGpu } from "./open-node-webgpu.js";

const doubling = () => trace({ x: { dtype: "float32", shape: [2] } }, ({ x }) => ({ y: mul(x, 2) }));

it("survives the loss of its device: runs fail, the process lives, and another backend can be made", async () => {
  const device = (await openNodeWebGpu()) as Awaited<ReturnType<typeof openNodeWebGpu>> & {
    readonly gpuDevice: { destroy(): void; readonly lost: Promise<unknown> };
  };
  const backend = new TfjsBackend(device);
  const executable = await backend.compile(doubling());
  const { y: before } = await executable.run({ x: tensor([1, 2]) });
  device.gpuDevice.destroy();
  await device.gpuDevice.lost;
  for (const work of [
    executable.run({ x: tensor([1, 2]) }),
    readTensor(before as Tensor),
    backend.compile(doubling()),
  ]) {
    const failure = await work.catch((error: unknown) => error);
    expect(isDiffusionForcingError(failure, "backend-failure")).toBe(true);
    expect((failure as Error).message).toMatch(/^tfjs \(webgpu\): the GPU device is lost: .*create another backend/);
  }
  await backend.dispose();

  const next = new TfjsBackend(await openNodeWebGpu());
  const { y } = await (await next.compile(doubling())).run({ x: tensor([3, 4]) });
  expect(Array.from((await readTensor(y as Tensor)).data)).toEqual([6, 8]);
  await next.dispose();
});
