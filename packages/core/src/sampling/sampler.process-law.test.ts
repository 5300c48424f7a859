import { describe, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { bayesianFlow } from "../process/bayesian-flow/continuous.js";
import { edm } from "../process/gaussian/edm.js";
import { flowMatching } from "../process/gaussian/flow-matching.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import type { NoiseProcess } from "../process/process.js";
import { checkLaw } from "../testing/law.js";
import { gaussianMixture, type MixtureLaw } from "../testing/oracles/index.js";
import { permutationTest } from "../testing/permutation-test.js";
import { silentStream } from "../testing/silent-stream.js";
import { fullSequence, type MatrixShape, pyramid } from "./plan/matrix-shapes.js";
import { Sampler, type SamplerOptions } from "./sampler.js";
import { ancestral } from "./solvers/ancestral.js";
import { dpmSolverPlusPlus } from "./solvers/dpm-solver-plus-plus.js";
import { heun } from "./solvers/heun.js";

// One sampler, whatever the process: given the exact denoiser of a mixture each has to sample that mixture.

const count = 160;
const variance = 0.01;
const mixture = (weight: number): MixtureLaw => ({
  components: [
    {
      weight,
      mean: [-0.5, 0.3],
      covariance: [
        [variance, 0],
        [0, variance],
      ],
    },
    {
      weight: 1 - weight,
      mean: [0.5, -0.2],
      covariance: [
        [variance, 0.008],
        [0.008, variance],
      ],
    },
  ],
});

/** Draws of the mixture itself, [count, 2]. */
const truth = (() => {
  const random = createRandom(17);
  const data: number[] = [];
  for (let i = 0; i < count; i++) {
    const isFirst = random.uniform() < 0.3;
    const [a, b] = [random.normal(), random.normal()];
    const slope = isFirst ? 0 : 0.8;
    data.push(
      (isFirst ? -0.5 : 0.5) + 0.1 * a,
      (isFirst ? 0.3 : -0.2) + 0.1 * (slope * a + Math.sqrt(1 - slope ** 2) * b),
    );
  }
  return { shape: [count, 2], data: Float64Array.from(data) };
})();

async function sampled(
  diffusion: Diffusion,
  matrix: MatrixShape,
  options: Partial<SamplerOptions>,
  seed: Parameters<Sampler["sample"]>[0]["seed"] = 18,
) {
  const sampler = new Sampler(diffusion, {
    backend: referenceBackend(),
    parameters: {},
    timesteps: 60,
    stabilizationLevel: 0,
    ...options,
  });
  const { data } = await sampler.sample({ batch: count, length: 2, seed, matrix });
  return { shape: [count, 2], data };
}

const none = { kind: "none" } as const;
const processes: [string, NoiseProcess, Partial<SamplerOptions>][] = [
  ["variance preserving, ddim", variancePreserving(cosineSchedule(600), { limit: none }), {}],
  ["variance preserving, limited", variancePreserving(cosineSchedule(600)), {}],
  ["flow matching, dpmSolverPlusPlus", flowMatching({ levels: 600, limit: none }), { solver: dpmSolverPlusPlus() }],
  ["flow matching, ancestral", flowMatching({ levels: 600, limit: none }), { solver: ancestral({ variance: 1 }) }],
  ["EDM, heun", edm({ levels: 600, limit: none }), { solver: heun() }],
  ["a Bayesian flow", bayesianFlow({ levels: 600 }), {}],
];

describe("samples of one mixture", () => {
  it.for(processes)("by %s", async ([name, process, options], { task }) => {
    const fit = (points: { shape: number[]; data: ArrayLike<number> }): number =>
      permutationTest(points as never, truth, { random: createRandom(19), permutations: 999 });
    const exact = gaussianMixture(mixture(0.3), { process });
    const matrices = [fullSequence(), pyramid({ uncertainty: 20 })];
    const found: number[] = [];
    for (const matrix of matrices) found.push(fit(await sampled(exact, matrix, options)));
    const isRandom = process.path === undefined || (options.solver?.draws ?? 0) !== 0;
    checkLaw(task, {
      law: `Samples follow the mixture: ${name}, full sequence and pyramid`,
      statistic: "p, permutation test of the energy distance",
      found: Math.min(...found),
      within: [2e-3, 1],
      broken: {
        "the weights of another mixture": fit(
          await sampled(gaussianMixture(mixture(0.75), { process }), fullSequence(), options),
        ),
        ...(isRandom ? { "noise left out": fit(await sampled(exact, fullSequence(), options, silentStream)) } : {}),
      },
    });
  });
});
