import { sizeOf } from "../engine/tensor/shape.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";

/** Tokens first..first + count of a float32 sequence [B, T, ...], copied. */
export function sliceTokens(sequence: HostTensor, first: number, count: number): HostTensor {
  const [batch, length, ...rest] = sequence.shape as [number, number, ...number[]];
  const size = sizeOf(rest);
  const data = new Float32Array(batch * count * size);
  for (let b = 0; b < batch; b++) {
    const start = (b * length + first) * size;
    data.set((sequence.data as Float32Array).subarray(start, start + count * size), b * count * size);
  }
  return tensor(data, [batch, count, ...rest]);
}

/** The last `count` tokens, fewer if there are no more; undefined for none. */
export function lastTokens(sequence: HostTensor, count: number): HostTensor | undefined {
  const length = sequence.shape[1] as number;
  const kept = Math.min(count, length);
  return kept === 0 ? undefined : sliceTokens(sequence, length - kept, kept);
}

/** Two float32 sequences one after the other. */
export function joinTokens(a: HostTensor, b: HostTensor): HostTensor {
  const [batch, first, ...rest] = a.shape as [number, number, ...number[]];
  const second = b.shape[1] as number;
  const size = sizeOf(rest);
  const data = new Float32Array(batch * (first + second) * size);
  for (let i = 0; i < batch; i++) {
    const at = i * (first + second) * size;
    data.set((a.data as Float32Array).subarray(i * first * size, (i + 1) * first * size), at);
    data.set((b.data as Float32Array).subarray(i * second * size, (i + 1) * second * size), at + first * size);
  }
  return tensor(data, [batch, first + second, ...rest]);
}

/** The numbers times a factor; the tensor itself for a factor of 1. */
export function scaled(sequence: HostTensor<"float32">, factor: number): HostTensor<"float32"> {
  if (factor === 1) return sequence;
  return tensor(
    sequence.data.map((value) => value * factor),
    sequence.shape,
  );
}
