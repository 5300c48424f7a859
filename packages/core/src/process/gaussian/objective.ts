import type { GaussianPath, Sensitivity } from "../process.js";

/**
 * What a network outputs for a Gaussian process: a fixed combination of the clean token and the noise,
 * output = clean[k] x + noise[k] eps. With the path's x^k = signal[k] x + noise[k] eps these are two equations for two
 * unknowns, so an output together with the noisy token gives both.
 */
export interface Objective {
  readonly kind: ObjectiveKind;
  readonly clean: Float64Array;
  readonly noise: Float64Array;
  readonly sensitivity: Sensitivity;
}

/**
 * "noise": eps (Ho et al. 2020). "x0": the clean token. "v": alpha eps - sigma x (Salimans and Ho 2022). "flow": eps - x,
 * the velocity of a straight path (Liu et al. 2023). "edm": the network's own part of the preconditioned estimate
 * (Karras et al. 2022, equation 7).
 */
export type ObjectiveKind = "noise" | "x0" | "v" | "flow" | "edm";

const filled = ({ signal }: GaussianPath, value: number): Float64Array => new Float64Array(signal.length).fill(value);

export function noiseObjective(path: GaussianPath): Objective {
  return { kind: "noise", clean: filled(path, 0), noise: filled(path, 1), sensitivity: [0, 0, 1] };
}

export function cleanObjective(path: GaussianPath): Objective {
  return { kind: "x0", clean: filled(path, 1), noise: filled(path, 0), sensitivity: [1, 0, 0] };
}

/** For variance-preserving paths only, where signal^2 + noise^2 = 1. */
export function velocityObjective(path: GaussianPath): Objective {
  return { kind: "v", clean: path.noise.map((sigma) => -sigma), noise: path.signal, sensitivity: [1, 0, 1] };
}

/** For straight paths only, where signal + noise = 1. */
export function flowObjective(path: GaussianPath): Objective {
  return { kind: "flow", clean: filled(path, -1), noise: filled(path, 1), sensitivity: [1, 2, 1] };
}

export interface InverseTables {
  /** clean = cleanFromNoisy x^k + cleanFromOutput output. */
  readonly cleanFromNoisy: Float64Array;
  readonly cleanFromOutput: Float64Array;
  /** noise = noiseFromNoisy x^k + noiseFromOutput output. */
  readonly noiseFromNoisy: Float64Array;
  readonly noiseFromOutput: Float64Array;
}

/**
 * The tables by which an output and the noisy token give the clean token and the noise. At level 0, where a noisy token
 * says nothing of the noise, the divisor is taken as 1 if the output is the clean token, and the token itself is clean
 * otherwise.
 */
export function inverseOf(path: GaussianPath, objective: Objective): InverseTables {
  const count = path.signal.length;
  const tables: InverseTables = {
    cleanFromNoisy: new Float64Array(count),
    cleanFromOutput: new Float64Array(count),
    noiseFromNoisy: new Float64Array(count),
    noiseFromOutput: new Float64Array(count),
  };
  for (let k = 0; k < count; k++) {
    const [alpha, sigma] = [path.signal[k] as number, path.noise[k] as number];
    const [a, b] = [objective.clean[k] as number, objective.noise[k] as number];
    const determinant = alpha * b - sigma * a;
    if (determinant === 0) {
      tables.cleanFromOutput[k] = 1 / a;
      tables.noiseFromNoisy[k] = 1;
      tables.noiseFromOutput[k] = -1;
      continue;
    }
    tables.cleanFromNoisy[k] = b / determinant;
    tables.cleanFromOutput[k] = -sigma / determinant;
    tables.noiseFromNoisy[k] = -a / determinant;
    tables.noiseFromOutput[k] = alpha / determinant;
  }
  return tables;
}
