import { expandComposites, type Graph, type OpName, opNames } from "@diffusion-forcing/core/graph";
import { legalizeForWasm } from "./wasm/legalize.js";
import { legalizeForWebGpu } from "./webgpu/legalize.js";

/** What differs between the runtimes that models are written for. Rules read these properties, never a device's name. */
export interface Target {
  /** FusedMatMul of com.microsoft: products that transpose and scale their operands themselves. */
  readonly fusedProducts: boolean;
  /** Gelu of com.microsoft. */
  readonly fusedGelu: boolean;
  /** How many outputs one Split may have. */
  readonly splitOutputs: number;
  /** Reductions of int32 that are wrong for large numbers, and are therefore computed in doubles. */
  readonly inexactIntegers: ReadonlySet<"sum" | "max">;
  /** Identity takes bools; otherwise they are copied by `x and x`. */
  readonly copiesBools: boolean;
  /** Rewrites a graph into the ops and dtypes that have kernels, or fast ones. */
  readonly legalize: (graph: Graph) => Graph;
}

const unchanged = (graph: Graph): Graph => graph;

const convolutionGradients: readonly OpName[] = ["conv2dInputGradient", "conv2dWeightGradient"];
const allButThose: ReadonlySet<OpName> = new Set(opNames.filter((op) => !convolutionGradients.includes(op)));

/** As products of shifted images: the other form, kernels as large as images, is one for the CPU. */
const withoutConvolutionGradients = (graph: Graph): Graph => expandComposites(graph, allButThose);

export type TargetName = "portable" | "cpu" | "wasm" | "cuda" | "webgpu";

/** ONNX Runtime's own kernels on the CPU. */
const cpu: Target = {
  fusedProducts: true,
  fusedGelu: true,
  splitOutputs: Infinity,
  // ReduceSum stops at the ends of int32 instead of wrapping around.
  inexactIntegers: new Set(["sum"]),
  copiesBools: true,
  legalize: unchanged,
};

export const targets: Readonly<Record<TargetName, Target>> = {
  /** Operators of the standard set only: any ONNX runtime loads the model. */
  portable: {
    fusedProducts: false,
    fusedGelu: false,
    splitOutputs: Infinity,
    inexactIntegers: new Set(["sum"]),
    copiesBools: true,
    legalize: withoutConvolutionGradients,
  },
  cpu,
  wasm: { ...cpu, legalize: legalizeForWasm },
  /** ONNX Runtime's CUDA kernels. */
  cuda: {
    fusedProducts: true,
    fusedGelu: true,
    splitOutputs: Infinity,
    // cuDNN reduces int32 as float32.
    inexactIntegers: new Set(["sum", "max"]),
    copiesBools: true,
    legalize: withoutConvolutionGradients,
  },
  /** ONNX Runtime's WebGPU kernels. Every node of the lowered graph runs on the device. */
  webgpu: {
    fusedProducts: false,
    fusedGelu: true,
    // A shader may bind 8 storage buffers on every WebGPU device, and one is Split's input.
    splitOutputs: 7,
    inexactIntegers: new Set(),
    copiesBools: false,
    legalize: (graph) => legalizeForWebGpu(withoutConvolutionGradients(graph)),
  },
};
