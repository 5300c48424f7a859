import { type Backend, DiffusionForcingError } from "@diffusion-forcing/core";
import type { Capabilities, CompileOptions, Executable } from "@diffusion-forcing/core/backend";
import { bakeConstants, type Graph, optimize } from "@diffusion-forcing/core/graph";
import { type LoweredGraph, lowerGraph } from "../compile/lower-graph.js";
import { encodeModel } from "../compile/proto/encode.js";
import { checkDevice, type Device, untilLost } from "../device/device.js";
import { backendFailure } from "../device/failure.js";
import { DeviceMemory } from "./device-tensor.js";
import { OnnxExecutable } from "./executable.js";
import { HeldSession } from "./held-session.js";
import type { RuntimeSession, SessionOptions } from "./runtime.js";

/** A backend on ONNX Runtime: each graph becomes one ONNX model and one inference session. */
export class OnnxBackend implements Backend {
  readonly specVersion = 1;
  readonly name = "onnx";
  readonly device: string;
  readonly version: string;
  readonly capabilities: Capabilities;
  readonly #memory: DeviceMemory;
  readonly #live = new Set<OnnxExecutable>();
  #closed: Promise<void> | undefined;

  constructor(device: Device) {
    this.device = device.name;
    this.version = device.version;
    this.capabilities = { deviceTensors: device.outputs === "device" };
    this.#memory = new DeviceMemory(device);
  }

  async compile(graph: Graph, { constants = {} }: CompileOptions = {}): Promise<Executable> {
    this.#checkOpen();
    const { device } = this.#memory;
    const simplified = optimize(bakeConstants(graph, constants));
    const lowered = lowerGraph(simplified, { target: device.target, name: "graph", metadata: {} });
    const baked = new Set(Object.keys(constants));
    return device.turns.take(async () => {
      this.#checkOpen();
      const session = await this.#open(encodeModel(lowered.model), sessionOptionsFor(device, graph, lowered));
      if (this.#closed !== undefined) await session.release();
      this.#checkOpen();
      const parts = {
        memory: this.#memory,
        session: new HeldSession(session),
        graph,
        outputNames: lowered.outputNames,
        baked,
      };
      const executable = new OnnxExecutable(parts, (disposed) => this.#live.delete(disposed));
      this.#live.add(executable);
      return executable;
    });
  }

  async #open(model: Uint8Array, options: SessionOptions): Promise<RuntimeSession> {
    const { device } = this.#memory;
    checkDevice(device);
    try {
      return await untilLost(device, device.runtime.InferenceSession.create(model, options));
    } catch (cause) {
      checkDevice(device);
      throw backendFailure("compiling", this.device, cause);
    }
  }

  dispose(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #checkOpen(): void {
    if (this.#closed === undefined) return;
    throw new DiffusionForcingError("disposed", "compile: this onnx backend has been disposed. Create another.");
  }

  async #close(): Promise<void> {
    const { device } = this.#memory;
    this.#memory.disposeAll();
    for (const executable of this.#live) executable.dispose();
    // A runtime that is stuck on a lost device cannot free anything any more.
    if (device.turns.isClosed) return;
    await device.turns.take(async () => {
      await device.reader?.dispose().catch(() => {});
      await device.close?.();
    });
  }
}

function sessionOptionsFor(device: Device, graph: Graph, { outputNames }: LoweredGraph): SessionOptions {
  if (device.outputs !== "device") return device.sessionOptions;
  const locations = [...outputNames].map(([name, sessionName]) => {
    const scalar = graph.outputs[name]?.shape.length === 0;
    return [sessionName, scalar ? "cpu" : "gpu-buffer"] as const;
  });
  return { ...device.sessionOptions, preferredOutputLocation: Object.fromEntries(locations) };
}
