/**
 * What this package uses of TensorFlow.js, by structure: its own declarations need the DOM's types, and the package
 * is an optional peer that a reader of these declarations may not have.
 */

/** A tensor as kernels see it: a reference to data that the native backend counts, under a shape. */
export interface NativeTensor {
  readonly dataId: object;
  readonly shape: number[];
  readonly dtype: string;
}

/** A `KernelBackend`: it owns the data, kernels compute. */
export interface NativeBackend {
  write(values: ArrayBufferView, shape: readonly number[], dtype: string): object;
  read(dataId: object): Promise<ArrayLike<number>>;
  readSync(dataId: object): ArrayLike<number>;
  /** Drops one reference, and the data with the last one. */
  disposeData(dataId: object): boolean;
  numDataIds(): number;
  dispose(): void;
  /** WebGPU's only: computes a tensor by a shader. */
  runWebGPUProgram?(program: ShaderProgram, inputs: readonly NativeTensor[], dtype: string): NativeTensor;
}

/** A `WebGPUProgram`: code with a function `main(index)`, called for every element of the result. */
export interface ShaderProgram {
  readonly outputShape: number[];
  /** Names the code: TensorFlow.js compiles one shader a key. */
  readonly shaderKey: string;
  /** What the code calls its operands' buffers. */
  readonly variableNames: string[];
  readonly workgroupSize: readonly [number, number, number];
  readonly dispatchLayout: { readonly x: number[] };
  readonly dispatch: readonly [number, number, number];
  /** Gives the code `uniforms.size`, the number of elements. */
  readonly size: true;
  getUserCode(): string;
}

/** Operands by name, or in a list for kernels of any number of them. */
export type KernelInputs = Readonly<Record<string, NativeTensor>> | readonly NativeTensor[];

export interface KernelConfig {
  readonly kernelName: string;
  readonly setupFunc?: (backend: NativeBackend) => void;
  readonly kernelFunc: (call: {
    readonly inputs: KernelInputs;
    readonly attrs: Readonly<Record<string, unknown>>;
    readonly backend: NativeBackend;
  }) => NativeTensor | readonly NativeTensor[];
}

/** The exports of `@tensorflow/tfjs-core` that this package uses. */
export interface TfjsCore {
  readonly version_core: string;
  getKernel(name: string, backendName: string): KernelConfig | null;
  getKernelsForBackend(backendName: string): readonly KernelConfig[];
  findBackendFactory(backendName: string): (() => NativeBackend | Promise<NativeBackend>) | null;
  engine(): { readonly registry: Record<string, NativeBackend> };
}
