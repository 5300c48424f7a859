import { expect, it } from "vitest";
import type { BackendProvider } from "../contract.js";
import { candidatesFor, nameOf } from "./preference.js";

const provider = (name: string, ...devices: string[]): BackendProvider => ({
  name,
  devices,
  open: () => Promise.reject(new Error("not for opening")),
});
const from = [provider("onnx", "cuda", "webgpu", "cpu"), provider("tfjs", "node-gpu", "webgpu", "node", "wasm", "cpu")];
const order = (...prefer: string[]): string[] => candidatesFor(from, prefer).map(nameOf);

it("takes accelerators before processors, providers in the order given", () => {
  expect(candidatesFor(from, undefined).map(nameOf)).toEqual([
    "onnx/cuda",
    "onnx/webgpu",
    "tfjs/node-gpu",
    "tfjs/webgpu",
    "onnx/cpu",
    "tfjs/node",
    "tfjs/wasm",
    "tfjs/cpu",
  ]);
});

it("knows devices, providers, and a provider's device", () => {
  expect(order("webgpu", "cpu")).toEqual(["onnx/webgpu", "tfjs/webgpu", "onnx/cpu", "tfjs/cpu"]);
  expect(order("tfjs")).toEqual(["tfjs/node-gpu", "tfjs/webgpu", "tfjs/node", "tfjs/wasm", "tfjs/cpu"]);
  expect(order("tfjs/wasm", "onnx/cpu")).toEqual(["tfjs/wasm", "onnx/cpu"]);
});

it("tries nothing twice", () => {
  expect(order("onnx/webgpu", "webgpu", "onnx")).toEqual(["onnx/webgpu", "tfjs/webgpu", "onnx/cuda", "onnx/cpu"]);
});

it.each(["wegpu", "onnx/wasm", "", "onnx/", "constructor", "ONNX"])("refuses %j and lists what exists", (entry) => {
  expect(() => order("cpu", entry)).toThrow(
    expect.objectContaining({
      code: "invalid-argument",
      message: `selectBackend: there is no backend or device "${entry}"; expected some of onnx/cuda, onnx/webgpu, tfjs/node-gpu, tfjs/webgpu, onnx/cpu, tfjs/node, tfjs/wasm, tfjs/cpu, a device alone (cuda, webgpu, node-gpu, cpu, node, wasm), or leave it out for all.`,
    }),
  );
});

it("refuses to choose from nothing", () => {
  expect(() => candidatesFor([], undefined)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  expect(() => order()).toThrow("`prefer` is empty");
});
