import { tensor } from "@diffusion-forcing/core";

/** Tokens of a sequence, and numbers of a token. */
export const length = 16;
export const features = 1;

/** A batch of what is learned, [batch, length, features], of about unit variance: put your own data here. */
export function sequences(batch, random) {
  const data = new Float32Array(batch * length * features);
  for (let b = 0; b < batch; b++) {
    const phase = 2 * Math.PI * random.uniform();
    for (let t = 0; t < length; t++) data[b * length + t] = Math.SQRT2 * Math.sin(phase + t / 2);
  }
  return tensor(data, [batch, length, features]);
}
