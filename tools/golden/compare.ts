import { type GoldenCase, type GoldenTensor, tensorOf } from "./case.js";
import type { Numbers } from "./layout.js";

/** One computed tensor, in the golden layout. */
export interface TensorResult extends Numbers {
  /** The golden tensor's name. */
  readonly name: string;
  /**
   * Largest difference relative to each element, in place of the default rule. Elements below a thousandth of the
   * largest are taken as that: such elements are differences of larger ones and hold their rounding.
   */
  readonly relativeTolerance?: number;
  /** Largest absolute difference, in place of the default rule. */
  readonly tolerance?: number;
  /** Flat indices that are not compared. */
  readonly except?: ReadonlySet<number>;
}

/** How far a tensor is from the golden one: it agrees if `error` is at most `tolerance`. */
export interface Comparison {
  readonly tensor: string;
  readonly error: number;
  readonly tolerance: number;
  /** Present if the comparison itself failed. */
  readonly problem?: string;
}

export function agrees({ error, tolerance, problem }: Comparison): boolean {
  return problem === undefined && error <= tolerance;
}

function largestMagnitude(data: Float64Array): number {
  return data.reduce((largest, value) => (Number.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest), 0);
}

/** Integers exactly; else from the reference's rounding noise, or, where that was not measured, from the magnitude. */
function defaultTolerance(golden: GoldenCase, name: string, { isInteger, data }: GoldenTensor): number {
  if (isInteger) return 0;
  const noise = golden.json.f32_vs_f64?.[name];
  return noise === undefined ? 1e-4 * largestMagnitude(data) : Math.max(20 * noise[0], 5e-6 * noise[1], 1e-9);
}

function difference(actual: number, expected: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const distance = Math.abs(actual - expected);
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

export function compare(golden: GoldenCase, result: TensorResult): Comparison {
  const { name: tensor, relativeTolerance, except } = result;
  const expected = tensorOf(golden, tensor);
  if (expected.shape.join() !== result.shape.join()) {
    return { tensor, error: 0, tolerance: 0, problem: `shape [${result.shape}] instead of [${expected.shape}]` };
  }
  const tolerance = relativeTolerance ?? result.tolerance ?? defaultTolerance(golden, tensor, expected);
  const smallestScale = 1e-3 * largestMagnitude(expected.data);
  let error = 0;
  for (let i = 0; i < expected.data.length; i++) {
    if (except?.has(i)) continue;
    const value = expected.data[i] as number;
    const distance = difference(result.data[i] as number, value);
    const scale = relativeTolerance === undefined || distance === 0 ? 1 : Math.max(Math.abs(value), smallestScale);
    error = Math.max(error, distance / scale);
  }
  return { tensor, error, tolerance };
}
