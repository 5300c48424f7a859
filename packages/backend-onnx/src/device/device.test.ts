import { tensor } from "@diffusion-forcing/core";
import { mul, trace } from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";
import { OnnxBackend } from "../run/backend.js";
import { type Device, untilLost } from "./device.js";
import { DeviceLoss } from "./loss.js";
import type { RuntimeSession } from "./runtime.js";
import { Turns } from "./turns.js";

/** A device whose runs never end, and the way to lose it. */
function hangingDevice(): { device: Device; lose: () => void } {
  let lose = (): void => {};
  const lost = new Promise<string>((resolve) => {
    lose = () => resolve("unplugged");
  });
  const session = { run: () => new Promise(() => {}), release: async () => {} } as unknown as RuntimeSession;
  class Tensor {}
  return {
    lose,
    device: {
      name: "webgpu",
      runtime: { Tensor, InferenceSession: { create: async () => session } } as unknown as Device["runtime"],
      version: "1",
      target: "webgpu",
      sessionOptions: {},
      outputs: "device",
      turns: new Turns(),
      loss: new DeviceLoss(lost),
    },
  };
}

it("a run that the lost device never answers fails, and so do those behind it", async () => {
  const { device, lose } = hangingDevice();
  const backend = new OnnxBackend(device);
  const x = tensor([1]);
  const executable = await backend.compile(trace({ x }, (v) => ({ y: mul(v.x, 2) })));
  const runs = [executable.run({ x }), executable.run({ x })];
  setTimeout(lose, 1);
  const failures = await Promise.all(runs.map((run) => run.catch((error: unknown) => error)));
  expect(failures).toMatchObject([
    { code: "backend-failure", message: expect.stringContaining("the GPU device is lost: unplugged") },
    { code: "backend-failure", message: expect.stringContaining("cannot be used here any more") },
  ]);
  await backend.dispose();
});

it("work that ends leaves nothing behind on a device that lives on", async () => {
  const { device } = hangingDevice();
  expect(await untilLost(device, Promise.resolve(7))).toBe(7);
  await expect(untilLost(device, Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(device.loss?.listeners).toBe(0);
});
