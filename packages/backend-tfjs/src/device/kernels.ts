import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { Shape } from "@diffusion-forcing/core/graph";
import type { KernelConfig, KernelInputs, NativeBackend, NativeTensor, TfjsCore } from "./runtime.js";

/**
 * The kernels of one native backend, called one by one, without TensorFlow.js's engine. The engine is one object per
 * page or process, with one current backend, which it moves foreign data to: two of our backends, or ours and the
 * user's, would take turns in it. A kernel needs none of that: it takes tensors and the backend that owns them, and
 * returns a tensor. So nothing here reads or changes the user's current backend, scopes, tapes or tensor counts.
 */
export class Kernels {
  readonly native: NativeBackend;
  readonly #core: TfjsCore;
  readonly #backendName: string;
  readonly #found = new Map<string, KernelConfig>();
  readonly #rightOperands = new WeakMap<object, string>();

  /** @param backendName under which TensorFlow.js registered the kernels: "cpu", "wasm", "webgpu", "tensorflow". */
  constructor(core: TfjsCore, backendName: string, native: NativeBackend) {
    this.#core = core;
    this.#backendName = backendName;
    this.native = native;
  }

  run(name: string, inputs: KernelInputs, attrs: Readonly<Record<string, unknown>>): NativeTensor {
    const result = this.#find(name).kernelFunc({ inputs, attrs, backend: this.native });
    return Array.isArray(result) ? (result as readonly NativeTensor[])[0]! : (result as NativeTensor);
  }

  /** Another reference to the same data, under another shape of the same size. */
  reshape(x: NativeTensor, shape: Shape): NativeTensor {
    return this.run("Reshape", { x }, { shape: [...shape] });
  }

  /** Whether this data was a product's right operand before, as a matrix of another shape. */
  wasOtherMatrix(x: NativeTensor): boolean {
    const shape = x.shape.join();
    const earlier = this.#rightOperands.get(x.dataId);
    if (earlier === undefined) this.#rightOperands.set(x.dataId, shape);
    return earlier !== undefined && earlier !== shape;
  }

  dispose(x: NativeTensor): void {
    this.native.disposeData(x.dataId);
  }

  #find(name: string): KernelConfig {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const kernel = this.#core.getKernel(name, this.#backendName);
    if (kernel === null) {
      throw new DiffusionForcingError(
        "unsupported-op",
        `TensorFlow.js ${this.#core.version_core} has no kernel ${name} on ${this.#backendName}. Use version 4.22.`,
      );
    }
    this.#found.set(name, kernel);
    return kernel;
  }
}
