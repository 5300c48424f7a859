import { type HostTensor, tensor } from "@diffusion-forcing/core";
import type { GoldenTensor } from "./case.js";

/** Values with a shape, as a kind hands them back for comparison: golden layout, token axis first. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Exchanges the first two axes: [T, B, ...] to [B, T, ...] or back. */
export function swapAxes({ shape, data }: Numbers): { shape: number[]; data: Float64Array } {
  const [first = 1, second = 1, ...rest] = shape;
  const block = rest.reduce((product, size) => product * size, 1);
  const swapped = new Float64Array(data.length);
  for (let i = 0; i < first; i++) {
    for (let j = 0; j < second; j++) {
      for (let k = 0; k < block; k++)
        swapped[(j * first + i) * block + k] = data[(i * second + j) * block + k] as number;
    }
  }
  return { shape: [second, first, ...rest], data: swapped };
}

/** A golden tensor as the library's float32, axes as they are. */
export function float32({ shape, data }: Numbers): HostTensor<"float32"> {
  return tensor(Float32Array.from(data), shape);
}

/** Golden tokens [T, B, ...] as the library's float32 [B, T, ...]. */
export function batchMajor(golden: Numbers): HostTensor<"float32"> {
  return float32(swapAxes(golden));
}

/** Golden levels [T, B], -1..K-1, as the library's int32 [B, T], 0..K. */
export function noiseLevels(golden: GoldenTensor): HostTensor<"int32"> {
  const { shape, data } = swapAxes(golden);
  return tensor(
    Int32Array.from(data, (level) => level + 1),
    shape,
  );
}

/** Every value limited to -limit..limit: what the official code does to the noise it draws. */
export function clamped({ shape, data }: Numbers, limit: number): Numbers {
  return { shape, data: Float64Array.from(data, (value) => Math.min(Math.max(value, -limit), limit)) };
}

/** Golden level indices [T, B] as the library's levels int32 [B, T], by the table of all S + 1 levels. */
export function levelIndices(golden: Numbers, table: Int32Array): HostTensor<"int32"> {
  const { shape, data } = swapAxes(golden);
  return tensor(
    Int32Array.from(data, (index) => table[index] as number),
    shape,
  );
}
