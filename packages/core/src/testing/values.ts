import { allocate, type DType } from "../engine/tensor/dtype.js";
import { type Shape, sizeOf } from "../engine/tensor/shape.js";
import type { HostTensor } from "../engine/tensor/tensor.js";

/** The type of an operand of a test case and the range its elements are drawn from, both ends included. */
export interface CaseOperand {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly low: number;
  readonly high: number;
  /** These elements instead of drawn ones. */
  readonly values?: readonly number[];
}

/** Tommy Ettinger's mulberry32: 32 bits of state, the same on every engine. Uniform in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The operand's elements: the same for the same seed. */
export function drawTensor({ dtype, shape, low, high, values }: CaseOperand, seed: number): HostTensor {
  const data = allocate(dtype, sizeOf(shape));
  const uniform = mulberry32(seed);
  for (let i = 0; i < data.length; i++) {
    const drawn = dtype === "float32" ? low + (high - low) * uniform() : Math.floor(low + (high - low + 1) * uniform());
    data[i] = values?.[i] ?? drawn;
  }
  return { dtype, shape, data } as HostTensor;
}
