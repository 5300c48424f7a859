import { describe, it } from "vitest";
import type { Diffusion } from "../../diffusion/diffusion.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { fullSequence, type MatrixShape, pyramid, schedulingMatrix } from "../../sampling/plan/matrix-shapes.js";
import { Sampler } from "../../sampling/sampler.js";
import { ddim } from "../../sampling/solvers/ddim.js";
import { checkLaw } from "../law.js";
import { permutationTest } from "../permutation-test.js";
import { silentStream } from "../silent-stream.js";
import { chiSquare, kolmogorovSmirnovTwoSample } from "../statistics.js";
import { autoregressiveLaw, gaussianSequence } from "./gaussian-sequence.js";
import { type StateSpaceModel, stateSpaceLaw } from "./state-space.js";

// A damped rotation of which one coordinate is seen: variance 1 and 0.05 of its own noise. Its tokens are no Markov
// chain; those of the autoregressive law with the same variance and the same correlation of neighbours are.
const turn = 1.3;
const damping = 0.9;
const [c, s] = [damping * Math.cos(turn), damping * Math.sin(turn)];
const model: StateSpaceModel = {
  initialCovariance: [
    [1, 0],
    [0, 1],
  ],
  transition: [
    [c, -s],
    [s, c],
  ],
  processNoise: [
    [1 - damping ** 2, 0],
    [0, 1 - damping ** 2],
  ],
  observation: [[1, 0]],
  observationNoise: [[0.05]],
};
const length = 5;
const variance = 1.05;
const neighbours = c / variance;
const count = 250;
const significance = 1e-3;

/** Sequences of the model itself, run forward. */
function simulated(seed: number): Float32Array {
  const random = createRandom(seed);
  const data = new Float32Array(count * length);
  for (let b = 0; b < count; b++) {
    let [x, y] = [random.normal(), random.normal()];
    for (let t = 0; t < length; t++) {
      data[b * length + t] = x + Math.sqrt(0.05) * random.normal();
      const kick = Math.sqrt(1 - damping ** 2);
      [x, y] = [c * x - s * y + kick * random.normal(), s * x + c * y + kick * random.normal()];
    }
  }
  return data;
}

async function sampled(diffusion: Diffusion, shape: MatrixShape, random = createRandom(72)): Promise<Float32Array> {
  const timesteps = 40;
  const sampler = new Sampler(diffusion, {
    backend: referenceBackend(),
    parameters: {},
    timesteps,
    solver: ddim({ eta: 1 }),
    stabilizationLevel: 0,
  });
  const data = new Float32Array(count * length);
  createRandom(71).fillNormal(data);
  const { rows } = schedulingMatrix(shape, timesteps, length);
  const tokens = tensor(data, [count, length, 1]);
  return (await sampler.denoise({ tokens, rows, seed: random })).data as Float32Array;
}

const column = (data: Float32Array, t: number): number[] =>
  Array.from({ length: count }, (_, b) => data[b * length + t]!);

const truth = simulated(74);

/** The probability of two sets as far apart as these and the model's own, if they follow one law. */
function energyFit(data: Float32Array): number {
  const shape = [count, length];
  return permutationTest({ shape, data }, { shape, data: truth }, { random: createRandom(73) });
}

/** The smallest of the tokens' own probabilities, with Bonferroni's correction: as many chances as tokens. */
function marginalFit(data: Float32Array): number {
  const tokens = Array.from({ length }, (_, t) => kolmogorovSmirnovTwoSample(column(data, t), column(truth, t)));
  return Math.min(1, length * Math.min(...tokens));
}

/** Of the signs of tokens two apart: P(both alike) of a correlation r is 1/2 + asin(r) / pi (Sheppard 1899). */
function signsFit(data: Float32Array): number {
  const [first, third] = [column(data, 0), column(data, 2)];
  const alike = first.filter((x, b) => x > 0 === third[b]! > 0).length;
  const lagTwo = (damping ** 2 * Math.cos(2 * turn)) / variance;
  const share = 0.5 + Math.asin(lagTwo) / Math.PI;
  return chiSquare([alike, count - alike], [share, 1 - share]);
}

const exact = gaussianSequence(stateSpaceLaw(length, model));
const markov = gaussianSequence(autoregressiveLaw(length, neighbours, Math.sqrt(variance * (1 - neighbours ** 2))));

describe.each<[string, MatrixShape]>([
  ["full sequence", fullSequence()],
  ["pyramid", pyramid({ uncertainty: 1 })],
])("samples of a state space model with a hidden vector, by the matrix %s", (name, shape) => {
  it("follow the model run forward", async ({ task }) => {
    const data = await sampled(exact, shape);
    const memoryless = await sampled(markov, shape);
    const still = await sampled(exact, shape, silentStream);
    const law = (statistic: string) => `Samples of a hidden vector follow the model run forward, ${statistic}, ${name}`;
    const within = [significance, 1] as const;
    checkLaw(task, {
      law: law("jointly"),
      statistic: "p-value, permutation test of the energy distance",
      found: energyFit(data),
      within,
      broken: { "a Markov law with the same variance and neighbours": energyFit(memoryless) },
    });
    checkLaw(task, {
      law: law("token by token"),
      statistic: "p-value, two-sample Kolmogorov-Smirnov",
      found: marginalFit(data),
      within,
      broken: { "noise left out": marginalFit(still) },
    });
    checkLaw(task, {
      law: law("signs of tokens two apart"),
      statistic: "p-value, chi-square",
      found: signsFit(data),
      within,
      broken: { "a Markov law with the same variance and neighbours": signsFit(memoryless) },
    });
  });
});
