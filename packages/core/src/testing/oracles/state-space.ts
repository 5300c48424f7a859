import { add, broadcastTo, concat, constant, matmul, mul, reshape, slice, sub } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { zeros } from "../../engine/tensor/tensor.js";
import { exactRecurrentDiffusion, type Observed, type OracleOptions } from "./exact-denoiser.js";
import type { GaussianLaw } from "./gaussian-sequence.js";
import { identity, type Matrix, matrixConstant, plus, product, transposed } from "./matrix.js";
import { solve } from "./solve.js";

/**
 * A linear-Gaussian state space model with D hidden numbers and F seen: z_0 ~ N(0, P), z_t = A z_{t-1} + N(0, Q),
 * x_t = C z_t + N(0, R).
 */
export interface StateSpaceModel {
  /** P, [D, D]. */
  readonly initialCovariance: Matrix;
  /** A, [D, D]. */
  readonly transition: Matrix;
  /** Q, [D, D]. */
  readonly processNoise: Matrix;
  /** C, [F, D]. */
  readonly observation: Matrix;
  /** R, [F, F]. */
  readonly observationNoise: Matrix;
}

/** x_0 ~ N(0, s^2 / (1 - r^2)), x_t = r x_{t-1} + s e_t, as a state space model that shows its state. */
export function autoregressiveModel(correlation: number, deviation = 1): StateSpaceModel {
  return {
    initialCovariance: [[deviation ** 2 / (1 - correlation ** 2)]],
    transition: [[correlation]],
    processNoise: [[deviation ** 2]],
    observation: [[1]],
    observationNoise: [[0]],
  };
}

/** The joint law of the first `length` tokens [F]: cov(x_t, x_{t-k}) = C A^k var(z_{t-k}) C', and R where k = 0. */
export function stateSpaceLaw(length: number, model: StateSpaceModel): GaussianLaw {
  const { initialCovariance, transition, processNoise, observation, observationNoise } = model;
  const features = observation.length;
  const covariance = Array.from({ length: length * features }, () => new Array<number>(length * features).fill(0));
  let variance = initialCovariance;
  for (let s = 0; s < length; s++) {
    let ahead = variance;
    for (let t = s; t < length; t++) {
      const shown = product(observation, ahead, transposed(observation));
      const block = t === s ? plus(shown, observationNoise) : shown;
      block.forEach((row, i) => {
        row.forEach((value, j) => {
          (covariance[t * features + i] as number[])[s * features + j] = value;
          (covariance[s * features + j] as number[])[t * features + i] = value;
        });
      });
      ahead = product(transition, ahead);
    }
    variance = plus(product(transition, variance, transposed(transition)), processNoise);
  }
  return { mean: new Array<number>(length * features).fill(0), covariance, features };
}

/**
 * The exact denoiser of a state space model that reads token by token: a Kalman filter (Kalman 1960) whose sights are
 * the tokens through their own noise. Its state is what is believed of the next z: mean and covariance, [B, D + D D].
 */
export function kalmanFilter(
  model: StateSpaceModel,
  options?: OracleOptions,
): ReturnType<typeof exactRecurrentDiffusion> {
  const size = model.transition.length;
  const [transition, observation] = [matrixConstant(model.transition), matrixConstant(model.observation)];
  const [processNoise, observationNoise] = [matrixConstant(model.processNoise), matrixConstant(model.observationNoise)];
  const features = model.observation.length;
  const pack = (mean: Value, covariance: Value): Value => {
    const batch = mean.shape[0] as number;
    return concat([reshape(mean, [batch, size]), reshape(covariance, [batch, size * size])], 1);
  };
  const advance = (state: Value, { tokens, signal, noise }: Observed) => {
    const batch = state.shape[0] as number;
    const mean = reshape(slice(state, 1, 0, size), [batch, size, 1]);
    const covariance = reshape(slice(state, 1, size, size + size * size), [batch, size, size]);
    const shown = matmul(observation, mean); // [B, F, 1]
    const across = matmul(observation, covariance); // C P, [B, F, D]
    const own = add(matmul(across, observation, { transposeB: true }), observationNoise); // [B, F, F]
    const spread = add(mul(own, mul(signal, signal)), mul(matrixConstant(identity(features)), mul(noise, noise)));
    const error = sub(reshape(tokens, [batch, features, 1]), mul(signal, shown));
    const { solution } = solve(spread, concat([error, mul(signal, across)], 2));
    const [weights, gain] = [slice(solution, 2, 0, 1), slice(solution, 2, 1, size + 1)];
    const scaled = mul(signal, across); // a C P
    const x0 = add(shown, mul(signal, matmul(own, weights)));
    const meanAfter = add(mean, matmul(scaled, weights, { transposeA: true }));
    const covarianceAfter = sub(covariance, matmul(scaled, gain, { transposeA: true }));
    const turned = matmul(matmul(transition, covarianceAfter), transition, { transposeB: true });
    return {
      x0: reshape(x0, tokens.shape),
      state: pack(matmul(transition, meanAfter), add(turned, processNoise)),
    };
  };
  const initial = (batch: number): Value => {
    const covariance = broadcastTo(matrixConstant(model.initialCovariance), [batch, size, size]);
    return pack(constant(zeros("float32", [batch, size, 1])), covariance);
  };
  return exactRecurrentDiffusion([features], { stateShape: [size + size * size], initial, advance }, options);
}
