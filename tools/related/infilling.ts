import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { ancestral, createRandom, ddim, type RandomStream, tensor } from "@diffusion-forcing/core";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { autoregressiveLaw, gaussianSequence } from "@diffusion-forcing/core/testing";
import { CholeskyDecomposition, determinant, inverse, Matrix } from "ml-matrix";
import { markdown } from "../markdown.js";

const [LENGTH, DRAWS, CONTEXTS] = [16, 10_000, 1];
const law = autoregressiveLaw(LENGTH, 0.9, Math.sqrt(1 - 0.9 ** 2));
const exact = gaussianSequence(law);
const covariance = new Matrix(law.covariance.map((row) => [...row]));

/**
 * Eight of the sixteen tokens of an AR(1) sequence filled in by the exact denoiser, with the known tokens at level 0, and by
 * replacing the known ones, noised, before each step: how far what is sampled is from the true conditional law.
 */
export async function infillingTable(): Promise<string> {
  const backend = await onnxBackend({ threads: 1 });
  const rows: (string | number)[][] = [];
  for (const [name, missing, solver, timesteps] of [
    ["between known ones", [4, 5, 6, 7, 8, 9, 10, 11], ddim(), 80],
    ["after known ones", [8, 9, 10, 11, 12, 13, 14, 15], ancestral(), 200],
  ] as const) {
    const options = { backend, parameters: {}, timesteps, solver, stabilizationLevel: 0 };
    const sampler = new Sampler(exact, options);
    const found = { "clean context": 0, replacement: 0 };
    for (let c = 0; c < CONTEXTS; c++) {
      const random = createRandom(c);
      const known = drawn(random.split("known"));
      for (const method of ["clean context", "replacement"] as const) {
        const samples = await filled(sampler, known, missing, method, random.split(method));
        found[method] += divergence(samples, known, missing) / CONTEXTS;
      }
    }
    await sampler.dispose();
    rows.push([name, solver.config.kind, timesteps, ...Object.values(found).map((value) => value.toFixed(3))]);
  }
  await backend.dispose();
  return markdown(["8 of 16 tokens", "solver", "steps", "clean context", "replacement"], rows);
}

/** A sequence of the law. */
function drawn(random: RandomStream): number[] {
  const { lowerTriangularMatrix } = new CholeskyDecomposition(covariance);
  const noise = Matrix.columnVector(Array.from({ length: LENGTH }, () => random.normal()));
  return lowerTriangularMatrix.mmul(noise).to1DArray();
}

/** [DRAWS, 8]: the missing tokens. */
async function filled(
  sampler: Sampler,
  known: readonly number[],
  missing: readonly number[],
  method: "clean context" | "replacement",
  random: RandomStream,
): Promise<number[][]> {
  const isMissing = (t: number): boolean => missing.includes(t);
  const data = new Float32Array(DRAWS * LENGTH);
  random.split("start").fillNormal(data);
  const rowAt = (index: number): number[] =>
    Array.from({ length: LENGTH }, (_, t) => (isMissing(t) || method === "replacement" ? index : 0));
  const { signal, noise } = exact.process.path as NonNullable<typeof exact.process.path>;
  let tokens = data;
  for (let index = sampler.timesteps; index > 0; index--) {
    const level = method === "replacement" ? (sampler.levels[index] as number) : 0;
    const fresh = new Float32Array(method === "replacement" ? tokens.length : 0);
    random.split(index).split("known").fillNormal(fresh);
    tokens = tokens.map((value, i) => {
      const t = i % LENGTH;
      if (isMissing(t)) return value;
      return (signal[level] as number) * (known[t] as number) + (noise[level] as number) * (fresh[i] ?? 0);
    });
    const rows = [rowAt(index), rowAt(index - 1)];
    const request = { tokens: tensor(tokens, [DRAWS, LENGTH, 1]), rows, seed: random.split(index) };
    tokens = (await sampler.denoise(request)).data as Float32Array<ArrayBuffer>;
  }
  return Array.from({ length: DRAWS }, (_, b) => missing.map((t) => tokens[b * LENGTH + t] as number));
}

/** KL(normal law of the samples || true conditional law), nats. */
function divergence(samples: readonly number[][], known: readonly number[], missing: readonly number[]): number {
  const given = Array.from({ length: LENGTH }, (_, t) => t).filter((t) => !missing.includes(t));
  const cut = (rows: readonly number[], columns: readonly number[]): Matrix =>
    covariance.selection([...rows], [...columns]);
  const gain = cut(missing, given).mmul(inverse(cut(given, given)));
  const truth = Matrix.sub(cut(missing, missing), gain.mmul(cut(given, missing)));
  const wanted = gain.mmul(Matrix.columnVector(given.map((t) => known[t] as number)));
  const found = new Matrix(samples as number[][]);
  const centre = Matrix.columnVector(found.mean("column"));
  const spread = found.clone().center("column");
  const own = spread
    .transpose()
    .mmul(spread)
    .div(samples.length - 1);
  const precision = inverse(truth);
  const offset = Matrix.sub(centre, wanted);
  const logDeterminant = (matrix: Matrix): number => Math.log(determinant(matrix));
  const misplaced = offset.transpose().mmul(precision).mmul(offset).get(0, 0);
  return (precision.mmul(own).trace() + misplaced - missing.length + logDeterminant(truth) - logDeterminant(own)) / 2;
}
