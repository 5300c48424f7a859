import { type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";

/** Tokens of a curve; each is one number. */
export const curveLength = 16;

/**
 * Curves that the playground's model is trained on, [batch, 16, 1]: a wave of random length, height and phase, which in
 * half of the curves turns into its mirror image in the middle. What comes after a few tokens is therefore uncertain,
 * and in two ways.
 */
export function waves(batch: number, random: Pick<RandomStream, "uniform">): HostTensor {
  const data = new Float32Array(batch * curveLength);
  for (let b = 0; b < batch; b++) {
    const phase = 2 * Math.PI * random.uniform();
    const rate = 0.35 + 0.5 * random.uniform();
    const height = 0.6 + 0.4 * random.uniform();
    const mirrored = random.uniform() < 0.5;
    for (let t = 0; t < curveLength; t++) {
      const sign = mirrored && t >= curveLength / 2 ? -1 : 1;
      data[b * curveLength + t] = sign * height * Math.sin(phase + rate * t);
    }
  }
  return tensor(data, [batch, curveLength, 1]);
}
