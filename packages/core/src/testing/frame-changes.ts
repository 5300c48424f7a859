import type { HostTensor } from "../engine/tensor/tensor.js";

/** Elements of one place [sequence, frame] of x [B, T, ...]: where they start and end. */
function placeOf({ shape, data }: HostTensor, sequence: number, frame: number): [start: number, end: number] {
  const [batch, length] = shape as [number, number];
  const size = data.length / (batch * length);
  const start = (length * sequence + frame) * size;
  return [start, start + size];
}

/** x [B, T, ...] with 1 added to every element of one frame of one sequence. */
export function movedAt(x: HostTensor, sequence: number, frame: number): HostTensor {
  const data = x.data.slice();
  const [start, end] = placeOf(x, sequence, frame);
  for (let i = start; i < end; i++) data[i] = (data[i] as number) + 1;
  return { ...x, data } as HostTensor;
}

/** The largest difference of every frame, by sequence and frame. For tests of what may depend on what. */
export function frameChanges(before: HostTensor, after: HostTensor): number[][] {
  const [batch, length] = before.shape as [number, number];
  return Array.from({ length: batch }, (_, sequence) =>
    Array.from({ length }, (_, frame) => {
      let largest = 0;
      const [start, end] = placeOf(before, sequence, frame);
      for (let i = start; i < end; i++) {
        largest = Math.max(largest, Math.abs((after.data[i] as number) - (before.data[i] as number)));
      }
      return largest;
    }),
  );
}

/** x [B, T, ...] with its frames, counted through all sequences, in another order. */
export function reordered(x: HostTensor, order: readonly number[]): HostTensor {
  const data = x.data.slice();
  const size = data.length / order.length;
  order.forEach((from, to) => {
    data.set(x.data.subarray(from * size, (from + 1) * size), to * size);
  });
  return { ...x, data } as HostTensor;
}
