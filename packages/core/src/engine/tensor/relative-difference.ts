/**
 * Largest |actual - expected| over the largest |expected|: how far a device is from another, whatever the scale.
 * Infinite for other lengths, for a NaN that the other does not have, and for infinities that differ.
 */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const [got, wanted] = [actual[i] as number, expected[i] as number];
    if (!Object.is(got, wanted) && !(Math.abs(got - wanted) < Number.POSITIVE_INFINITY))
      return Number.POSITIVE_INFINITY;
    if (got !== wanted && !Number.isNaN(wanted)) difference = Math.max(difference, Math.abs(got - wanted));
    if (Number.isFinite(wanted)) largest = Math.max(largest, Math.abs(wanted));
  }
  return difference === 0 ? 0 : difference / largest;
}
