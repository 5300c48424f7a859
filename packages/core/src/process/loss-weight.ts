import { add, broadcastTo, constant, div, matmul, maximum, mul, sqrt, sub } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { tensor, zeros } from "../engine/tensor/tensor.js";
import { checkLossWeighting, type LossWeighting } from "./loss-weighting.js";
import type { NoiseProcess, Sensitivity } from "./process.js";
import { atLevel } from "./tables.js";

/** What the process's loss charges for a unit error of the clean estimate at that ratio. */
function costOf([base, root, linear]: Sensitivity, snr: number): number {
  const cost = base + (root === 0 ? 0 : root * Math.sqrt(snr)) + (linear === 0 ? 0 : linear * snr);
  return Math.max(cost, LEAST_COST);
}

/**
 * Where nothing is known, as at the last level of a Bayesian flow, ratio and cost may both be 0. The ratio vanishes faster,
 * so that such a token weighs nothing.
 */
const LEAST_COST = 1e-30;

/** {@link costOf} of a ratio in the graph; absent parts emit nothing. */
function costIn([base, root, linear]: Sensitivity, snr: Value): Value {
  const parts = [
    ...(root === 0 ? [] : [mul(sqrt(snr), root)]),
    ...(linear === 0 ? [] : [linear === 1 ? snr : mul(snr, linear)]),
  ];
  if (parts.length === 0) return broadcastTo(constant(base), snr.shape);
  const sum = parts.reduce((total, part) => add(total, part));
  return base === 0 ? sum : add(sum, base);
}

/** Stands for the infinite ratio of level 0, so that no infinity enters the graph: weights there come out below 1e-10. */
const LARGEST_RATIO = 1e12;

/**
 * W [T, T] with (W m)_t = c_{t-1}, where c_0 = m_0 and c_t = decay c_{t-1} + (1 - decay) m_t: row t holds the weights
 * of the tokens before t, row 0 is zero.
 */
function pastAverage(tokens: number, decay: number): Value {
  const weights = new Float32Array(tokens * tokens);
  for (let t = 1; t < tokens; t++) {
    for (let past = 0; past < t; past++) {
      weights[t * tokens + past] = decay ** (t - 1 - past) * (past === 0 ? 1 : 1 - decay);
    }
  }
  return constant(tensor(weights, [tokens, tokens]));
}

/** 1 - (1 - decay past) (1 - ratio): the ratio of a token together with its past. */
function fuse(ratio: Value, past: Value, decay: number): Value {
  return sub(1, mul(sub(1, mul(past, decay)), sub(1, ratio)));
}

function ratioAt(process: NoiseProcess, levels: Value, clip: number, limit: number): Value {
  return atLevel(
    process.signalToNoise.map((value) => Math.min(value, limit) / clip),
    levels,
    2,
  );
}

/** The running average of the limited ratios of the tokens before each token, [B, T]; 0 for the first. */
function pastRatio(clippedRatio: Value, decay: number): Value {
  return matmul(clippedRatio, pastAverage(clippedRatio.shape[1] as number, decay), { transposeB: true });
}

function fusedSnrWeight(process: NoiseProcess, levels: Value, clip: number, decay: number): Value {
  const ratio = ratioAt(process, levels, clip, LARGEST_RATIO);
  const clippedRatio = ratioAt(process, levels, clip, clip);
  const past = pastRatio(clippedRatio, decay);
  const fusedClipped = fuse(clippedRatio, past, decay);
  const cost = costIn(process.sensitivity, mul(fuse(ratio, past, decay), clip));
  const isFree = process.signalToNoise.some((snr) => costOf(process.sensitivity, snr) === LEAST_COST);
  return div(mul(fusedClipped, clip), isFree ? maximum(cost, LEAST_COST) : cost);
}

/**
 * The weight of each token's squared error.
 *
 * @param levels int32 [B, T], 0..K; a token at level 0 has nothing to predict and weighs (almost) nothing, except
 *   under the x0 objective.
 * @returns float32 [B, T].
 * @throws `invalid-config` for a limit that is not positive or a decay outside 0..1.
 */
export function lossWeight(process: NoiseProcess, levels: Value, weighting: LossWeighting): Value {
  const { signalToNoise } = process;
  const known = checkLossWeighting(weighting);
  switch (known.kind) {
    case "uniform":
      return broadcastTo(constant(known.scale ?? 1), levels.shape);
    case "past-snr": {
      const { clip, decay } = known;
      const first = zeros("float32", [levels.shape[1] as number]);
      first.data[0] = clip / 2;
      return add(mul(pastRatio(ratioAt(process, levels, clip, clip), decay), clip), constant(first));
    }
    case "min-snr":
      return atLevel(
        signalToNoise.map((snr) => Math.min(snr, known.clip) / costOf(process.sensitivity, snr)),
        levels,
        2,
      );
    case "fused-snr":
      return fusedSnrWeight(process, levels, known.clip, known.decay);
    case "clamped-snr":
      return atLevel(
        signalToNoise.map((snr) => Math.min(Math.max(snr, known.low), known.high) / known.high),
        levels,
        2,
      );
  }
}
