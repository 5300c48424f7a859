import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { mul, square, sub, sum } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { Shape } from "../../engine/tensor/shape.js";
import type { Guidance } from "./gradient.js";

export interface ReconstructionGuidanceOptions extends Pick<Guidance, "samples"> {
  /** w in Ho et al. 2022; 2 there for small problems. */
  readonly guidanceScale: number;
  /** The model's `tokenShape`. */
  readonly tokenShape: Shape;
}

const schema = v.strictObject({
  guidanceScale: schemas.number(),
  tokenShape: v.pipe(v.array(schemas.integer(1)), v.maxLength(16)),
  samples: v.optional(schemas.integer(1, 1024), 1),
});

/**
 * Steers the sequence towards elements that are known, by the error of their reconstruction (Ho et al. 2022, "Video
 * Diffusion Models", equation 7): the clean estimate moves by -(w sqrt(alphaBar) / 2) d|mask (known - x0)|^2 / dx.
 * For whole tokens prefer clean context, which needs no gradient; this is for parts of tokens, as in inpainting.
 *
 * Guidance inputs, float32 [B, T, ...tokenShape]: `known`, and `mask`, 1 where an element is known and 0 elsewhere.
 */
export function reconstructionGuidance(options: ReconstructionGuidanceOptions): Guidance {
  const { guidanceScale, tokenShape, samples } = check("reconstructionGuidance", schema, options);
  return {
    samples,
    guidanceScale,
    // sqrt(alphaBar) of a variance-preserving process.
    gain: ({ signalToNoise }) =>
      signalToNoise.map((snr) => (snr === Number.POSITIVE_INFINITY ? 1 : Math.sqrt(snr / (1 + snr)))),
    inputs: (batch, length) => {
      const sequence = { dtype: "float32", shape: [batch, length, ...tokenShape] } as const;
      return { known: sequence, mask: sequence };
    },
    reward: (x0, { known, mask }) => {
      const errors = mul(square(sub(known as Value, x0)), mask as Value);
      const all = errors.shape.map((_, axis) => axis).slice(1);
      return mul(sum(errors, all), -0.5);
    },
  };
}
