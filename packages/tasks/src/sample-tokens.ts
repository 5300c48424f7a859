import { type Bundle, createRandom, DiffusionForcingError } from "@diffusion-forcing/core";
import { codecOn } from "@diffusion-forcing/core/bundle";
import { Sampler } from "@diffusion-forcing/core/sampling";
import type { SampledPart, SamplingContext } from "./task.js";
import { checkOptionValues, type OptionSchemas } from "./task-options.js";

/** What {@link sampleTokens} may be told. */
export function tokenSamplingOptions(bundle?: Bundle): OptionSchemas {
  const levels = bundle?.diffusion.process.levels ?? 10_000;
  const steps = Math.min(50, levels);
  return {
    steps: { kind: "integer", summary: "denoising steps a token takes", default: steps, low: 1, high: levels },
  };
}

/**
 * Sequences out of nothing, of any model that takes no condition: all tokens together where the model was trained on as
 * many, else token by token, for tasks that say nothing of their own about sampling.
 *
 * @throws `invalid-argument` for a conditioned model, `aborted`
 */
export async function* sampleTokens(bundle: Bundle, context: SamplingContext): AsyncGenerator<SampledPart> {
  const { diffusion, parameters, trainedOn } = bundle;
  const { backend, batch, seed, signal } = context;
  const codec = bundle.codec && codecOn(backend, bundle.codec);
  const { steps } = checkOptionValues("sample", tokenSamplingOptions(bundle), context.options);
  if (diffusion.model.conditionFeatures > 0) {
    throw new DiffusionForcingError(
      "invalid-argument",
      "The model takes a condition, and its task does not say how it is sampled: sample it in code.",
    );
  }
  const length = Math.ceil(context.length / (codec?.itemsPerToken ?? 1));
  const window = trainedOn?.tokens?.[1] ?? length;
  const sampler = new Sampler(diffusion, { backend, parameters, timesteps: steps as number });
  const abort = signal ? { signal } : {};
  try {
    const random = createRandom(seed);
    if (length <= window) {
      const tokens = await sampler.sample({ batch, length, seed: random, ...abort });
      yield { sequences: codec ? await codec.decode(tokens) : tokens, isGiven: false };
      return;
    }
    for await (const { tokens } of sampler.rollout({ batch, length, window, seed: random, ...abort })) {
      yield { sequences: codec ? await codec.decode(tokens) : tokens, isGiven: false };
    }
  } finally {
    await sampler.dispose();
  }
}
