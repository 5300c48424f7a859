/** The value limited to [-limit, limit]. */
export function clip(value: number, limit: number): number {
  return value > limit ? limit : value < -limit ? -limit : value;
}

/** Euclidean distance in the plane. Not by `Math.hypot`, whose last bit differs between engines. */
export function distance(x: number, y: number, otherX: number, otherY: number): number {
  return Math.sqrt((x - otherX) * (x - otherX) + (y - otherY) * (y - otherY));
}
