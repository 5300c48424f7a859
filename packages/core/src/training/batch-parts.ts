import { sizeOf } from "../engine/tensor/shape.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import type { LossTensors } from "./trainable.js";

/**
 * The inputs of a batch in `count` parts of equal size, as views: sequences 0.. of the first, and so on. What is the same
 * for all sequences goes with every part.
 */
export function partsOf(inputs: LossTensors, count: number): LossTensors[] {
  if (count === 1) return [inputs];
  const batch = inputs.tokens.shape[0] as number;
  const size = batch / count;
  const part = (tensor: HostTensor, index: number): HostTensor => {
    if (tensor.shape[0] !== batch) return tensor;
    const rest = tensor.shape.slice(1);
    const [start, end] = [index * size * sizeOf(rest), (index + 1) * size * sizeOf(rest)];
    return { ...tensor, shape: [size, ...rest], data: tensor.data.subarray(start, end) } as HostTensor;
  };
  return Array.from({ length: count }, (_, index) => {
    const parts = Object.entries(inputs).map(([name, tensor]) => [name, part(tensor, index)]);
    return Object.fromEntries(parts) as LossTensors;
  });
}
