import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import {
  add,
  broadcastTo,
  concat,
  constant,
  div,
  equal,
  exp,
  log,
  matmul,
  max,
  maximum,
  mul,
  reshape,
  slice,
  softmax,
  stopGradient,
  sub,
  sum,
  where,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { formatShape } from "../../engine/tensor/shape.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { drawnCategory, largest } from "../categories.js";
import { cosineSchedule, type NoiseSchedule, scheduleFromConfig } from "../gaussian/schedule.js";
import { variancePreserving } from "../gaussian/variance-preserving.js";
import type { Estimate, NoiseProcess, ProcessConfig } from "../process.js";
import { perToken } from "../tables.js";

export interface TokenPredictionOptions {
  /**
   * The code vectors, K rows of D, of about unit variance: `vectorQuantizerCodec` has them as `codebook`. A token holds one
   * or several of them, D numbers each.
   */
  readonly codebook: readonly (readonly number[])[];
  /** How much noise each level of the code vectors holds. Default `cosineSchedule(1000)`. */
  readonly schedule?: NoiseSchedule;
  /**
   * How strong the Gumbel noise is by which a code is drawn from the network's distribution: 1, the default, draws it
   * exactly; less favours likely codes; 0 takes the likeliest and draws nothing.
   */
  readonly temperature?: number;
  /** Largest absolute value of a noise draw. Default 20. */
  readonly noiseClip?: number;
}

const MOST_NUMBERS = 2 ** 22;

const codebookSchema = schemas.satisfying<readonly (readonly number[])[]>(
  "2 or more rows of as many finite numbers each",
  (rows) =>
    Array.isArray(rows) &&
    rows.length >= 2 &&
    Array.isArray(rows[0]) &&
    rows[0].length >= 1 &&
    rows.length * rows[0].length <= MOST_NUMBERS &&
    rows.every(
      (row) =>
        Array.isArray(row) &&
        row.length === (rows[0] as number[]).length &&
        row.every((x) => typeof x === "number" && Math.abs(x) <= 1e6),
    ),
);

const schema = v.strictObject({
  codebook: codebookSchema,
  schedule: v.optional(
    schemas.having<NoiseSchedule>("a noise schedule, such as cosineSchedule(1000)", "config", "path"),
  ),
  temperature: v.optional(schemas.number(0, 100), 1),
  noiseClip: v.optional(schemas.positive(), 20),
});

/**
 * Recurrent token prediction (RDPM; Wu, Hu and Wei 2024): code vectors are noised as in DDPM, and from the noisy vectors
 * the network predicts, by cross-entropy, which code each is: K logits for a code. A step draws a code from them, by Gumbel
 * noise, and takes the vector to its next level as if that code were the clean one, z_s ~ q(z_s | z_t, e_c); the next step
 * sees what was drawn. In the last step a token becomes a code itself. Every token has a level of its own.
 *
 * One token is drawn from its law exactly, however few steps there are, if the network's distribution is exact; several at
 * once only with many steps, since a step draws them independently of each other.
 *
 * A token at the last level, of which nothing is known, is shown to the network as zeros: a causal model so tells, in one
 * run, the law of a next code after clean ones (`codePrior`). Guidance moves the vector that was drawn as far as it moves
 * the estimate, their mean.
 *
 * Checked against the abstract of both versions of the paper (arXiv 2412.18390) and two public summaries of its text, none
 * of which has a formula: Gaussian noise on latents of a VQ codec, codes predicted step by step with cross-entropy, Gumbel
 * noise for diversity, 10 steps. Neither its method section nor code of its authors could be read. So a reconstruction: that
 * every step predicts the code of the clean token, and moves by DDPM's posterior. In the paper each step's noisy latents are
 * quantised into codes of their own.
 *
 * The loss of every number of a token is its code's cross-entropy in nats, so that a mean over them is one over codes.
 *
 * @throws `invalid-config`
 */
export function tokenPrediction(options: TokenPredictionOptions): NoiseProcess {
  const given = check("tokenPrediction", schema, options, "invalid-config");
  const { codebook, schedule = cosineSchedule(1000), temperature, noiseClip } = given;
  const [count, width] = [codebook.length, (codebook[0] as readonly number[]).length];
  const vectors = (): Value => constant(tensor(Float32Array.from(codebook.flat()), [count, width]));
  const squares = Float32Array.from(codebook, (row) => row.reduce((total, x) => total + Math.fround(x) ** 2, 0));
  // The steps of this process are mixtures, not normal, and its estimate no point on a path.
  const { posterior: _, path: __, ...base } = variancePreserving(schedule, { objective: "x0", noiseClip });

  /** [..., D n] -> [..., n, D], or with K in place of D. */
  const grouped = (x: Value, size: number): Value => {
    const last = x.shape.at(-1) as number;
    if (last % size !== 0) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `tokenPrediction: ${formatShape(x.shape)} holds no whole number of codes of ${size} numbers; expected a last axis that is a multiple of it.`,
      );
    }
    return reshape(x, [...x.shape.slice(0, -1), last / size, size]);
  };
  const flat = (x: Value): Value => reshape(x, [...x.shape.slice(0, -2), -1]);
  const mixed = (weights: Value): Value => flat(matmul(weights, vectors()));
  /** One-hot rows of the nearest codes, [..., n, K]. */
  const nearest = (clean: Value): Value =>
    largest(
      sub(mul(matmul(grouped(clean, width), vectors(), { transposeB: true }), 2), constant(tensor(squares, [count]))),
    );
  const isAt = (level: number, levels: Value, x: Value): Value => reshape(equal(levels, level), perToken(x));

  /** A code of each distribution, as one-hot rows. */
  function drawn(probabilities: Value, choices: readonly Value[]): Value {
    if (temperature === 0) return largest(probabilities);
    const positive = maximum(probabilities, 1e-30);
    const sharp = temperature === 1 ? positive : exp(mul(log(div(positive, max(positive, -1, true))), 1 / temperature));
    const axis = probabilities.shape.length - 1;
    const noise = concat(
      choices.map((choice) => grouped(choice, width)),
      axis,
    );
    return drawnCategory(sharp, slice(noise, axis, 0, count));
  }

  return {
    ...base,
    config: { kind: "token-prediction", codebook, schedule: schedule.config, temperature, noiseClip },
    draws: temperature === 0 ? 1 : 1 + Math.ceil(count / width),
    outputShape(shape) {
      const last = shape.at(-1) ?? 0;
      if (last % width === 0 && last > 0) return [...shape.slice(0, -1), (last / width) * count];
      throw new DiffusionForcingError(
        "shape-mismatch",
        `tokenPrediction: a token ${formatShape(shape)} holds no whole number of codes of ${width} numbers.`,
      );
    },
    lossWeighting: { kind: "uniform" },
    sensitivity: [1, 0, 0],
    modelInput: (noisy, levels) => where(isAt(base.levels, levels, noisy), 0, noisy),
    loss(output, { clean }) {
      const logits = grouped(output, count);
      const shifted = sub(logits, stopGradient(max(logits, -1, true)));
      const chosen = sum(mul(nearest(clean), shifted), -1, true);
      const nats = sub(log(sum(exp(shifted), -1, true)), chosen); // [B, T, ..., n, 1]
      return flat(broadcastTo(nats, [...nats.shape.slice(0, -1), width]));
    },
    estimate(output, noisy, levels): Estimate {
      const probabilities = softmax(grouped(output, count));
      const clean = mixed(probabilities);
      return { clean, noise: base.noiseOf(noisy, levels, clean), probabilities };
    },
    /** A mean of codes is where codes are. */
    limit: (clean) => clean,
    transition(noisy, estimate, from, to, noise, { choices = [] } = {}) {
      const { clean, probabilities = nearest(clean) } = estimate;
      const positive = maximum(probabilities, 0);
      const code = mixed(drawn(div(positive, sum(positive, -1, true)), choices));
      const moved = add(code, sub(clean, mixed(probabilities)));
      const stepped = base.transition(noisy, { ...estimate, clean: moved }, from, to, noise);
      return where(isAt(0, to, noisy), code, stepped);
    },
  };
}

/** @throws `invalid-config`, `invalid-schedule` */
export function tokenPredictionFromConfig({ kind: _, schedule, ...options }: ProcessConfig): NoiseProcess {
  return tokenPrediction({ ...(options as unknown as TokenPredictionOptions), schedule: scheduleFromConfig(schedule) });
}
