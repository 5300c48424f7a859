import { add, floor, mul, sub, type Value } from "@diffusion-forcing/core/graph";

/**
 * pi in three parts, each but the last so short that a multiple below 2^14 of it is exact in float32 (the constants
 * of Cephes' sinf, times 4): x - k pi then keeps its digits (Cody and Waite 1980).
 */
const PI_PARTS = [3.140625, 9.6750259399414062e-4, 1.509958e-7];

/** Taylor coefficients of (sin r - r) / r^3 in powers of r^2; the next term is below 6e-8 for |r| <= pi / 2. */
const COEFFICIENTS = [-1 / 6, 1 / 120, -1 / 5040, 1 / 362_880, -1 / 39_916_800];

/**
 * sin(x) by arithmetic to 1e-6 for |x| below 10^4. WebGPU leaves a GPU's own sine an absolute error of 2^-11 within
 * -pi..pi, and any outside.
 */
export function preciseSin(x: Value): Value {
  const turns = floor(add(mul(x, 1 / Math.PI), 0.5));
  return mul(sinOfRest(x, turns), alternating(turns));
}

/** cos(x), likewise: -(-1)^k sin(x - (k + 1/2) pi) for the k that leaves -pi/2..pi/2. */
export function preciseCos(x: Value): Value {
  const turns = floor(mul(x, 1 / Math.PI));
  return mul(sinOfRest(x, add(turns, 0.5)), mul(alternating(turns), -1));
}

/** (-1)^k for whole k. */
function alternating(turns: Value): Value {
  const odd = sub(turns, mul(floor(mul(turns, 0.5)), 2));
  return sub(1, mul(odd, 2));
}

/** sin(x - turns pi), within -pi/2..pi/2. */
function sinOfRest(x: Value, turns: Value): Value {
  const rest = PI_PARTS.reduce<Value>((remaining, part) => sub(remaining, mul(turns, part)), x);
  const squared = mul(rest, rest);
  // Horner's scheme, from the highest power down.
  const polynomial = COEFFICIENTS.reduceRight<Value | number>(
    (sum, coefficient) => add(mul(squared, sum), coefficient),
    0,
  ) as Value;
  return add(rest, mul(mul(rest, squared), polynomial));
}
