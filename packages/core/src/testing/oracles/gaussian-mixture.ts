import type { Diffusion } from "../../diffusion/diffusion.js";
import { add, concat, mul, slice, softmax } from "../../engine/graph/operations.js";
import { exactDiffusion, type OracleOptions } from "./exact-denoiser.js";
import { type GaussianLaw, gaussianPosterior } from "./gaussian-sequence.js";

/** A mixture over whole sequences: each component is a joint law of all tokens. */
export interface MixtureLaw {
  readonly components: readonly (GaussianLaw & { readonly weight: number })[];
}

/** The exact denoiser of a mixture: each component's posterior mean, weighed by how well it explains the sequence. */
export function gaussianMixture({ components }: MixtureLaw, options?: OracleOptions): Diffusion {
  return exactDiffusion(
    [components[0]?.features ?? 1],
    (observed) => {
      const posteriors = components.map((law) => gaussianPosterior(law, observed));
      const evidence = posteriors.map(({ logDensity }, m) =>
        add(logDensity, Math.log(components[m]?.weight as number)),
      );
      const shares = softmax(concat(evidence, 2)); // [B, 1, M]
      return posteriors
        .map(({ x0 }, m) => mul(x0, slice(shares, 2, m, m + 1)))
        .reduce((total, part) => add(total, part));
    },
    options,
  );
}
