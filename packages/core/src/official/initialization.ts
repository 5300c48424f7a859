import type { RandomStream } from "../engine/random/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { initializeParameters } from "../models/parameters.js";

/**
 * Fresh parameters as the official transformer starts: PyTorch clones its first encoder layer, so all layers begin as
 * copies of it, compute alike at first, and only training parts them. Parameters outside `layers.` are drawn as by
 * `initializeParameters`.
 */
export function officialInitialization(model: Model, random: RandomStream): Record<string, HostTensor<"float32">> {
  const drawn = initializeParameters(model, random);
  return Object.fromEntries(
    Object.entries(drawn).map(([name, value]) => {
      const first = drawn[name.replace(/^layers\.\d+\./, "layers.0.")];
      return [name, first === undefined || first === value ? value : tensor(first.data.slice(), first.shape)];
    }),
  );
}
