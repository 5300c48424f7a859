/** The colour of a noise level: noise is violet, what is clean has none. */
export function levelColor(level: number, timesteps: number): string {
  return `rgb(104 82 190 / ${(0.06 + 0.9 * (level / timesteps)).toFixed(3)})`;
}
