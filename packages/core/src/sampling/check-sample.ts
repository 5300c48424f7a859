import { DiffusionForcingError } from "../engine/errors.js";
import type { HostTensor } from "../engine/tensor/tensor.js";

/** What sampling came to, its numbers looked at. @throws `non-finite-sample` */
export function checkSample(what: string, sample: HostTensor): HostTensor {
  const { data } = sample;
  // A loop, as videos have millions of numbers.
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    throw new DiffusionForcingError(
      "non-finite-sample",
      `${what}: the sample holds ${data[i]} at element ${i}, though all that went in is finite. Look for weights that have grown without bound, a guidance whose reward has no slope or too large a scale, and divisions by 0 in a model of your own.`,
    );
  }
  return sample;
}
