import { expect, it } from "vitest";
import { testDevices } from "../test-devices/devices.js";
import { parityDevices, parseDevices } from "./devices.js";

it("has every device that is tested, and those that only other machines have", () => {
  const names = parityDevices.map(({ name }) => name);
  for (const { name } of testDevices) if (name !== "reference") expect(names).toContain(name);
  expect(names).toContain("onnx-node-cuda");
  expect(names).toContain("tfjs-node-gpu");
});

it("reads the option", () => {
  expect(parseDevices("all")).toBe(parityDevices);
  expect(parseDevices("tfjs-wasm, onnx-node-cpu").map(({ name }) => name)).toEqual(["tfjs-wasm", "onnx-node-cpu"]);
  expect(() => parseDevices("tpu")).toThrow(
    '--devices: there is no device "tpu"; expected all or some of onnx-node-cpu',
  );
});
