import type { Backend } from "@diffusion-forcing/core";
import { type CompileOptions, compileOptions, type Executable } from "@diffusion-forcing/core/backend";
import { checkGraph, type Graph } from "@diffusion-forcing/core/graph";
import { prepareGraph } from "../compile/prepare-graph.js";
import { traits } from "../compile/traits.js";
import { checkDevice, type Device } from "../device/device.js";
import { backendFailure, disposedError } from "../device/failure.js";
import { DeviceMemory } from "./device-tensor.js";
import { TfjsExecutable } from "./executable.js";

/** A backend on an open device, which it owns. */
export class TfjsBackend implements Backend {
  readonly specVersion = 1;
  readonly name = "tfjs";
  readonly device: string;
  readonly version: string;
  readonly capabilities = { deviceTensors: true };
  readonly #memory: DeviceMemory;
  readonly #live = new Set<TfjsExecutable>();
  #disposed = false;

  constructor(device: Device) {
    this.device = device.name;
    this.version = device.version;
    this.#memory = new DeviceMemory(device);
  }

  async compile(graph: Graph, options?: CompileOptions): Promise<Executable> {
    this.#checkOpen();
    checkGraph("compile", graph);
    const { constants } = compileOptions(options);
    const memory = this.#memory;
    const { device } = memory;
    checkDevice(device);
    const prepared = await prepareGraph(graph, constants, traits[device.name]);
    this.#checkOpen();
    checkDevice(device);
    try {
      const parts = { memory, graph, prepared, baked: new Set(Object.keys(constants)) };
      const executable = new TfjsExecutable(parts, (disposed) => this.#live.delete(disposed));
      this.#live.add(executable);
      return executable;
    } catch (cause) {
      throw backendFailure("uploading the constants of a graph", device.name, cause);
    }
  }

  #checkOpen(): void {
    if (this.#disposed) throw disposedError("compile: this tfjs backend", "Create another.");
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const executable of [...this.#live]) executable.dispose();
    this.#memory.close();
  }
}
