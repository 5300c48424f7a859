import { expect, it } from "vitest";
import { sum } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { diffusionForcing } from "../../forcing.js";
import { initializeParameters, transformer } from "../../models/index.js";
import { ancestral, classifierFreeGuidance, ddim, type SamplerOptions, speculative } from "../../sampling/index.js";
import { Sampler } from "../../sampling/sampler.js";
import { codeChainOracle } from "../../testing/oracles/code-chain.js";
import { cosineSchedule } from "../gaussian/schedule.js";
import { tokenPrediction } from "./token-prediction.js";

const codebook = [
  [1.4, 0],
  [-0.7, 1.2],
  [-0.7, -1.2],
];
const backend = referenceBackend();
const forcing = diffusionForcing({
  model: transformer({ features: 2, outputs: 3, conditionFeatures: 1, width: 8, layers: 1, heads: 2 }),
  process: tokenPrediction({ codebook, schedule: cosineSchedule(20) }),
});
const parameters = initializeParameters(forcing.model, createRandom(1));
const condition = tensor(new Float32Array(64 * 3).fill(1), [64, 3, 1]);
const sampled = (options: Partial<SamplerOptions>) =>
  forcing
    .sampler({ backend, parameters, timesteps: 5, ...options })
    .sample({ batch: 64, length: 3, condition, seed: 1 });
const known = codebook.map((row) => row.map(Math.fround).join());
/** Numbers of the codes that tokens are, which they must be. */
function codesOf({ data }: HostTensor): number[] {
  const found = Array.from({ length: data.length / 2 }, (_, i) => known.indexOf([data[2 * i], data[2 * i + 1]].join()));
  expect(Math.min(...found)).toBeGreaterThanOrEqual(0);
  return found;
}

it("gives codes under classifier-free guidance", async () => {
  expect(codesOf(await sampled({ scores: classifierFreeGuidance({ scale: 2 }) }))).toHaveLength(192);
});

it("gives codes under a reward too, and more of those that it favours", async () => {
  const { process } = forcing;
  const { path } = cosineSchedule(20);
  const even = [1 / 3, 1 / 3, 1 / 3];
  const model = codeChainOracle({ codebook, initial: even, transition: [even, even, even], path });
  async function shareOfFirst(guidanceScale: number): Promise<number> {
    // The first code has the largest sum of its numbers.
    const guidance = { guidanceScale, reward: (clean: Value) => sum(clean, [1, 2]) };
    const options = { backend, parameters: {}, timesteps: 10, guidance, stabilizationLevel: 0 };
    const sampler = new Sampler({ model, process, lossWeighting: process.lossWeighting }, options);
    const codes = codesOf(await sampler.sample({ batch: 200, length: 1, seed: 1 }));
    return codes.filter((code) => code === 0).length / codes.length;
  }
  const [plain, guided] = [await shareOfFirst(0), await shareOfFirst(1)];
  expect(plain).toBeGreaterThan(0.2);
  expect(plain).toBeLessThan(0.45);
  expect(guided).toBeGreaterThan(plain + 0.15);
});

it("refuses solvers of a path, and speculation, whose steps would have to be normal", async () => {
  await expect(async () => sampled({ solver: ddim() })).rejects.toThrow(/ddim/);
  const speculation = speculative({ length: 2 });
  await expect(async () => sampled({ solver: ancestral(), speculation })).rejects.toThrow();
});
