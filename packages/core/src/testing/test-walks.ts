import { vectorQuantizer, vectorQuantizerCodec } from "../codecs/index.js";
import { selfLabels } from "../diffusion/self-labels.js";
import type { Backend } from "../engine/backend/contract.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { type DiffusionForcing, diffusionForcing } from "../forcing.js";
import { cpHead, initializeParameters, transformer } from "../models/index.js";
import { cosineSchedule, discreteBayesianFlow, discretizedBayesianFlow, tokenPrediction } from "../process/index.js";
import {
  ancestral,
  autoregressive,
  classifierFreeGuidance,
  codePrior,
  learnedPrior,
  pyramid,
  type SampleOptions,
  type SamplerOptions,
  SumCounts,
  sampleSymbols,
  selfLabeler,
  separate,
  speculative,
} from "../sampling/index.js";
import { assertClose } from "./assertions.js";
import type { Conformance } from "./test-api.js";

const small = { width: 8, layers: 1, heads: 2, feedForward: 12 } as const;
const schedule = cosineSchedule(40);
const plain = diffusionForcing({ model: transformer({ ...small, features: 2 }), schedule });
const labelled = diffusionForcing({
  model: transformer({ ...small, features: 2, conditionFeatures: 3, causal: false }),
  schedule,
});
const flow = diffusionForcing({
  model: transformer({ ...small, features: 3, causal: false }),
  process: discreteBayesianFlow({ categories: 3, levels: 40 }),
});
const filling = diffusionForcing({
  model: transformer({ ...small, features: 2, causal: false, noiseEmbedding: "film" }),
  schedule,
});
const binned = diffusionForcing({
  model: transformer({ ...small, features: 2, outputs: 4 }),
  process: discretizedBayesianFlow({ bins: 4, levels: 40, finalStd: 0.2 }),
});
const quantizer = vectorQuantizer({ features: 4, latentFeatures: 2, codes: 3, width: 8, layers: 1 });
const quantized = { quantizer, parameters: initializeParameters(quantizer, createRandom(3)) };
const codes = diffusionForcing({
  model: transformer({ ...small, features: 2, outputs: 3 }),
  process: tokenPrediction({ codebook: vectorQuantizerCodec(quantized).codebook, schedule }),
});

async function sampled(
  forcing: DiffusionForcing,
  options: Omit<SamplerOptions, "parameters">,
  request: Omit<SampleOptions, "seed">,
): Promise<HostTensor> {
  const parameters = initializeParameters(forcing.model, createRandom(1));
  const sampler = forcing.sampler({ timesteps: 6, ...options, parameters });
  try {
    return await sampler.sample({ ...request, seed: 3 });
  } finally {
    await sampler.dispose();
  }
}

/** Ways to sample that are more than one graph after the other, by name. */
const walks: Readonly<Record<string, (backend: Backend) => Promise<HostTensor>>> = {
  "speculative, under a pyramid": (backend) => {
    const options = { backend, timesteps: 4, solver: ancestral(), speculation: speculative({ length: 2 }) };
    return sampled(plain, options, { batch: 2, length: 3, matrix: pyramid({ uncertainty: 2 }) });
  },
  "from a learned prior": (backend) => {
    const parameters = initializeParameters(plain.model, createRandom(1));
    const prior = learnedPrior({ backend, diffusion: plain, parameters });
    return sampled(plain, { backend, start: { level: 20, prior } }, { batch: 2, length: 3 });
  },
  "a discrete Bayesian flow, symbol by symbol after a context": (backend) => {
    const context = tensor([1, -1, -1, -1, -1, 1], [1, 2, 3]);
    return sampled(flow, { backend }, { context, length: 2, matrix: autoregressive() });
  },
  "missing tokens filled in between known ones, FiLM": async (backend) => {
    const parameters = initializeParameters(filling.model, createRandom(1));
    const sampler = filling.sampler({ backend, parameters, timesteps: 4 });
    const tokens = tensor([0.5, -1, 0.3, 0.2, -0.7, 1.2, 1, 0.1], [1, 4, 2]);
    const rows = [4, 3, 2, 1, 0].map((index) => [0, index, index, 0]);
    try {
      return await sampler.denoise({ tokens, rows, seed: 3 });
    } finally {
      await sampler.dispose();
    }
  },
  "a discretised Bayesian flow, under a pyramid": (backend) =>
    sampled(binned, { backend }, { batch: 2, length: 3, matrix: pyramid({ uncertainty: 2 }) }),
  "guided by labels of its own features": async (backend) => {
    const labels = selfLabels({ diffusion: labelled, feature: "layers.0", prototypes: 3 });
    const parameters = initializeParameters({ ...labelled.model, parameters: labels.parameters }, createRandom(2));
    const labeler = selfLabeler({ backend, labels, parameters });
    const found = await labeler.label(tensor([0.5, -1, 1, 0.2, -0.3, 0.8, 0.1, -0.6], [2, 2, 2]), 5);
    await labeler.dispose();
    const condition = labeler.condition(found, 2);
    const scores = classifierFreeGuidance({ scale: 1.4 });
    return sampled(labelled, { backend, scores }, { batch: 2, length: 2, condition });
  },
  "codes predicted, under a pyramid after a context": async (backend) => {
    const context = vectorQuantizerCodec(quantized).tokensOf(tensor(Int32Array.of(2, 0), [1, 2]));
    return sampled(codes, { backend }, { context, length: 3, matrix: pyramid({ uncertainty: 2 }) });
  },
  "a sum of codes, taken apart": async (backend) => {
    const codec = vectorQuantizerCodec({ ...quantized, backend });
    const items = (phase: number): HostTensor =>
      tensor(
        Float32Array.from({ length: 16 }, (_, i) => Math.sin(5 * i + phase)),
        [1, 4, 4],
      );
    const [a, b, sum] = await Promise.all([0, 1, 2].map((phase) => codec.encodeCodes(items(phase))));
    const counts = new SumCounts(3);
    counts.add(a?.data ?? [], b?.data ?? [], sum?.data ?? []);
    const parameters = initializeParameters(codes.model, createRandom(1));
    const prior = codePrior({ backend, diffusion: codes, parameters, length: 4 });
    const search = { kind: "beam", beams: 4 } as const;
    const { first } = await separate({ priors: [prior, prior], counts, mixture: sum?.data ?? [], search });
    await prior.dispose();
    return codec.decodeCodes(tensor(first, [1, 4]));
  },
  "several symbols at once": async (backend) => {
    const head = cpHead({ categories: 3, ahead: 2, rank: 2 });
    const model = transformer({ ...small, features: 3, outputs: head.outputs });
    const parameters = initializeParameters(model, createRandom(1));
    return (await sampleSymbols({ backend, model, head, parameters, batch: 2, length: 4, seed: 5 })).symbols;
  },
};

/** Whole samples against the interpreter's, from the same seeds. */
export function testWalks({ options, tolerance, backend }: Conformance): void {
  const { describe, it } = options;
  describe("samples", () => {
    for (const [name, walk] of Object.entries(walks)) {
      it(`${name}: the reference's`, async () => {
        const expected = await walk(referenceBackend());
        await assertClose(await walk(await backend()), expected, 100 * tolerance, name);
      });
    }
  });
}
