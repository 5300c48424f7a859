import { expect, it } from "vitest";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { checkLaw } from "../testing/law.js";
import { autoregressiveLaw, gaussianSequence, type Matrix } from "../testing/oracles/index.js";
import { identity, plus, product, transposed } from "../testing/oracles/matrix.js";
import { silentStream } from "../testing/silent-stream.js";
import { Sampler } from "./sampler.js";
import { ancestral } from "./solvers/ancestral.js";
import { ddim } from "./solvers/ddim.js";
import type { Solver } from "./solvers/solver.js";

// Filling in 8 of the 16 tokens of an AR(1) sequence, rho 0.9. With the exact denoiser of a
// normal law every step is linear: unit vectors give its matrix, matrices give the law of what is sampled, and its
// divergence from the true conditional law, a mean over known tokens, follows without sampling error. (Mittal et al. 2021 fill in music; their sampler replaces known tokens by noised ones.)

const length = 16;
const places = Array.from({ length }, (_, t) => t);
const { covariance } = autoregressiveLaw(length, 0.9, Math.sqrt(1 - 0.9 ** 2));
const exact = gaussianSequence(autoregressiveLaw(length, 0.9, Math.sqrt(1 - 0.9 ** 2)));

/** What is filled in, and how. */
interface Job {
  readonly missing: readonly number[];
  readonly solver: Solver;
  readonly timesteps: number;
}

/** The law of the missing tokens given the known ones, c: normal, mean `gain` c, [8, 8] both. */
interface LinearSampler {
  readonly gain: Matrix;
  readonly covariance: Matrix;
}

const block = (rows: readonly number[], columns: readonly number[]): number[][] =>
  rows.map((i) => columns.map((j) => covariance[i]![j]!));

/** The inverse of a positive definite matrix, and the logarithm of its determinant, by elimination. */
function inverse(matrix: Matrix): { inverse: Matrix; logDeterminant: number } {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  let logDeterminant = 0;
  for (let k = 0; k < n; k++) {
    const pivot = rows[k]![k]!;
    logDeterminant += Math.log(pivot);
    rows[k] = rows[k]!.map((x) => x / pivot);
    rows.forEach((row, i) => {
      if (i !== k) rows[i] = row.map((x, j) => x - row[k]! * rows[k]![j]!);
    });
  }
  return { inverse: rows.map((row) => row.slice(n)), logDeterminant };
}

const trace = (a: Matrix): number => a.reduce((sum, row, i) => sum + row[i]!, 0);
const minus = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((x, j) => x - b[i]![j]!));

/** KL(sampled || true conditional), a mean over the law of the known tokens, in nats. */
function divergence({ missing }: Job, found: LinearSampler): number {
  const known = places.filter((t) => !missing.includes(t));
  const gain = product(block(missing, known), inverse(block(known, known)).inverse);
  const truth = inverse(minus(block(missing, missing), product(gain, block(known, missing))));
  const offset = minus(found.gain, gain);
  const misplaced = product(offset, block(known, known), transposed(offset));
  const { logDeterminant } = inverse(found.covariance);
  const spread =
    trace(product(truth.inverse, found.covariance)) - missing.length + truth.logDeterminant - logDeterminant;
  return (spread + trace(product(truth.inverse, misplaced))) / 2;
}

/** x = K c + noise of covariance P, for all 16 tokens: K [16, 8], P [16, 16]. */
interface Law {
  readonly gain: Matrix;
  readonly covariance: Matrix;
}

type Method = "clean context" | "replacement";

async function sampled(method: Method, { missing, solver, timesteps }: Job): Promise<LinearSampler> {
  const known = places.filter((t) => !missing.includes(t));
  const options = { timesteps, solver, stabilizationLevel: 0 };
  const sampler = new Sampler(exact, { backend: referenceBackend(), parameters: {}, ...options });
  const { signal, noise } = exact.process.path!;
  const isMissing = (t: number): boolean => missing.includes(t);
  const rowAt = (index: number): number[] =>
    Array.from({ length }, (_, t) => (isMissing(t) || method === "replacement" ? index : 0));
  let law: Law = {
    gain: identity(length).map((row, t) => known.map((k) => (isMissing(t) ? 0 : row[k]!))),
    covariance: identity(length).map((row, t) => (isMissing(t) ? row : row.map(() => 0))),
  };
  for (let index = timesteps; index > 0; index--) {
    const [from, to] = [sampler.levels[index]!, sampler.levels[index - 1]!];
    if (method === "replacement") law = replaced(law, known, signal[from]!, noise[from]!);
    const tokens = tensor(identity(length).flat(), [length, length, 1]);
    const rows = [rowAt(index), rowAt(index - 1)];
    const { data } = await sampler.denoise({ tokens, rows, seed: silentStream });
    // What becomes of each unit vector is a column.
    const step = identity(length).map((row, t) => row.map((_, unit) => data[unit * length + t]!));
    const fresh = solver.config.kind === "ancestral" ? addedVariance(signal, noise, from, to) : 0;
    law = {
      gain: product(step, law.gain),
      covariance: plus(
        product(step, law.covariance, transposed(step)),
        identity(length).map((row, t) => row.map((x) => (isMissing(t) || method === "replacement" ? fresh * x : 0))),
      ),
    };
  }
  await sampler.dispose();
  return {
    gain: missing.map((t) => law.gain[t]!),
    covariance: missing.map((i) => missing.map((j) => law.covariance[i]![j]!)),
  };
}

/** The known tokens are replaced by themselves, noised to a level. */
function replaced({ gain, covariance: before }: Law, known: readonly number[], signal: number, noise: number): Law {
  const isKnown = (t: number): boolean => known.includes(t);
  return {
    gain: gain.map((row, t) => (isKnown(t) ? known.map((k) => (k === t ? signal : 0)) : row)),
    covariance: before.map((row, i) =>
      row.map((x, j) => {
        if (isKnown(i) || isKnown(j)) return i === j ? noise ** 2 : 0;
        return x;
      }),
    ),
  };
}

/** The variance of q(x_to | x_from, x0), Ho et al. 2020, eq. 7. */
function addedVariance(signal: Float64Array, noise: Float64Array, from: number, to: number): number {
  return (noise[to]! / noise[from]!) ** 2 * (1 - (signal[from]! / signal[to]!) ** 2);
}

const between: Job = { missing: [4, 5, 6, 7, 8, 9, 10, 11], solver: ddim(), timesteps: 80 };
const after: Job = { missing: [8, 9, 10, 11, 12, 13, 14, 15], solver: ancestral(), timesteps: 200 };

it.for<[string, Job]>([
  ["between known ones, deterministic", between],
  ["after known ones, ancestral", after],
])("tokens filled in %s", { timeout: 60_000 }, async ([what, job], { task }) => {
  const [clean, replacement] = [await sampled("clean context", job), await sampled("replacement", job)];
  expect(divergence(job, replacement)).toBeGreaterThan(0.3);
  checkLaw(task, {
    law: `8 of 16 tokens of an AR(1) law filled in ${what}, by the exact denoiser, the known ones at level 0`,
    statistic: "divergence from the conditional law, nats",
    found: divergence(job, clean),
    within: [0, 0.01],
    broken: { "known tokens replaced by noised ones before each step": divergence(job, replacement) },
  });
});
