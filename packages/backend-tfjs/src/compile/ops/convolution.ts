import type { NativeTensor } from "../../device/runtime.js";
import type { KernelRule } from "../rule.js";
import { transposed } from "./movement.js";

/** Conv2D with channels last, the only layout that all engines have. */
export const conv2d: KernelRule<"conv2d"> = (node, operands, scope, traits) => {
  const [image, weight] = operands as [NativeTensor, NativeTensor];
  const { strides, low, high } = node.attributes;
  const [count, outputs, height, width] = node.shape as [number, number, number, number];
  const around = (axis: 0 | 1): [number, number] => [low[axis] as number, high[axis] as number];
  const exchange = (x: NativeTensor, permutation: readonly number[]): NativeTensor =>
    scope.reshape(
      transposed(x, permutation, scope, traits),
      permutation.map((axis) => x.shape[axis] as number),
    );
  const x = exchange(image, [0, 2, 3, 1]);
  const filter = exchange(weight, [2, 3, 1, 0]);
  const y = scope.run(
    "Conv2D",
    { x, filter },
    {
      strides: [...strides],
      pad: [[0, 0], around(0), around(1), [0, 0]],
      dataFormat: "NHWC",
      dilations: [1, 1],
    },
  );
  return transposed(scope.reshape(y, [count, height, width, outputs]), [0, 3, 1, 2], scope, traits);
};
