import type { Backend } from "@diffusion-forcing/core";
import type { CompileOptions, Executable } from "@diffusion-forcing/core/backend";
import type { Graph } from "@diffusion-forcing/core/graph";
import { prepareGraph } from "../compile/prepare-graph.js";
import { traits } from "../compile/traits.js";
import type { Session } from "../device/session.js";
import { DeviceMemory } from "./device-memory.js";
import { TfjsExecutable } from "./executable.js";
import { backendFailure, checkDevice, disposedError } from "./failure.js";

/** A backend on an open engine, which it owns. */
export class TfjsBackend implements Backend {
  readonly specVersion = 1;
  readonly name = "tfjs";
  readonly device: string;
  readonly version: string;
  readonly capabilities = { deviceTensors: true };
  readonly #memory: DeviceMemory;
  readonly #live = new Set<TfjsExecutable>();
  #disposed = false;

  constructor(session: Session) {
    this.device = session.engine;
    this.version = session.version;
    this.#memory = new DeviceMemory(session);
  }

  async compile(graph: Graph, { constants = {} }: CompileOptions = {}): Promise<Executable> {
    if (this.#disposed) throw disposedError("compile: this tfjs backend", "Create another.");
    const memory = this.#memory;
    const { session } = memory;
    checkDevice(session);
    const prepared = prepareGraph(graph, constants, traits[session.engine]);
    try {
      const parts = { memory, graph, prepared, baked: new Set(Object.keys(constants)) };
      const executable = new TfjsExecutable(parts, (disposed) => this.#live.delete(disposed));
      this.#live.add(executable);
      return executable;
    } catch (cause) {
      throw backendFailure(session, "uploading the constants of a graph", cause);
    }
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const executable of [...this.#live]) executable.dispose();
    this.#memory.close();
  }
}
