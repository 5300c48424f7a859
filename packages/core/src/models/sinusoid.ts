import type { HostTensor } from "../tensor/tensor.js";
import { zeros } from "../tensor/tensor.js";

/**
 * Sinusoidal embeddings (Vaswani et al. 2017, in the variant of the official Diffusion Forcing code) of
 * consecutive positions: row i embeds `first + i` as [sin(p f_0) .. sin(p f_h), cos(p f_0) .. cos(p f_h)] with
 * f_j = 10000^(-j / (half - 1)). Computed once on the host, so that every backend embeds alike.
 *
 * @returns float32 [count, width]
 */
export function sinusoidTable(first: number, count: number, width: number): HostTensor<"float32"> {
  const half = width / 2;
  const table = zeros("float32", [count, width]);
  const exponent = Math.fround(-Math.fround(Math.log(10000) / (half - 1)));
  for (let j = 0; j < half; j++) {
    const frequency = Math.fround(Math.exp(Math.fround(j * exponent)));
    for (let i = 0; i < count; i++) {
      const angle = Math.fround((first + i) * frequency);
      table.data[i * width + j] = Math.sin(angle);
      table.data[i * width + half + j] = Math.cos(angle);
    }
  }
  return table;
}
