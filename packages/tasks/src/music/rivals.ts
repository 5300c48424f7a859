import { type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import type { Sampler } from "@diffusion-forcing/core/sampling";

// Other ways to fill tokens in, to compare with; each as `fillIn`.

/**
 * As Diffuser and most diffusion models do it: all tokens stand at one level, and before every step the known ones are
 * replaced by themselves, noised to that level. The model never sees them clean.
 */
export async function replaceKnown(
  sampler: Sampler,
  tokens: HostTensor,
  missing: readonly boolean[],
  random: RandomStream,
  signal?: AbortSignal,
): Promise<HostTensor> {
  const { path, noiseClip } = sampler.diffusion.process;
  if (path === undefined) throw new Error("replaceKnown needs a process with a Gaussian path");
  const [batch, length, features] = tokens.shape as [number, number, number];
  const noise = new Float32Array(tokens.data.length);
  random.split("start").fillNormal(noise, { clip: noiseClip });
  let now: HostTensor = tensor(noise, [batch, length, features]);
  const isMissing = (i: number): boolean => missing[Math.floor(i / features) % length] as boolean;
  for (let index = sampler.timesteps; index > 0; index--) {
    const level = sampler.levels[index] as number;
    const fresh = new Float32Array(tokens.data.length);
    random.split("known").split(index).fillNormal(fresh, { clip: noiseClip });
    const [signalFactor, noiseFactor] = [path.signal[level] as number, path.noise[level] as number];
    const data = now.data.map((x, i) =>
      isMissing(i) ? x : signalFactor * (tokens.data[i] as number) + noiseFactor * (fresh[i] as number),
    ) as Float32Array;
    const row = (at: number): Int32Array => new Int32Array(length).fill(at);
    now = await sampler.denoise({
      tokens: tensor(data, [batch, length, features]),
      rows: [row(index), row(index - 1)],
      seed: random.split("steps").split(index),
      ...(signal ? { signal } : {}),
    });
  }
  return tensor(now.data.map((x, i) => (isMissing(i) ? x : (tokens.data[i] as number))) as Float32Array, [
    batch,
    length,
    features,
  ]);
}

/**
 * Spherical interpolation (as Mittal et al. 2021 compare with) between the last known token before a gap and the first
 * one behind it; where one is missing the other is held.
 */
export function interpolate(tokens: HostTensor, missing: readonly boolean[]): HostTensor {
  const [batch, length, features] = tokens.shape as [number, number, number];
  const data = Float32Array.from(tokens.data);
  const knownPlaces = missing.flatMap((isMissing, t) => (isMissing ? [] : [t]));
  for (let t = 0; t < length; t++) {
    if (!missing[t]) continue;
    const before = knownPlaces.filter((place) => place < t).at(-1) ?? (knownPlaces[0] as number);
    const after = knownPlaces.find((place) => place > t) ?? before;
    const share = after === before ? 0 : (t - before) / (after - before);
    for (let b = 0; b < batch; b++) {
      const token = (place: number): Float32Array =>
        Float32Array.from(tokens.data.subarray((b * length + place) * features, (b * length + place + 1) * features));
      data.set(onTheSphere(token(before), token(after), share), (b * length + t) * features);
    }
  }
  return tensor(data, [batch, length, features]);
}

function onTheSphere(a: Float32Array, b: Float32Array, share: number): Float32Array {
  const dot = (x: Float32Array, y: Float32Array): number =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const angle = Math.acos(Math.max(-1, Math.min(1, cosine)));
  const sine = Math.sin(angle);
  // Of one direction, or of opposite ones, there is no sphere to walk on.
  const [p, q] =
    sine < 1e-6 ? [1 - share, share] : [Math.sin((1 - share) * angle) / sine, Math.sin(share * angle) / sine];
  return a.map((x, i) => p * x + q * (b[i] as number));
}
