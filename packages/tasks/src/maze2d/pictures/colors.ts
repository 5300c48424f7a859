type Rgb = readonly [red: number, green: number, blue: number];

/** Colours of everything but time. */
export const colors = {
  wall: "#d3dae6",
  wallEdge: "#b9c3d4",
  floor: "#fdfdfb",
  ink: "#1f2a44",
  faint: "#7c869c",
  paper: "#ffffff",
  start: "#6852be",
  goal: "#f0a41c",
} as const;

/**
 * From the start's colour to the goal's, in the order of viridis but lighter, so that ink shows on it, and with amber
 * for its yellow, which would not show on a light floor.
 */
const timeStops: readonly Rgb[] = [
  [104, 82, 190],
  [62, 124, 200],
  [30, 160, 158],
  [112, 194, 96],
  [240, 164, 28],
];

/** The colour of a moment of a plan: 0 is its first frame, 1 its last. */
export function timeColor(fraction: number): string {
  const at = Math.min(Math.max(fraction, 0), 1) * (timeStops.length - 1);
  const index = Math.min(Math.floor(at), timeStops.length - 2);
  const from = timeStops[index] as Rgb;
  const to = timeStops[index + 1] as Rgb;
  const channels = from.map((value, channel) => Math.round(value + (at - index) * ((to[channel] as number) - value)));
  return `#${channels.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
