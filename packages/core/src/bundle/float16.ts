/** The largest finite float16. */
export const largestFloat16 = 65504;

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/**
 * The bits of the IEEE 754 binary16 nearest to a float32, ties to even; beyond 65520 an infinity, and one quiet NaN for
 * every NaN.
 */
export function toFloat16Bits(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520, halfway between the largest float16 and what would follow it: rounds up, out of range.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14: a multiple of 2^-24, which float64 arithmetic rounds to even as it should.
  if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(scratch[0] as number) * 2 ** 24);
  // 13 bits of the fraction go; a carry out of it raises the exponent, which stands right above.
  const kept = (magnitude - 0x38000000) >>> 13;
  const lost = magnitude & 0x1fff;
  const up = lost > 0x1000 || (lost === 0x1000 && (kept & 1) === 1);
  return sign | (kept + (up ? 1 : 0));
}

/** For 0 <= x < 2^53. */
function roundToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The number that float16 bits stand for: exact, as every float16 is a float32. */
export function fromFloat16Bits(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The number that bfloat16 bits, the upper half of a float32, stand for. */
export function fromBfloat16Bits(bits: number): number {
  scratchBits[0] = bits << 16;
  return scratch[0] as number;
}
