import { add, floor, mul, sub, type Value } from "@diffusion-forcing/core/graph";

/** pi in three parts; small multiples of the first two are exact in float32. */
const piParts = [3.140625, 9.675025939941406e-4, 1.5099579909783765e-7] as const;

/** Taylor coefficients of sin(r) / r in r^2, highest first; good to 6e-8 on -pi/2..pi/2. */
const coefficients = [1 / 362880, -1 / 5040, 1 / 120, -1 / 6] as const;
const highest = -1 / 39916800;

/** sin(r) for r in -pi/2..pi/2. */
function sineNearZero(r: Value): Value {
  const square = mul(r, r);
  const series = coefficients.reduce<Value>((sum, c) => mul(add(sum, c), square), mul(square, highest));
  return add(r, mul(r, series));
}

function minusMultipleOfPi(x: Value, n: Value): Value {
  return piParts.reduce<Value>((rest, part) => sub(rest, mul(n, part)), x);
}

/** 1 for an even n, -1 for an odd one. */
function sign(n: Value): Value {
  const odd = sub(n, mul(floor(mul(n, 0.5)), 2));
  return sub(1, mul(odd, 2));
}

/**
 * sin(x) in plain arithmetic: WGSL promises its sine to 2^-11 only. x = n pi + r, sin(x) = (-1)^n sin(r).
 * Accurate to float32's precision for |x| up to some thousands.
 */
export function sine(x: Value): Value {
  const n = floor(add(mul(x, 1 / Math.PI), 0.5));
  return mul(sign(n), sineNearZero(minusMultipleOfPi(x, n)));
}

/** cos(x): x = (n + 1/2) pi + r, cos(x) = -(-1)^n sin(r). */
export function cosine(x: Value): Value {
  const n = floor(mul(x, 1 / Math.PI));
  return mul(sub(0, sign(n)), sineNearZero(minusMultipleOfPi(x, add(n, 0.5))));
}
