/** A way to the goal, as a {@link MazePlanner} returns it. */
export interface Plan {
  /** Frames from now (row 0, the present) to the goal, `[F, frame features]`, raw units. */
  readonly frames: Float32Array;
  /** x, y of every frame, `[F, 2]`. */
  readonly positions: Float32Array;
  /** Tokens of the sequence that was denoised. */
  readonly tokens: number;
  /** Largest distance between successive frames; infinite for a diverged plan. */
  readonly roughness: number;
  /** Whether it is smooth and fulfils the planner's `accept`; otherwise it is merely the best that was found. */
  readonly accepted: boolean;
}

/** The plan of these frames `[F, width]`, whose first two features are the position. */
export function planOfFrames(frames: Float32Array, width: number, tokens: number, accepted = true): Plan {
  const positions = new Float32Array((frames.length / width) * 2);
  let roughness = 0;
  for (let frame = 0; frame < positions.length / 2; frame++) {
    const x = frames[frame * width] as number;
    const y = frames[frame * width + 1] as number;
    positions.set([x, y], 2 * frame);
    if (frame === 0) continue;
    const dx = x - (positions[2 * frame - 2] as number);
    const dy = y - (positions[2 * frame - 1] as number);
    roughness = Math.max(roughness, Math.sqrt(dx * dx + dy * dy));
  }
  // A diverged plan must lose every comparison.
  return {
    frames,
    positions,
    tokens,
    roughness: Number.isNaN(roughness) ? Number.POSITIVE_INFINITY : roughness,
    accepted,
  };
}
