import { describe, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { cast, floor, mul } from "../engine/graph/operations.js";
import { createRandom, type RandomStream } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { checkLaw } from "../testing/law.js";
import { autoregressiveLaw, gaussianSequence } from "../testing/oracles/index.js";
import { silentStream } from "../testing/silent-stream.js";
import { kolmogorovSmirnov, normalDistribution } from "../testing/statistics.js";
import {
  autoregressive,
  fullSequence,
  type MatrixShape,
  pyramid,
  schedulingMatrix,
  trapezoid,
} from "./plan/matrix-shapes.js";
import { Sampler, type SamplerOptions } from "./sampler.js";
import { ancestral } from "./solvers/ancestral.js";
import { ddim } from "./solvers/ddim.js";
import type { Solver } from "./solvers/solver.js";

// Samplers that are given the exact denoiser of a law have to sample that law, jointly, whatever the matrix, the solver
// and the context. Significance 1e-3; each law has broken variants that its test must catch.

const correlation = 0.8;
const deviation = 0.6;
const length = 4;
const timesteps = 40;
const exact = gaussianSequence(autoregressiveLaw(length, correlation, deviation));
const significant = [1e-3, Number.POSITIVE_INFINITY] as const;

/** Knows each token's law, and nothing of what one says of another. */
const apart = (() => {
  const variance = deviation ** 2 / (1 - correlation ** 2);
  const covariance = Array.from({ length }, (_, i) => Array.from({ length }, (_, j) => (i === j ? variance : 0)));
  return gaussianSequence({ mean: new Array<number>(length).fill(0), covariance });
})();

/** Is told half of every token's level. */
const toldHalf: Diffusion = {
  ...exact,
  model: {
    ...exact.model,
    apply: (parameters, input) => {
      const noiseLevels = cast(floor(mul(cast(input.noiseLevels, "float32"), 0.5)), "int32");
      return exact.model.apply(parameters, { ...input, noiseLevels });
    },
  },
};

const samplerOf = (diffusion: Diffusion, options: Partial<SamplerOptions>): Sampler =>
  new Sampler(diffusion, { backend: referenceBackend(), parameters: {}, stabilizationLevel: 0, ...options });

interface Walk {
  readonly shape: MatrixShape;
  readonly context: number;
  readonly solver: Solver;
  readonly random?: RandomStream;
}

const count = 250;

/** Sequences of the law, of whose last tokens nothing is left but noise. */
function startingPoint(context: number): Float32Array {
  const data = new Float32Array(count * length);
  createRandom(21).fillNormal(data);
  for (let b = 0; b < count; b++) {
    for (let t = 0; t < context; t++) {
      const at = b * length + t;
      data[at]! *= deviation * (t === 0 ? 1 / Math.sqrt(1 - correlation ** 2) : 1);
      if (t > 0) data[at]! += correlation * data[at - 1]!;
    }
  }
  return data;
}

async function sample(diffusion: Diffusion, { shape, context, solver, random }: Walk): Promise<Float32Array> {
  const sampler = samplerOf(diffusion, { timesteps, solver });
  const { rows } = schedulingMatrix(shape, timesteps, length - context);
  const result = await sampler.denoise({
    tokens: tensor(startingPoint(context), [count, length, 1]),
    rows: rows.map((row) => [...new Array<number>(context).fill(0), ...row]),
    seed: random ?? createRandom(22),
  });
  return result.data as Float32Array;
}

/** The smallest probability of: each new token's innovation, given its past, being standard normal. */
function innovationsFit(data: Float32Array, context: number): number {
  const probabilities: number[] = [];
  for (let t = context; t < length; t++) {
    const innovations = Array.from({ length: count }, (_, b) => {
      const at = b * length + t;
      if (t === 0) return (data[at]! * Math.sqrt(1 - correlation ** 2)) / deviation;
      return (data[at]! - correlation * data[at - 1]!) / deviation;
    });
    probabilities.push(kolmogorovSmirnov(innovations, normalDistribution));
  }
  // Bonferroni: as many chances as tokens.
  return Math.min(...probabilities) * probabilities.length;
}

const shapes: [string, MatrixShape][] = [
  ["full sequence", fullSequence()],
  ["pyramid", pyramid({ uncertainty: 1 })],
  ["autoregressive", autoregressive()],
  ["trapezoid", trapezoid({ uncertainty: 1 })],
];
const solvers: [string, Solver][] = [
  ["DDIM, eta 0", ddim()],
  ["DDIM, eta 1", ddim({ eta: 1 })],
  ["DDPM", ancestral({ variance: 1 })],
];
const walks = shapes.flatMap(([name, shape]) => solvers.map(([kind, solver]) => ({ name, kind, shape, solver })));

describe("samples follow the joint law", () => {
  it.for(walks)("by the matrix $name, with $kind", async ({ name, kind, shape, solver }, { task }) => {
    const fit = async (diffusion: Diffusion, context: number, random?: RandomStream): Promise<number> =>
      innovationsFit(await sample(diffusion, { shape, context, solver, ...(random ? { random } : {}) }), context);
    const draws = solver.draws !== 0;
    checkLaw(task, {
      law: `Samples follow the joint law: ${name} matrix, ${kind}, after 0, 1 and 2 tokens of context`,
      statistic: "p, Kolmogorov-Smirnov, of each token's innovation",
      found: Math.min(await fit(exact, 0), await fit(exact, 1), await fit(exact, 2)),
      within: significant,
      broken: {
        "tokens taken for independent": await fit(apart, 0),
        "half of the levels told": await fit(toldHalf, 0),
        ...(draws ? { "noise left out": await fit(exact, 0, silentStream) } : {}),
      },
    });
  });
});

describe("conditioning on a clean, a noisy and a missing token", () => {
  // More steps than above: these tests see a bias of a twentieth of the deviation.
  const timesteps = 160;
  const { levels } = samplerOf(exact, { timesteps });
  const noisyIndex = 60;
  const [clean, noisy] = [1.5, -0.4];
  const draws = 1000;

  /** Mean and variance of token 2 given token 0 and a noisy sight of token 1: a small regression in doubles. */
  function conditional(): { mean: number; variance: number } {
    const { covariance } = autoregressiveLaw(length, correlation, deviation);
    const c = (i: number, j: number) => covariance[i]![j]!;
    const alpha = exact.process.path!.signal[levels[noisyIndex]!]! ** 2;
    const a = Math.sqrt(alpha);
    const [s00, s01, s11] = [c(0, 0), a * c(0, 1), alpha * c(1, 1) + 1 - alpha];
    const determinant = s00 * s11 - s01 * s01;
    const [k0, k1] = [c(2, 0), a * c(2, 1)];
    const w0 = (k0 * s11 - k1 * s01) / determinant;
    const w1 = (k1 * s00 - k0 * s01) / determinant;
    return { mean: w0 * clean + w1 * noisy, variance: c(2, 2) - w0 * k0 - w1 * k1 };
  }

  /** Token 2, while token 0 is clean, token 1 stays at a level, said to be `told`, and token 3 is missing. */
  async function sampled(told: number): Promise<number[]> {
    const sampler = samplerOf(exact, { timesteps });
    const data = new Float32Array(draws * length);
    createRandom(31).fillNormal(data);
    for (let b = 0; b < draws; b++) [data[b * length], data[b * length + 1]] = [clean, noisy];
    const rows = Array.from({ length: timesteps + 1 }, (_, m) => [0, told, timesteps - m, timesteps]);
    const result = await sampler.denoise({
      tokens: tensor(data, [draws, length, 1]),
      rows,
      seed: 32,
    });
    return Array.from({ length: draws }, (_, b) => result.data[b * length + 2]!);
  }

  const expected = conditional();
  const twoSided = (z: number) => 2 * (1 - normalDistribution(Math.abs(z)));
  const meanOf = (values: readonly number[]) => values.reduce((total, x) => total + x, 0) / values.length;
  const meanFit = (values: readonly number[]) =>
    twoSided((meanOf(values) - expected.mean) / Math.sqrt(expected.variance / draws));
  const varianceFit = (values: readonly number[]) => {
    const variance = meanOf(values.map((x) => (x - expected.mean) ** 2));
    return twoSided((variance / expected.variance - 1) / Math.sqrt(2 / draws));
  };

  it("gives the true conditional mean and variance", async ({ task }) => {
    const found = await sampled(noisyIndex);
    const told = { clean: await sampled(0), missing: await sampled(timesteps) };
    checkLaw(task, {
      law: "A token given a clean, a noisy and a missing one has the conditional mean",
      statistic: "p, z test of 1,000 samples",
      found: meanFit(found),
      within: significant,
      broken: {
        "the noisy token told to be clean": meanFit(told.clean),
        "the noisy token told to be missing": meanFit(told.missing),
      },
    });
    checkLaw(task, {
      law: "A token given a clean, a noisy and a missing one has the conditional variance",
      statistic: "p, z test of 1,000 samples",
      found: varianceFit(found),
      within: significant,
      broken: {
        "the noisy token told to be clean": varianceFit(told.clean),
        "the noisy token told to be missing": varianceFit(told.missing),
      },
    });
  });
});
