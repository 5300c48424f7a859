import { describe } from "../../engine/describe.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import type { Value } from "../../engine/graph/value.js";
import { isFloat64Array } from "../../engine/typed-array-name.js";
import type { GaussianPath } from "../process.js";
import { exactGap, keptAndRemoved } from "../tables.js";

/**
 * Stands for the infinite log ratio of a clean token, and for that of a token without any signal: so far from its
 * neighbour that no float32 tells the difference.
 */
const ENDLESS = 80;

/**
 * Checks the two tables of a path: finite, the signal from 1 and never rising, the noise from 0, and their ratio
 * falling.
 *
 * @param kind names the process in messages.
 * @throws `invalid-schedule`
 */
export function checkedPath(kind: string, path: GaussianPath): GaussianPath {
  const { signal, noise } = path ?? {};
  for (const [name, table] of Object.entries({ signal, noise })) {
    if (isFloat64Array(table) && table.length >= 2 && table.length === signal.length) continue;
    throw new DiffusionForcingError(
      "invalid-schedule",
      `${kind}: the path's ${name} is ${describe(table)}; expected signal and noise as Float64Arrays of K + 1 entries each.`,
    );
  }
  const refuse = (level: number, what: string): never => {
    throw new DiffusionForcingError(
      "invalid-schedule",
      `${kind}: at level ${level} of ${signal.length - 1} ${what} (signal ${signal[level]}, noise ${noise[level]}). Choose a flatter shape, or fewer levels.`,
    );
  };
  for (let level = 0; level < signal.length; level++) {
    const [alpha, sigma] = [signal[level] as number, noise[level] as number];
    const isLegal = Number.isFinite(alpha) && Number.isFinite(sigma) && alpha >= 0 && sigma >= 0;
    if (!isLegal) refuse(level, "the tables hold no numbers");
    if (level === 0) {
      if (alpha !== 1 || sigma !== 0) refuse(level, "the token is not clean");
      continue;
    }
    const [alphaBelow, sigmaBelow] = [signal[level - 1] as number, noise[level - 1] as number];
    if (Math.fround(sigma) === 0) refuse(level, "there is no noise");
    if (alphaBelow === 0) refuse(level, "the signal has ended at the level below already");
    if (alpha * sigmaBelow > sigma * alphaBelow * (1 + 1e-12)) {
      refuse(level, "there is less noise than at the level below");
    }
  }
  return path;
}

/** alpha^2 / sigma^2 at each level; infinite at level 0. */
export function signalToNoiseOf({ signal, noise }: GaussianPath): Float64Array {
  return signal.map((alpha, level) => (alpha / (noise[level] as number)) ** 2);
}

/** log(alpha / sigma) at each level, with finite ends. */
function logRatios({ signal, noise }: GaussianPath): Float64Array {
  const ratios = signal.map((alpha, level) => Math.log(alpha / (noise[level] as number)));
  const last = ratios.length - 1;
  const below = last === 1 ? 0 : (ratios[last - 1] as number);
  if (ratios[last] === Number.NEGATIVE_INFINITY) ratios[last] = below - ENDLESS;
  ratios[0] = (ratios[1] as number) + ENDLESS;
  return ratios;
}

/**
 * log(alpha / sigma) at `to` less that at `from`: how far a step goes in half the log signal-to-noise ratio; at least 0
 * for a step towards clean.
 *
 * @returns float32 [B, T, 1, ...] of `rank` axes.
 */
export function logRatioGap(path: GaussianPath, from: Value, to: Value, rank: number): Value {
  return exactGap(logRatios(path), from, to, rank);
}

/**
 * What a step takes from the noise.
 *
 * @returns float32 [B, T, 1, ...] of `rank` axes: `kept` = sqrt(SNR(from) / SNR(to)), and `removed` = 1 - kept^2, both
 *   0..1.
 */
export function noiseRemoved(
  path: GaussianPath,
  from: Value,
  to: Value,
  rank: number,
): { kept: Value; removed: Value } {
  return keptAndRemoved(logRatioGap(path, from, to, rank));
}
