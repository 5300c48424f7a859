import type { SessionOptions } from "./runtime.js";

/**
 * Joining a convolution with the activation after it loses the activation on WebGPU (a ReLU of negative sums came out
 * negative), and taking a padding into a convolution brings back the uneven borders that `legalize` took out: the
 * random graphs of the conformance kit found both.
 */
export const webgpuExtra: SessionOptions = {
  optimization: { disable_specified_optimizers: "ConvActivationFusion;Pad_Fusion" },
};
