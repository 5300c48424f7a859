import { sizeOf } from "../../engine/tensor/shape.js";
import { disposeTensor, type HostTensor, readTensor, type Tensor, tensor } from "../../engine/tensor/tensor.js";
import type { NoiseSchedule } from "../../process/gaussian/schedule.js";

/** Token t of [B, T, ...] as [B, 1, ...]. */
export function tokenAt({ shape, data }: HostTensor, t: number): HostTensor {
  const [batch, length, ...token] = shape as [number, number, ...number[]];
  const size = sizeOf(token);
  const values = new Float32Array(batch * size);
  for (let b = 0; b < batch; b++) {
    const start = (b * length + t) * size;
    values.set((data as Float32Array).subarray(start, start + size), b * size);
  }
  return tensor(values, [batch, 1, ...token]);
}

/** Tokens [B, 1, ...] one after the other, [B, T, ...]. */
export function joined(tokens: readonly HostTensor[]): HostTensor {
  const length = tokens.length;
  const [batch, , ...token] = (tokens[0] as HostTensor).shape as [number, number, ...number[]];
  const size = sizeOf(token);
  const values = new Float32Array(batch * length * size);
  for (const [t, { data }] of tokens.entries()) {
    for (let b = 0; b < batch; b++) {
      values.set((data as Float32Array).subarray(b * size, (b + 1) * size), (b * length + t) * size);
    }
  }
  return tensor(values, [batch, length, ...token]);
}

/** Device tensors that a computation has in hand, so that all are freed if it is cut short. */
export class HeldTensors {
  readonly #held = new Set<Tensor>();

  hold<Record extends Readonly<globalThis.Record<string, Tensor>>>(tensors: Record): Record {
    for (const value of Object.values(tensors)) this.#held.add(value);
    return tensors;
  }

  /** Frees a tensor, if it is one of these: what came from outside is left alone. */
  drop(value: Tensor): void {
    if (this.#held.delete(value)) disposeTensor(value);
  }

  dropAll(): void {
    for (const value of [...this.#held]) this.drop(value);
  }
}

/** The tensor on the host; a device's copy is freed. */
export async function toHost(value: Tensor, held?: HeldTensors): Promise<HostTensor> {
  const host = await readTensor(value);
  if (held === undefined) disposeTensor(value);
  else held.drop(value);
  return host;
}

export function clampedTo(limit: number, { shape, data }: HostTensor): HostTensor {
  const values = Float32Array.from(data, (value) => Math.min(Math.max(value, -limit), limit));
  return tensor(values, shape);
}

/** sqrt(alphaBar) x + sqrt(1 - alphaBar) noise at the lowest noisy level, in float32 as a graph would compute it. */
export function slightlyNoised({ tables }: NoiseSchedule, x: HostTensor, noise: HostTensor): HostTensor {
  const [signal, share] = [tables.sqrtAlphasCumprod[1] as number, tables.sqrtOneMinusAlphasCumprod[1] as number];
  const values = Float32Array.from(
    x.data,
    (value, i) => Math.fround(signal * value) + Math.fround(share * (noise.data[i] as number)),
  );
  return tensor(values, x.shape);
}
