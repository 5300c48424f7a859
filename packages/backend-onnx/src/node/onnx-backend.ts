import {
  type Backend,
  bakeConstants,
  type CompileOptions,
  DiffusionForcingError,
  type Executable,
  type Graph,
  optimize,
} from "@diffusion-forcing/core";
import { lowerGraph } from "../lowering/lower-graph.js";
import { encodeModel } from "../proto/encode.js";
import { OnnxExecutable } from "./executable.js";
import { backendFailure } from "./failure.js";
import { loadRuntime, type Runtime } from "./load-runtime.js";
import { cpuSessionOptions, type SessionOptions } from "./session-options.js";

const devices = ["cpu"] as const;

export type OnnxDevice = (typeof devices)[number];

export interface OnnxBackendOptions {
  /** "auto" (the default) takes the fastest device there is. */
  readonly device?: OnnxDevice | "auto";
  /** CPU threads of each operator. Default: all cores. */
  readonly threads?: number;
  /** Options of ONNX Runtime's `InferenceSession.create`, which override this package's. */
  readonly sessionOptions?: Readonly<Record<string, unknown>>;
}

/**
 * A backend on onnxruntime-node: each graph becomes one ONNX model and one inference session.
 *
 * @throws `missing-dependency` if onnxruntime-node is not installed; `backend-unavailable` if its library or the
 *   device is not there; `invalid-argument` for a thread count that is no positive integer.
 */
export async function onnxBackend(options: OnnxBackendOptions = {}): Promise<Backend> {
  const { device = "auto", threads, sessionOptions = {} } = options;
  if (device !== "auto" && !devices.includes(device)) {
    throw new DiffusionForcingError(
      "backend-unavailable",
      `onnxBackend: there is no device "${device}"; expected "auto" or ${devices.map((name) => `"${name}"`).join(", ")}.`,
    );
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `onnxBackend: threads is ${threads}; expected a positive integer.`,
    );
  }
  const runtime = await loadRuntime();
  return new OnnxBackend(runtime, { ...cpuSessionOptions(threads), ...sessionOptions });
}

class OnnxBackend implements Backend {
  readonly specVersion = 1;
  readonly name = "onnx";
  readonly device = "cpu";
  readonly capabilities = { deviceTensors: false };
  readonly #runtime: Runtime;
  readonly #sessionOptions: SessionOptions;
  readonly #live = new Set<OnnxExecutable>();
  #disposed = false;

  constructor(runtime: Runtime, sessionOptions: SessionOptions) {
    this.#runtime = runtime;
    this.#sessionOptions = sessionOptions;
  }

  async compile(graph: Graph, { constants = {} }: CompileOptions = {}): Promise<Executable> {
    if (this.#disposed) {
      throw new DiffusionForcingError("disposed", "compile: this onnx backend has been disposed. Create another.");
    }
    const runtime = this.#runtime;
    const simplified = optimize(bakeConstants(graph, constants));
    const { model, outputNames } = lowerGraph(simplified, { portable: false, name: "graph", metadata: {} });
    try {
      const session = await runtime.InferenceSession.create(encodeModel(model), this.#sessionOptions);
      const baked = new Set(Object.keys(constants));
      const parts = { runtime, session, graph, outputNames, baked, device: this.device };
      const executable = new OnnxExecutable(parts, (disposed) => this.#live.delete(disposed));
      this.#live.add(executable);
      return executable;
    } catch (cause) {
      throw backendFailure("compiling", this.device, cause);
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    const live = [...this.#live];
    for (const executable of live) executable.dispose();
    await Promise.all(live.map((executable) => executable.idle));
  }
}
