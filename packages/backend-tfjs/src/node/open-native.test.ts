import { isDiffusionForcingError, tensor } from "@diffusion-forcing/core";
import { readTensor } from "@diffusion-forcing/core/backend";
import { mul, trace } from "@diffusion-forcing/core/graph";
import * as cpu from "@tensorflow/tfjs-backend-cpu";
import * as core from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { TfjsBackend } from "../run/backend.js";
import { type NativeHost, openNative } from "./open-native.js";

// The native library of @tensorflow/tfjs-node cannot be downloaded where these tests run. A stand-in registers the
// kernels of the JavaScript engine under the native backend's name: what is tested is how packages are found, checked
// and refused, not their numbers.

const native = Object.assign(new cpu.MathBackendCPU(), { isUsingGpuDevice: false });
beforeAll(() => {
  core.registerBackend("tensorflow", () => native, 3);
  for (const kernel of core.getKernelsForBackend("cpu")) core.registerKernel({ ...kernel, backendName: "tensorflow" });
});

const host = (more: Partial<NativeHost> = {}): NativeHost => ({
  load: async () => ({ core, node: {} }),
  nodeVersion: "20.20.2",
  hasOldHelpers: true,
  ...more,
});
const failure = async (engine: "node" | "node-gpu", more: Partial<NativeHost>): Promise<string> =>
  openNative(engine, host(more)).then(
    () => "opened",
    (error: unknown) => (isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : String(error)),
  );

describe("the native engines, with a stand-in for their library", () => {
  it("run graphs with the native backend's kernels", async () => {
    const names: string[] = [];
    const load: NativeHost["load"] = async (name) => {
      names.push(name);
      return { core, node: {} };
    };
    const backend = new TfjsBackend(await openNative("node", host({ load })));
    expect([names, backend.device, backend.version]).toEqual([["@tensorflow/tfjs-node"], "node", "4.22.0"]);
    const executable = await backend.compile(
      trace({ x: { dtype: "float32", shape: [2] } }, ({ x }) => ({ y: mul(x, 3) })),
    );
    const { y } = await executable.run({ x: tensor([1, 2]) });
    expect(Array.from((await readTensor(y!)).data)).toEqual([3, 6]);
    await backend.dispose();
  });

  it("say what to install", async () => {
    const load = async () => {
      throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
    };
    expect(await failure("node-gpu", { load })).toMatch(
      /^missing-dependency: .*Run: npm install @tensorflow\/tfjs-core @tensorflow\/tfjs-node-gpu/,
    );
  });

  it("say that a library does not load, and why", async () => {
    const load = async () => {
      throw new Error("libtensorflow.so.2: cannot open shared object file");
    };
    expect(await failure("node", { load })).toMatch(/^backend-unavailable: .*libtensorflow\.so\.2: cannot open/);
  });

  it("refuse a Node without the helpers they call, before loading anything", async () => {
    const load = async () => {
      throw new Error("must not be asked");
    };
    expect(await failure("node", { load, hasOldHelpers: false, nodeVersion: "24.1.0" })).toMatch(
      /^backend-unavailable: .*util\.isNullOrUndefined, which Node 24\.1\.0 no longer has/,
    );
  });

  it("refuse node-gpu where the library found no GPU", async () => {
    expect(await failure("node-gpu", {})).toMatch(/^backend-unavailable: .*found no GPU.*CUDA 11/);
    native.isUsingGpuDevice = true;
    expect(await failure("node-gpu", {})).toBe("opened");
  });

  it("refuse a backend that belongs to another copy of TensorFlow.js", async () => {
    const other = { ...core, engine: () => ({ registry: {} }), findBackendFactory: () => null };
    expect(await failure("node", { load: async () => ({ core: other, node: {} }) })).toMatch(/another copy of/);
  });
});
