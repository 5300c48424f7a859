import type { Backend } from "@diffusion-forcing/core";
import { openCpu } from "../engines/open-cpu.js";
import { openWasm } from "../engines/open-wasm.js";
import { TfjsBackend } from "../interpreter/backend.js";
import { openNodeWebGpu } from "./open-node-webgpu.js";
import { wasmFolder } from "./wasm-folder.js";

export async function tfjsBackend({ engine }: { engine: "cpu" | "wasm" | "webgpu" }): Promise<Backend> {
  const open = { cpu: openCpu, wasm: () => openWasm(wasmFolder), webgpu: openNodeWebGpu };
  return new TfjsBackend(await open[engine]());
}
