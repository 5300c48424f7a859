import { sizeOf, type Value, type ValueOf } from "@diffusion-forcing/core/graph";
import type { Lowering, Peephole } from "../lowering.js";
import { emitConvolution } from "../ops/convolution.js";
import { reshapedName } from "./patterns.js";

/** `add(conv2d(x, w), bias)` with a number per channel: Conv adds it while it writes its result. */
export const biasIntoConvolution: Peephole = (node, lowering) => {
  if (node.op !== "add") return undefined;
  for (const side of [0, 1]) {
    const convolution = node.inputs[side] as Value;
    const bias = node.inputs[1 - side] as Value;
    if (!isUsedHere(convolution, lowering) || !isPerChannel(bias, convolution)) continue;
    const channels = [convolution.shape[1] as number];
    return emitConvolution(convolution, [reshapedName(bias, channels, lowering)], lowering);
  }
  return undefined;
};

function isUsedHere(value: Value, { usedOnce }: Lowering): value is ValueOf<"conv2d"> & Value {
  return value.op === "conv2d" && usedOnce(value);
}

/** [..., O, 1, 1] beside [N, O, H, W]. */
function isPerChannel({ shape }: Value, { shape: result }: Value): boolean {
  return shape.length <= 4 && shape.at(-3) === result[1] && sizeOf(shape) === result[1];
}
