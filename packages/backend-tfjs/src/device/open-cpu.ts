import { Kernels } from "../compile/kernels.js";
import { exportsOf, importOptional } from "./import-optional.js";
import type { NativeBackend, TfjsCore } from "./runtime.js";
import type { Session } from "./session.js";

interface CpuModule {
  readonly MathBackendCPU: new () => NativeBackend;
}

/** Kernels in plain JavaScript. Each session has a native backend of its own. */
export async function openCpu(): Promise<Session> {
  const packages = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu"];
  const [core, cpu] = await importOptional({ engine: "cpu", packages }, () =>
    Promise.all([import("@tensorflow/tfjs-core"), import("@tensorflow/tfjs-backend-cpu")]),
  );
  const tfjs = exportsOf<TfjsCore>(core, "getKernel");
  const native = new (exportsOf<CpuModule>(cpu, "MathBackendCPU").MathBackendCPU)();
  return {
    engine: "cpu",
    version: tfjs.version_core,
    kernels: new Kernels(tfjs, "cpu", native),
    failure: () => undefined,
    compute: async (burst) => burst(),
    close: () => native.dispose(),
  };
}
