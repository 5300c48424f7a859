import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { selfLabels } from "../diffusion/self-labels.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { diffusionForcing } from "../forcing.js";
import { initializeParameters, transformer } from "../models/index.js";
import {
  bayesianFlow,
  cosineSchedule,
  discreteBayesianFlow,
  discretizedBayesianFlow,
  processFromConfig,
} from "../process/index.js";
import {
  ancestral,
  classifierFreeGuidance,
  learnedPrior,
  Sampler,
  type SamplerOptions,
  selfLabeler,
  speculative,
} from "../sampling/index.js";
import {
  constrainedTraining,
  multipliersOf,
  selfLabelTraining,
  train,
  truncatedTraining,
  withoutDiscriminator,
  withoutPrototypes,
} from "../training/index.js";
import { encodeBundle, loadBundle } from "./bundle.js";
import { filesStore } from "./sources/source.js";
import { decodeWeights, encodeWeights } from "./weights.js";

const backend = referenceBackend();
const small = { width: 8, layers: 1, heads: 2, feedForward: 12 } as const;
const plain = diffusionForcing({ model: transformer({ ...small, features: 2 }), schedule: cosineSchedule(40) });

async function sampleOf(diffusion: Diffusion, parameters: SamplerOptions["parameters"], options = {}) {
  const sampler = new Sampler(diffusion, { backend, parameters, timesteps: 4, ...options });
  const sampled = await sampler.sample({ batch: 2, length: 3, seed: 3 });
  await sampler.dispose();
  return sampled;
}

describe("a bundle of a related system", () => {
  it.each([
    ["a continuous Bayesian flow", { ...small, features: 2 }, bayesianFlow({ levels: 40 })],
    ["a discrete Bayesian flow", { ...small, features: 3 }, discreteBayesianFlow({ categories: 3, levels: 40 })],
    [
      "a discretised Bayesian flow",
      { ...small, features: 2, outputs: 4 },
      discretizedBayesianFlow({ bins: 4, levels: 40, finalStd: 0.2 }),
    ],
    ["FiLM", { ...small, features: 2, noiseEmbedding: "film" as const }, plain.process],
  ])("%s comes back and samples the same", async (_name, sizes, process) => {
    const diffusion = diffusionForcing({ model: transformer(sizes), process });
    const parameters = initializeParameters(diffusion.model, createRandom(1));
    const loaded = await loadBundle(filesStore(encodeBundle({ diffusion, parameters })));
    expect(loaded.diffusion.process.config).toEqual(processFromConfig(process.config).config);
    expect(await sampleOf(loaded.diffusion, loaded.parameters)).toEqual(await sampleOf(diffusion, parameters));
  });

  it("holds a diffusion and its learned prior, the discriminator left out", async () => {
    const discriminator = transformer({ ...small, features: 2, causal: false });
    const { parameters } = await train(truncatedTraining({ diffusion: plain, level: 20, discriminator }), {
      backend,
      batches: () => ({ tokens: tensor([1, -1, 0.5, 0.2], [1, 2, 2]) }),
      steps: 2,
    });
    const weights = withoutDiscriminator(parameters);
    const loaded = await loadBundle(filesStore(encodeBundle({ diffusion: plain, parameters: weights })));
    const from = (diffusion: Diffusion, given: typeof weights) => {
      const prior = learnedPrior({ backend, diffusion, parameters: given });
      return sampleOf(diffusion, given, { start: { level: 20, prior } });
    };
    expect(await from(loaded.diffusion, loaded.parameters)).toEqual(await from(plain, weights));
  });

  it("holds what was trained under constraints, the multipliers left out, and samples speculatively", async () => {
    const tokens = tensor([1, -1, 0.5, 0.2], [1, 2, 2]);
    const { trainable, batches } = constrainedTraining({
      subject: plain,
      constraints: [{ name: "rare", bound: 0.1, batches: () => ({ tokens }) }],
    });
    const { parameters } = await train(trainable, { backend, batches: batches(() => ({ tokens })), steps: 2 });
    const { weights } = multipliersOf(parameters);
    const loaded = await loadBundle(filesStore(encodeBundle({ diffusion: plain, parameters: weights })));
    const options = { solver: ancestral(), speculation: speculative({ length: 2 }) };
    expect(await sampleOf(loaded.diffusion, loaded.parameters, options)).toEqual(
      await sampleOf(plain, weights, options),
    );
  });

  it("holds what learned by its own labels, the prototypes apart as weights, and samples the same kinds", async () => {
    const model = transformer({ ...small, features: 2, conditionFeatures: 3 });
    const diffusion = diffusionForcing({ model, schedule: cosineSchedule(40) });
    const labelOptions = { feature: "layers.0", prototypes: 2 };
    const labels = selfLabels({ ...labelOptions, diffusion });
    const tokens = tensor([1, -1, 0.5, 0.2, -1, 1, -0.5, 0.3], [2, 2, 2]);
    const { parameters } = await train(selfLabelTraining({ labels }), {
      backend,
      batches: () => ({ tokens }),
      steps: 2,
    });
    const stored = encodeWeights(parameters);
    const weights = withoutPrototypes(parameters);
    const loaded = await loadBundle(filesStore(encodeBundle({ diffusion, parameters: weights })));
    const guided = async (of: Diffusion, given: typeof weights, all: typeof weights) => {
      const labeler = selfLabeler({ backend, labels: selfLabels({ ...labelOptions, diffusion: of }), parameters: all });
      const found = await labeler.label(tokens, 1);
      const condition = labeler.condition(tensor(Int32Array.of(0, 1), [2]), 3);
      await labeler.dispose();
      const sampler = new Sampler(of, {
        backend,
        parameters: given,
        timesteps: 4,
        scores: classifierFreeGuidance({ scale: 1.4 }),
      });
      const sampled = await sampler.sample({ batch: 2, length: 3, seed: 3, condition });
      await sampler.dispose();
      return { found, sampled };
    };
    expect(await guided(loaded.diffusion, loaded.parameters, decodeWeights(stored))).toEqual(
      await guided(diffusion, weights, parameters),
    );
  });
});
