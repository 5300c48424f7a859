import { distance } from "../geometry.js";

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
  /** Distance of the last frame from the goal; infinite for a diverged plan. */
  readonly miss: number;
  /** Whether it is smooth, ends at the goal and fulfils the planner's `accept`; otherwise it is the best that was found. */
  readonly accepted: boolean;
}

/** The plan of these frames `[F, width]`, whose first two features are the position, to `goal`. */
export function planOfFrames(
  frames: Float32Array,
  width: number,
  tokens: number,
  goal: readonly [x: number, y: number],
  accepted = true,
): Plan {
  const positions = new Float32Array((frames.length / width) * 2);
  let roughness = 0;
  for (let frame = 0; frame < positions.length / 2; frame++) {
    const [x, y] = [frames[frame * width] as number, frames[frame * width + 1] as number];
    positions.set([x, y], 2 * frame);
    if (frame === 0) continue;
    const step = distance(x, y, positions[2 * frame - 2] as number, positions[2 * frame - 1] as number);
    roughness = Math.max(roughness, step);
  }
  const miss = distance(positions.at(-2) as number, positions.at(-1) as number, goal[0], goal[1]);
  return { frames, positions, tokens, roughness: orInfinity(roughness), miss: orInfinity(miss), accepted };
}

/** A diverged plan must lose every comparison. */
function orInfinity(value: number): number {
  return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
}

/** What a planner asks of plans. */
export interface PlanRule {
  /** Plans rougher than this are not smooth. */
  readonly smoothness: number;
  /** Plans that end farther than this from the goal do not arrive. */
  readonly arrival: number;
  readonly accept: (positions: Float32Array) => boolean;
}

/** A plan with the rule's verdict, and how it compares while none has been accepted. */
export interface JudgedPlan {
  readonly plan: Plan;
  /** Larger is better, the first entry first: whether `accept` takes it, whether it arrives, then how smoothly or how near. */
  readonly merit: readonly [suitable: number, arrives: number, quality: number];
}

/** Applies the rule to a plan: accepted is what is smooth, arrives, and is taken by `accept`. */
export function judgePlan(plan: Plan, { smoothness, arrival, accept }: PlanRule): JudgedPlan {
  const suitable = accept(plan.positions);
  const arrives = plan.miss <= arrival;
  const accepted = suitable && arrives && plan.roughness < smoothness;
  // Of plans that do not arrive the one that comes nearest is the least bad.
  const quality = arrives ? -plan.roughness : -plan.miss;
  return { plan: { ...plan, accepted }, merit: [Number(suitable), Number(arrives), quality] };
}

export function isBetterPlan({ merit }: JudgedPlan, than: JudgedPlan | undefined): boolean {
  if (than === undefined) return true;
  const at = merit.findIndex((value, i) => value !== than.merit[i]);
  return at >= 0 && (merit[at] as number) > (than.merit[at] as number);
}
