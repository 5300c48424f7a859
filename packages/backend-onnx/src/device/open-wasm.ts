import type { Device } from "./device.js";
import { openProbe } from "./identity-sessions.js";
import { explainFirstSession, type ImportBundle, type LoadedRuntime, loadWebRuntime } from "./load-web-runtime.js";
import type { OnnxBackendOptions } from "./options.js";
import type { RuntimeSession, SessionOptions } from "./runtime.js";
import type { TensorsApart } from "./weights-apart.js";

export const commonWebOptions: SessionOptions = { graphOptimizationLevel: "all", logSeverityLevel: 4 };

/** ONNX Runtime's WebAssembly: in pages, workers and Node. @throws `missing-dependency`, `backend-unavailable` */
export async function openWasm(options: OnnxBackendOptions, importBundle: ImportBundle): Promise<Device> {
  const loaded = await loadWebRuntime("wasm", options, importBundle);
  const chosen = { ...commonWebOptions, executionProviders: ["wasm"] };
  const probe = await openFirstSession("wasm", loaded, chosen);
  const { runtime, turns } = loaded;
  return {
    name: "wasm",
    runtime,
    turns,
    version: runtime.env.versions.web ?? "unknown",
    target: "wasm",
    sessionOptions: { ...chosen, ...options.sessionOptions },
    outputs: "returned",
    handOver: async (tensors) => ({ options: { externalData: tensors.map(asFile) }, release: async () => {} }),
    close: () => probe.release(),
  };
}

/** A file that is in memory: WebAssembly's module copies it into its own. */
function asFile({ location, bytes }: TensorsApart[number]): { path: string; data: Uint8Array } {
  return { path: location, data: bytes };
}

/** @throws `backend-unavailable` if not even the smallest session opens. */
export function openFirstSession(
  device: string,
  loaded: LoadedRuntime,
  options: SessionOptions,
): Promise<RuntimeSession> {
  return loaded.turns
    .take(() => openProbe(loaded.runtime, options))
    .catch((cause: unknown) => {
      throw explainFirstSession(device, loaded, cause);
    });
}
