import { expect, it } from "vitest";
import { referenceBackend } from "../engine/reference/index.js";
import { deviceStandIn } from "./device-stand-in.js";
import { measureBackend } from "./measure-backend.js";

it("measures parity and two times", async () => {
  const { parity, matmulMilliseconds, trainingStepMilliseconds } = await measureBackend(referenceBackend());
  expect(parity).toBe(0);
  expect(matmulMilliseconds).toBeGreaterThan(0);
  expect(trainingStepMilliseconds).toBeGreaterThan(0);
});

it("leaves nothing on a device", async () => {
  const { backend, live } = deviceStandIn();
  await measureBackend(backend);
  expect(live()).toBe(0);
});

it("refuses a backend that computes wrong numbers", async () => {
  const inner = referenceBackend();
  const wrong: typeof inner = {
    ...inner,
    compile: async (graph, options) => {
      const executable = await inner.compile(graph, options);
      return { ...executable, run: async (inputs) => ({ ...(await executable.run(inputs)), gather: inputs.x! }) };
    },
  };
  await expect(measureBackend(wrong)).rejects.toMatchObject({ code: "backend-failure" });
});
