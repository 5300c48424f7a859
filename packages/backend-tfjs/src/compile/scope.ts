import { type Shape, shapesEqual } from "@diffusion-forcing/core/graph";
import type { Kernels } from "../device/kernels.js";
import type { KernelInputs, NativeBackend, NativeTensor } from "../device/runtime.js";

/** Kernel calls whose results are freed at the end, except the one that is wanted. */
export class Scope {
  readonly kernels: Kernels;
  readonly #temporaries: NativeTensor[] = [];

  constructor(kernels: Kernels) {
    this.kernels = kernels;
  }

  run(name: string, inputs: KernelInputs, attrs: Readonly<Record<string, unknown>> = {}): NativeTensor {
    return this.#keep(this.kernels.run(name, inputs, attrs));
  }

  /** A tensor made on the native backend by other means than a kernel. */
  make(body: (native: NativeBackend) => NativeTensor): NativeTensor {
    return this.#keep(body(this.kernels.native));
  }

  /** `x` itself if it has the shape already. */
  reshape(x: NativeTensor, shape: Shape): NativeTensor {
    return shapesEqual(x.shape, shape) ? x : this.#keep(this.kernels.reshape(x, shape));
  }

  /** Uploads elements. The array must not change afterwards. */
  write(values: ArrayBufferView, shape: Shape, dtype: string): NativeTensor {
    return this.#keep({ dataId: this.kernels.native.write(values, [...shape], dtype), shape: [...shape], dtype });
  }

  /** Runs `body` and frees all it made but its result, which the caller owns, also if that is one of its operands. */
  static run(kernels: Kernels, shape: Shape, body: (scope: Scope) => NativeTensor): NativeTensor {
    const scope = new Scope(kernels);
    let result: NativeTensor | undefined;
    try {
      const made = body(scope);
      const own = scope.#temporaries.includes(made) && shapesEqual(made.shape, shape);
      result = own ? made : kernels.reshape(made, shape);
      return result;
    } finally {
      for (const temporary of scope.#temporaries) if (temporary !== result) kernels.dispose(temporary);
    }
  }

  #keep(made: NativeTensor): NativeTensor {
    this.#temporaries.push(made);
    return made;
  }
}
