/** From a plan's start to its goal: violet, blue, teal, green, amber. On light and on dark floors alike. */
const stops = [
  [104, 82, 190],
  [62, 124, 200],
  [30, 160, 158],
  [112, 194, 96],
  [240, 164, 28],
] as const;

/** The colour of a moment: 0 is the first, 1 the last. */
export function timeColor(fraction: number, alpha = 1): string {
  const at = Math.min(Math.max(fraction, 0), 1) * (stops.length - 1);
  const index = Math.min(Math.floor(at), stops.length - 2);
  const [from, to] = [stops[index] as readonly number[], stops[index + 1] as readonly number[]];
  const channels = from.map((value, i) => Math.round(value + (at - index) * ((to[i] as number) - value)));
  return `rgb(${channels.join(" ")} / ${alpha})`;
}
