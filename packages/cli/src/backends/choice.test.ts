import type { BackendProvider } from "@diffusion-forcing/core/backend";
import { expect, it } from "vitest";
import { chosenDevices, parseBackends } from "./choice.js";

const provider = (name: string, ...devices: string[]): BackendProvider => ({
  name,
  devices,
  open: () => Promise.reject(new Error("not for opening")),
});
const providers = [provider("onnx", "cuda", "cpu"), provider("tfjs", "wasm", "cpu")];
const chosen = (text: string): string[] =>
  chosenDevices(providers, parseBackends(text)).flatMap(({ name, devices }) =>
    devices.map((device) => `${name}/${device}`),
  );

it("reads the option", () => {
  expect(parseBackends("auto")).toBeUndefined();
  expect(parseBackends("onnx/webgpu, cpu")).toEqual(["onnx/webgpu", "cpu"]);
});

it("knows names, devices and both", () => {
  expect(chosen("auto")).toEqual(["onnx/cuda", "onnx/cpu", "tfjs/wasm", "tfjs/cpu"]);
  expect(chosen("cpu")).toEqual(["onnx/cpu", "tfjs/cpu"]);
  expect(chosen("tfjs,onnx/cuda")).toEqual(["onnx/cuda", "tfjs/wasm", "tfjs/cpu"]);
});

it("refuses what does not exist", () => {
  expect(() => chosen("onnx/wasm")).toThrow(
    '--backend: there is no backend or device "onnx/wasm"; expected auto or some of onnx/cuda, onnx/cpu, tfjs/wasm, tfjs/cpu',
  );
});
