/** Three to six round numbers that hold all values between them, for the axis of a chart. */
export function niceTicks(low: number, high: number): number[] {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / 3));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => span / (factor * power) <= 4) ?? 10) * power;
  const first = Math.floor(low / step + 1e-9);
  const count = Math.max(1, Math.ceil(high / step - 1e-9) - first);
  return Array.from({ length: count + 1 }, (_, i) => (first + i) * step);
}
