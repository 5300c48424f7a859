import { type Backend, DiffusionForcingError } from "@diffusion-forcing/core";
import {
  type Capabilities,
  type CompileOptions,
  compileOptions,
  type Executable,
} from "@diffusion-forcing/core/backend";
import { bakeConstants, checkGraph, type Graph, optimize } from "@diffusion-forcing/core/graph";
import { type LoweredGraph, lowerGraph } from "../compile/lower-graph.js";
import { encodeModel } from "../compile/proto/encode.js";
import type { OnnxModel } from "../compile/proto/model.js";
import { checkDevice, type Device, untilLost } from "../device/device.js";
import { backendFailure } from "../device/failure.js";
import {
  disposeAll,
  type RuntimeSession,
  type RuntimeTensor,
  type RuntimeTensors,
  type SessionOptions,
} from "../device/runtime.js";
import { takeApart, takeAsInputs, type Weights, withOptions } from "../device/weights-apart.js";
import { DeviceMemory } from "./device-tensor.js";
import { OnnxExecutable } from "./executable.js";
import { HeldSession } from "./held-session.js";
import { hasLargeResults, withoutResults } from "./unread-results.js";

/** What runs of a lowered graph are to be fed besides its inputs. */
interface WeightsApart {
  readonly weights: Weights;
}

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

  async compile(graph: Graph, options?: CompileOptions): Promise<Executable> {
    this.#checkOpen();
    checkGraph("compile", graph);
    const { constants, brief } = compileOptions(options);
    const { device } = this.#memory;
    const convolves = graph.nodes.some(({ op }) => op === "conv2d");
    const channelBlock = convolves ? await device.turns.take(async () => device.channelBlock?.()) : undefined;
    // A GPU's session never frees what it was opened with; a processor's holds a copy, packed.
    const inPlace = brief ? device.inPlace : undefined;
    const apart = device.writer ? "all models" : inPlace ? "large models" : undefined;
    const lower = (): LoweredGraph & WeightsApart => {
      const simplified = optimize(bakeConstants(graph, constants));
      const lowered = lowerGraph(simplified, { target: device.target, name: "graph", metadata: {}, channelBlock });
      return { ...lowered, weights: {}, ...(apart && takeAsInputs(lowered.model, apart)) };
    };
    // Lowered once for the first opening; what is kept for later ones is the caller's graph and constants.
    let lowered: (LoweredGraph & WeightsApart) | undefined = lower();
    const { outputNames, weights } = lowered;
    const fed = Object.keys(weights).length > 0 ? inPlace : undefined;
    const unread = device.copiesResults === true && hasLargeResults(graph);
    const session = new HeldSession((variant) => {
      const { model } = lowered ?? lower();
      lowered = undefined;
      const options = sessionOptionsFor(device, graph, outputNames, variant);
      return this.#open(unread ? withoutResults(model) : model, fed ? withOptions(options, fed) : options);
    }, device.variant);
    const baked = new Set(Object.keys(constants));
    return device.turns.take(async () => {
      this.#checkOpen();
      await session.current();
      const fedWeights = await this.#bring(weights).catch(async (cause) => {
        await session.letGo().catch(() => {});
        throw cause;
      });
      const parts = { memory: this.#memory, session, graph, outputNames, baked, unread, weights: fedWeights };
      const executable = new OnnxExecutable(parts, (disposed) => this.#live.delete(disposed));
      this.#live.add(executable);
      if (this.#closed !== undefined) executable.dispose();
      this.#checkOpen();
      return executable;
    });
  }

  async #open(model: OnnxModel, options: SessionOptions): Promise<RuntimeSession> {
    const { device } = this.#memory;
    checkDevice(device);
    try {
      return (await this.#openApart(model, options)) ?? (await this.#create(model, options));
    } catch (cause) {
      checkDevice(device);
      throw backendFailure("compiling", this.device, cause);
    }
  }

  /** Weights as tensors of the runtime: where they lie, or copied into GPU buffers. */
  async #bring(weights: Weights): Promise<RuntimeTensors> {
    const { device } = this.#memory;
    const { runtime, writer } = device;
    const tensors: Record<string, RuntimeTensor> = {};
    try {
      for (const [name, { data, shape }] of Object.entries(weights)) {
        tensors[name] =
          writer === undefined
            ? new runtime.Tensor("float32", data, shape)
            : await untilLost(device, writer.write(data, shape));
      }
      return tensors;
    } catch (cause) {
      disposeAll(Object.values(tensors));
      checkDevice(device);
      throw backendFailure("compiling", this.device, cause);
    }
  }

  /** A large model's session, its weights beside it; undefined where that is not to be. */
  async #openApart(whole: OnnxModel, options: SessionOptions): Promise<RuntimeSession | undefined> {
    const { device } = this.#memory;
    const parts = takeApart(whole);
    const handed = parts && (await device.handOver?.(parts.apart));
    if (parts === undefined || handed === undefined) return undefined;
    try {
      return await this.#create(parts.model, withOptions(options, handed.options));
    } finally {
      await handed.release();
    }
  }

  #create(model: OnnxModel, options: SessionOptions): Promise<RuntimeSession> {
    const { device } = this.#memory;
    return untilLost(device, device.runtime.InferenceSession.create(encodeModel(model), options));
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
      await device.writer?.dispose().catch(() => {});
      await device.close?.();
    });
  }
}

function sessionOptionsFor(
  device: Device,
  graph: Graph,
  outputNames: LoweredGraph["outputNames"],
  variant: SessionOptions,
): SessionOptions {
  const options = { ...device.sessionOptions, ...variant };
  if (device.outputs !== "device") return options;
  const locations = [...outputNames].map(([name, sessionName]) => {
    const scalar = graph.outputs[name]?.shape.length === 0;
    return [sessionName, scalar ? "cpu" : "gpu-buffer"] as const;
  });
  return { ...options, preferredOutputLocation: Object.fromEntries(locations) };
}
