/** Three to six round numbers that hold all values between them, for the axis of a chart. */
export function niceTicks(low: number, high: number): number[] {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / 3));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => span / (factor * power) <= 4) ?? 10) * power;
  const first = Math.floor(low / step + 1e-9);
  const count = Math.max(1, Math.ceil(high / step - 1e-9) - first);
  return Array.from({ length: count + 1 }, (_, i) => (first + i) * step);
}

/** Decimals, 8 at most, that tell multiples of a step apart: three for 0.025, two for 1.1 - 1.05, which is not quite 0.05. */
export function decimalsOf(step: number): number {
  const isWhole = (value: number): boolean => Math.abs(value - Math.round(value)) < 1e-6;
  return [0, 1, 2, 3, 4, 5, 6, 7].find((count) => isWhole(step * 10 ** count) && step * 10 ** count > 0.5) ?? 8;
}
