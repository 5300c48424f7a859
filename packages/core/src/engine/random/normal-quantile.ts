import { DiffusionForcingError } from "../errors.js";

/**
 * The value that a standard normal variable falls below with probability `p`, for 0 < p < 1.
 *
 * Algorithm AS 241 (PPND16) of Wichura, "The percentage points of the normal distribution", Applied Statistics 37
 * (1988), coefficients rounded to the nearest double: about 16 correct digits. Only arithmetic and `Math.sqrt`, which
 * IEEE 754 fixes to the last bit; `Math.log` is not, and differs between JavaScript engines.
 *
 * @throws `invalid-argument` if p does not lie strictly between 0 and 1.
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) return q * centralRatio(0.180625 - q * q);
  if (!(p > 0 && p < 1)) {
    throw new DiffusionForcingError("invalid-argument", `normalQuantile: got p = ${p}; expected 0 < p < 1.`);
  }
  return Math.sign(q) * upperTailQuantile(Math.min(p, 1 - p));
}

/** The middle piece of AS 241: quantile / q as a function of r = 0.425^2 - q^2, q = p - 1/2. */
function centralRatio(r: number): number {
  let numerator = 2509.0809287301227;
  numerator = numerator * r + 33430.57558358813;
  numerator = numerator * r + 67265.7709270087;
  numerator = numerator * r + 45921.95393154987;
  numerator = numerator * r + 13731.69376550946;
  numerator = numerator * r + 1971.5909503065513;
  numerator = numerator * r + 133.14166789178438;
  numerator = numerator * r + 3.3871328727963665;
  let denominator = 5226.495278852854;
  denominator = denominator * r + 28729.085735721943;
  denominator = denominator * r + 39307.89580009271;
  denominator = denominator * r + 21213.794301586597;
  denominator = denominator * r + 5394.196021424751;
  denominator = denominator * r + 687.1870074920579;
  denominator = denominator * r + 42.31333070160091;
  denominator = denominator * r + 1;
  return numerator / denominator;
}

/** The two outer pieces of AS 241: the value exceeded with probability p <= 0.075. */
function upperTailQuantile(p: number): number {
  const distance = Math.sqrt(-logarithm(p));
  return distance <= 5 ? nearTail(distance - 1.6) : farTail(distance - 5);
}

function nearTail(r: number): number {
  let numerator = 0.0007745450142783414;
  numerator = numerator * r + 0.022723844989269184;
  numerator = numerator * r + 0.2417807251774506;
  numerator = numerator * r + 1.2704582524523684;
  numerator = numerator * r + 3.6478483247632045;
  numerator = numerator * r + 5.769497221460691;
  numerator = numerator * r + 4.630337846156546;
  numerator = numerator * r + 1.4234371107496835;
  let denominator = 1.0507500716444169e-9;
  denominator = denominator * r + 0.0005475938084995345;
  denominator = denominator * r + 0.015198666563616457;
  denominator = denominator * r + 0.14810397642748008;
  denominator = denominator * r + 0.6897673349851;
  denominator = denominator * r + 1.6763848301838038;
  denominator = denominator * r + 2.053191626637759;
  denominator = denominator * r + 1;
  return numerator / denominator;
}

function farTail(r: number): number {
  let numerator = 2.0103343992922881e-7;
  numerator = numerator * r + 2.7115555687434876e-5;
  numerator = numerator * r + 0.0012426609473880784;
  numerator = numerator * r + 0.026532189526576124;
  numerator = numerator * r + 0.29656057182850487;
  numerator = numerator * r + 1.7848265399172913;
  numerator = numerator * r + 5.463784911164114;
  numerator = numerator * r + 6.657904643501103;
  let denominator = 2.0442631033899397e-15;
  denominator = denominator * r + 1.421511758316446e-7;
  denominator = denominator * r + 1.8463183175100548e-5;
  denominator = denominator * r + 0.0007868691311456133;
  denominator = denominator * r + 0.014875361290850615;
  denominator = denominator * r + 0.1369298809227358;
  denominator = denominator * r + 0.599832206555888;
  denominator = denominator * r + 1;
  return numerator / denominator;
}

/**
 * Natural logarithm of 0 < x < 1/2 from arithmetic alone, to about one unit in the last place.
 *
 * x = m / 2^k with 1/2 <= m < 1, exactly. With s = (m - c) / (m + c), c = sqrt(1/2), log m = log c + 2 artanh(s); the
 * Taylor series of artanh in z = s^2 <= 0.0295 leaves out less than 1e-17.
 */
function logarithm(x: number): number {
  let m = x;
  let k = 0;
  while (m < 1 / 4294967296) {
    m *= 4294967296;
    k += 32;
  }
  // Leading zeros of the first 32 binary digits, rather than doubling in a loop whose end no processor foresees.
  const leadingZeros = Math.clz32(m * 4294967296);
  m *= (1 << leadingZeros) >>> 0;
  k += leadingZeros;
  const s = (m - Math.SQRT1_2) / (m + Math.SQRT1_2);
  const z = s * s;
  let series = 1 / 19;
  series = series * z + 1 / 17;
  series = series * z + 1 / 15;
  series = series * z + 1 / 13;
  series = series * z + 1 / 11;
  series = series * z + 1 / 9;
  series = series * z + 1 / 7;
  series = series * z + 1 / 5;
  series = series * z + 1 / 3;
  return 2 * (s + s * z * series) - (k + 0.5) * Math.LN2;
}
