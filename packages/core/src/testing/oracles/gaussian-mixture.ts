import type { DiffusionProcess } from "../../diffusion/loss.js";
import { add, constant, div, log, mul, reshape, softmax, square, sub, sum } from "../../graph/operations.js";
import { tensor } from "../../tensor/tensor.js";
import { exactProcess, type OracleOptions } from "./exact-denoiser.js";

/** A mixture over whole sequences of T numbers; within a component tokens are independent. */
export interface MixtureLaw {
  readonly components: readonly {
    readonly weight: number;
    /** T entries. */
    readonly mean: readonly number[];
    /** Variance of each token. */
    readonly variance: number;
  }[];
}

/** The exact denoiser of a mixture: each component's posterior mean, weighed by how well it explains the sequence. */
export function gaussianMixture({ components }: MixtureLaw, options?: OracleOptions): DiffusionProcess {
  const count = components.length;
  const length = components[0]?.mean.length ?? 0;
  // Components lie along the last axis: [1, T, M] and [1, 1, M].
  const means = constant(
    tensor(
      Float32Array.from({ length: length * count }, (_, i) => components[i % count]?.mean[Math.floor(i / count)] ?? 0),
      [1, length, count],
    ),
  );
  const row = (values: readonly number[]) => constant(tensor(Float32Array.from(values), [1, 1, count]));
  const variances = row(components.map(({ variance }) => variance));
  const prior = row(components.map(({ weight }) => Math.log(weight)));
  return exactProcess(
    [1],
    ({ tokens, signal, noise }) => {
      const batch = tokens.shape[0] as number;
      const spread = add(mul(square(signal), variances), square(noise)); // [B, T, M]
      const error = sub(tokens, mul(signal, means));
      const logDensity = mul(add(div(square(error), spread), log(spread)), -0.5);
      const evidence = add(sum(logDensity, 1, true), prior); // [B, 1, M]
      const shares = reshape(softmax(evidence), [batch, 1, count]);
      const posterior = add(means, div(mul(mul(signal, variances), error), spread));
      return sum(mul(posterior, shares), 2, true);
    },
    options,
  );
}
