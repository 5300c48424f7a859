import { expect, it } from "vitest";
import { backendProviders } from "./providers.js";

it("knows the devices that the backend packages export, in their order", () => {
  const devices = backendProviders({ threads: 1 }).map((provider) => [provider.name, ...provider.devices].join(" "));
  expect(devices).toEqual(["onnx cuda webgpu cpu wasm", "tfjs node-gpu webgpu node wasm cpu", "reference cpu"]);
});

it("opens ONNX Runtime with the threads asked for, and passes a wrong number on", async () => {
  const [onnx] = backendProviders({ threads: 0 });
  await expect(onnx?.open("cpu")).rejects.toMatchObject({ code: "invalid-argument" });
});
