import { DiffusionForcingError } from "@diffusion-forcing/core";
import { sizeOf } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../../device/runtime.js";
import type { KernelRule } from "../rule.js";

export const gather: KernelRule<"gather"> = (_node, operands, scope) => {
  const [table, at] = operands as [NativeTensor, NativeTensor];
  const rows = table.shape[0] as number;
  const x = scope.reshape(table, [rows, sizeOf(table.shape) / rows]);
  return scope.run("GatherV2", { x, indices: scope.reshape(at, [sizeOf(at.shape)]) }, { axis: 0, batchDims: 0 });
};

/** ScatterNd adds updates of equal index up, on every engine; wasm has no UnsortedSegmentSum. */
export const scatterAdd: KernelRule<"scatterAdd"> = (node, operands, scope, traits) => {
  const [values, at] = operands as [NativeTensor, NativeTensor];
  const { size } = node.attributes;
  const count = sizeOf(at.shape);
  if (traits.scattersUnchecked) checkIndices(scope.kernels.native.readSync(at.dataId), size);
  const width = sizeOf(node.shape) / size;
  const updates = scope.reshape(values, [count, width]);
  return scope.run("ScatterNd", { indices: scope.reshape(at, [count, 1]), updates }, { shape: [size, width] });
};

function checkIndices(indices: ArrayLike<number>, size: number): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    if (index < 0 || index >= size) {
      throw new DiffusionForcingError("invalid-argument", `scatterAdd: index ${index} is not in 0..${size - 1}.`);
    }
  }
}
