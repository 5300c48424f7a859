import type { RandomStream } from "@diffusion-forcing/core";

/** A way to the goal, as a {@link Planner} returns it. */
export interface Plan {
  /** Frames from now (row 0, the present) to the goal, `[F, frame features]`, raw units. */
  readonly frames: Float32Array;
  /** The features that the goal names, of every frame: `[F, goal features]`. */
  readonly positions: Float32Array;
  /** Tokens of the sequence that was denoised. */
  readonly tokens: number;
  /** Largest distance between the means of positions right before and right after; infinite for a diverged plan. */
  readonly roughness: number;
  /** Distance of the last position from the goal; infinite for a diverged plan. */
  readonly miss: number;
  /** How far the model itself moves it, in units of the median window of its data; 0 where nobody asked. */
  readonly inconsistency: number;
  /** How far the model's forecasts of its pieces are from it, mean square per feature; 0 where only sampling asked. */
  readonly surprise: number;
  /** Whether it fulfils the planner's rule; otherwise it is the best that was found. */
  readonly accepted: boolean;
  /** The stream of its noise, with which it can be watched again; undefined for one that a search found. */
  readonly random: RandomStream | undefined;
}

/** The plan of these frames `[F, width]`, whose first features are the position, to `goal`. */
export function planOfFrames(
  frames: Float32Array,
  width: number,
  tokens: number,
  goal: ArrayLike<number>,
  {
    accepted = true,
    inconsistency = 0,
    surprise = 0,
    random,
  }: Partial<Pick<Plan, "accepted" | "inconsistency" | "surprise">> & { readonly random?: RandomStream } = {},
): Plan {
  const size = goal.length;
  const count = frames.length / width;
  const positions = new Float32Array(count * size);
  for (let frame = 0; frame < count; frame++) {
    positions.set(frames.subarray(frame * width, frame * width + size), frame * size);
  }
  const miss = distance(positions, (count - 1) * size, goal, 0, size);
  return {
    frames,
    positions,
    tokens,
    roughness: orInfinity(roughnessOf(positions, size)),
    miss: orInfinity(miss),
    inconsistency,
    surprise,
    accepted,
    random,
  };
}

/** Positions whose means are compared, before and after. One sampled position is too noisy to tell a jump from. */
const meant = 3;

/** The largest jump of a way, `[F, size]`, which stands still before its beginning and after its end. */
function roughnessOf(positions: Float32Array, size: number): number {
  const last = positions.length / size - 1;
  const jump = new Float64Array(size);
  const nowhere = new Float64Array(size);
  let roughness = 0;
  for (let frame = 1; frame <= last; frame++) {
    jump.fill(0);
    for (let i = 0; i < meant; i++) {
      const [after, before] = [size * Math.min(frame + i, last), size * Math.max(frame - 1 - i, 0)];
      for (let c = 0; c < size; c++) {
        jump[c] = (jump[c] as number) + ((positions[after + c] as number) - (positions[before + c] as number)) / meant;
      }
    }
    roughness = Math.max(roughness, distance(jump, 0, nowhere, 0, size));
  }
  return roughness;
}

/** Euclidean distance of two points of `size` numbers. Not by `Math.hypot`, whose last bit differs between engines. */
export function distance(
  a: ArrayLike<number>,
  fromA: number,
  b: ArrayLike<number>,
  fromB: number,
  size: number,
): number {
  let sum = 0;
  for (let i = 0; i < size; i++) {
    const difference = (a[fromA + i] as number) - (b[fromB + i] as number);
    sum += difference * difference;
  }
  return Math.sqrt(sum);
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
  /** Plans less consistent than this are none that the data could hold. */
  readonly inconsistency: number;
  readonly accept: (positions: Float32Array) => boolean;
}

/** A plan with the rule's verdict, and how it compares while none has been accepted. */
export interface JudgedPlan {
  readonly plan: Plan;
  /**
   * Larger is better, the first entry first: whether it is accepted, whether `accept` takes it, whether it arrives, then
   * how consistent it is, or how near to the rule, or to the goal.
   */
  readonly merit: readonly [accepted: number, suitable: number, arrives: number, quality: number];
}

/** Keeps plans comparable under a rule that asks for no roughness at all. */
const tiny = 1e-9;

/**
 * How doubtful a plan is: the logarithm of its roughness times its inconsistency, both as shares of what the rule allows.
 * Either tells plans that can be driven from those that cannot, and both together tell them best.
 */
export function doubtOf(plan: Plan, { smoothness, inconsistency }: PlanRule): number {
  const [rough, strange] = [plan.roughness / Math.max(smoothness, tiny), plan.inconsistency / inconsistency];
  return orInfinity(Math.log(Math.max(rough, tiny)) + Math.log(Math.max(strange, tiny)));
}

/**
 * How good a plan is to a search: larger is better. What the model would not have forecast counts twice, because it tells
 * short cuts through walls best. Refused and unfinished plans are worse than all that arrive.
 */
export function scoreOf(plan: Plan, rule: PlanRule): number {
  const refused = Number(!rule.accept(plan.positions)) + Number(plan.miss > rule.arrival);
  return -doubtOf(plan, rule) - 2 * Math.log(Math.max(plan.surprise, tiny)) - far * refused;
}

/** Farther than plausible doubts lie apart. */
const far = 1e3;

/** Applies the rule to a plan: accepted is what is smooth, arrives, is consistent, and is taken by `accept`. */
export function judgePlan(plan: Plan, rule: PlanRule): JudgedPlan {
  const { smoothness, arrival, inconsistency, accept } = rule;
  const suitable = accept(plan.positions);
  const arrives = plan.miss <= arrival;
  const accepted = suitable && arrives && plan.roughness < smoothness && plan.inconsistency <= inconsistency;
  // Of plans that do not arrive the one that comes nearest is the least bad.
  const quality = arrives ? -doubtOf(plan, rule) : -plan.miss;
  return { plan: { ...plan, accepted }, merit: [Number(accepted), Number(suitable), Number(arrives), quality] };
}

export function isBetterPlan({ merit }: JudgedPlan, than: JudgedPlan | undefined): boolean {
  if (than === undefined) return true;
  const at = merit.findIndex((value, i) => value !== than.merit[i]);
  return at >= 0 && (merit[at] as number) > (than.merit[at] as number);
}
