import type { OpName } from "@diffusion-forcing/core/graph";
import type { TfjsDevice } from "../device/device.js";

/** In what a device's kernels differ from the others'; read by the rules and by {@link prepareGraph}. */
export interface Traits {
  /** Composites with a kernel of their own; the others are decomposed. */
  readonly whole: ReadonlySet<OpName>;
  /** A product of transposed operands is so slow that transposing them first is faster. */
  readonly transposesBeforeProducts: boolean;
  /** Kernels that scatter write outside their result for an index outside it: indices have to be checked first. */
  readonly scattersUnchecked: boolean;
  /**
   * A product keeps its right operand packed under that operand's data, whatever shape it had: the same data seen as
   * another matrix would meet the first one's packing, and has to be copied.
   */
  readonly remembersRightOperands: boolean;
  /**
   * Sum adds up one element after the other in float32, which loses a hundredth of a million equal
   * elements: long sums are made of sums of parts.
   */
  readonly sumsInARow: boolean;
  /** Sine and cosine come from hardware whose error is above 1e-4: they are computed by arithmetic instead. */
  readonly coarseTrigonometry: boolean;
  /** Transpose takes float32 only; bools are gathered. */
  readonly transposesFloatsOnly: boolean;
  /** Kernels convert int32 to float32 and back, which loses digits above 2^24: shaders of our own compute them. */
  readonly integersAsFloats: boolean;
  /** Products of int32 are taken in doubles, which loses the low bits above 2^53: they are made of halves. */
  readonly multipliesInDoubles: boolean;
  /** Cast to float32 only calls the integers float32, which kernels that move elements do not see through. */
  readonly castsByName: boolean;
  /** `write` keeps the array it is given instead of copying it, and `read` returns an array it keeps. */
  readonly sharesArrays: boolean;
}

/** What most engines have in common. */
const usual: Traits = {
  whole: new Set(["softmax", "linear", "conv2d"]),
  transposesBeforeProducts: false,
  scattersUnchecked: false,
  remembersRightOperands: false,
  sumsInARow: false,
  coarseTrigonometry: false,
  transposesFloatsOnly: false,
  integersAsFloats: false,
  multipliesInDoubles: false,
  castsByName: false,
  sharesArrays: true,
};

export const traits: { readonly [D in TfjsDevice]: Traits } = {
  cpu: { ...usual, multipliesInDoubles: true },
  wasm: {
    ...usual,
    // A linear layer stores its weight transposed, so here it is a transpose, a product and an addition.
    whole: new Set(["softmax", "conv2d"]),
    transposesBeforeProducts: true,
    scattersUnchecked: true,
    remembersRightOperands: true,
    sumsInARow: true,
    sharesArrays: false,
  },
  webgpu: { ...usual, coarseTrigonometry: true, transposesFloatsOnly: true, integersAsFloats: true, castsByName: true },
  node: usual,
  "node-gpu": usual,
};
