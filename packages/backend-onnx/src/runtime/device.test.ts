import { mul, tensor, trace } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { OnnxBackend } from "./backend.js";
import type { Device } from "./device.js";
import type { RuntimeSession } from "./runtime.js";
import { Turns } from "./turns.js";

/** A device whose runs never end, and the way to lose it. */
function hangingDevice(): { device: Device; lose: () => void } {
  let reason: string | undefined;
  let lose = (): void => {};
  const happened = new Promise<void>((resolve) => {
    lose = () => {
      reason = "unplugged";
      resolve();
    };
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
      loss: { reason: () => reason, happened },
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
