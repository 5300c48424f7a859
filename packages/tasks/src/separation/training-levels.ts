import { type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import { independentNoiseLevels, type NoiseLevelSizes } from "@diffusion-forcing/core/process";

/**
 * Noise levels for a prior: most sequences show each token clean or not at all, so that the model learns the law of a next
 * code after most of those before it; every fourth has independent levels, from which sequences are also drawn.
 *
 * @returns int32 [B, T]
 */
export function priorLevels(random: RandomStream, sizes: NoiseLevelSizes): HostTensor<"int32"> {
  const { batch, tokens, levels } = sizes;
  const { data } = independentNoiseLevels(random, sizes);
  for (let b = 0; b < batch; b++) {
    if (b % 4 === 0) continue;
    const share = 0.5 + 0.5 * random.uniform();
    for (let t = 0; t < tokens; t++) data[b * tokens + t] = random.uniform() < share ? 0 : levels;
  }
  return tensor(data as Int32Array<ArrayBuffer>, [batch, tokens]);
}

/** Weights of the loss, float32 [B, T, 1]: what is clean is known, and teaches nothing. */
export function unknownMask({ data, shape }: HostTensor<"int32">): HostTensor<"float32"> {
  return tensor(
    Float32Array.from(data, (level) => (level === 0 ? 0 : 1)),
    [...shape, 1],
  );
}
