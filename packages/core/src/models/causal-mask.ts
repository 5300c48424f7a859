import { type HostTensor, zeros } from "../engine/tensor/tensor.js";

/**
 * What is added to attention scores: 0 where token i (row) may see token j (column), j <= i, a large negative number
 * elsewhere. With `block` above 1, tokens belong to groups of that many, which see each other and earlier groups.
 *
 * @returns float32 [length, length]
 */
export function causalMask(length: number, block = 1): HostTensor<"float32"> {
  const mask = zeros("float32", [length, length]);
  for (let i = 0; i < length; i++) {
    const seen = (Math.floor(i / block) + 1) * block;
    // Finite: some runtimes turn infinities in a softmax into NaN.
    if (seen < length) mask.data.fill(-1e9, i * length + seen, (i + 1) * length);
  }
  return mask;
}
