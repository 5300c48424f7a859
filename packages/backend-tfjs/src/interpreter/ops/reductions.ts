import { sizeOf } from "@diffusion-forcing/core";
import type { NativeTensor } from "../../runtime/runtime.js";
import type { KernelRule } from "../rule.js";
import { transposed } from "./movement.js";

/** The operand as [kept, reduced]: the reduced axes moved to the end, which is where kernels reduce. */
function reduceLast<K extends "sum" | "max">(name: string, attribute: string): KernelRule<K> {
  return (node, [operand], scope, traits) => {
    const x = operand as NativeTensor;
    const { axes } = node.attributes;
    const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    const moved = transposed(x, [...kept, ...axes], scope, traits);
    const reduced = sizeOf(axes.map((axis) => x.shape[axis] as number));
    const rows = scope.reshape(moved, [sizeOf(x.shape) / reduced, reduced]);
    return scope.run(name, { x: rows }, { [attribute]: [1], keepDims: false });
  };
}

export const sum: KernelRule<"sum"> = reduceLast("Sum", "axis");
export const max: KernelRule<"max"> = reduceLast("Max", "reductionIndices");

export const softmax: KernelRule<"softmax"> = (node, [x], scope) => {
  const columns = node.shape[node.shape.length - 1] as number;
  const rows = scope.reshape(x as NativeTensor, [sizeOf(node.shape) / columns, columns]);
  return scope.run("Softmax", { logits: rows }, { dim: 1 });
};
