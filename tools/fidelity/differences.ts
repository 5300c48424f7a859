/** Where the library deliberately differs from the official code. */
export interface Difference {
  readonly official: string;
  readonly library: string;
  /** How to get the official behaviour. */
  readonly option: string;
  /** Path of the test of both. */
  readonly test: string;
}

const core = "packages/core/src";

export const differences: readonly Difference[] = [
  {
    official: "Guidance scales the gradient by the noise of the next level: nothing in a token's last step",
    library:
      "The gradient moves the estimate of the clean tokens, by a gain that stays bounded where there is no signal",
    option: "`officialDdimStep`",
    test: `${core}/official/steps.test.ts`,
  },
  {
    official: "The estimate of the clean tokens is not limited, guided or not",
    library: "Limited to the range of the training data and a tenth of its span, before and after guidance",
    option: '`limit: { kind: "none" }` of the process',
    test: `${core}/process/gaussian/gaussian-process.test.ts`,
  },
  {
    official: "Monte Carlo guidance is off",
    library: "The gradient is averaged over 4 sampled futures",
    option: "`Guidance.samples: 1`",
    test: `${core}/sampling/guidance/gradient.test.ts`,
  },
  {
    official: "Goal weights written through a view of one row: 8 everywhere, 2 on the start",
    library: "The weights that were meant",
    option: '`reachGoal({ weights: "aliased" })`',
    test: "packages/tasks/src/maze2d/planner/reach-goal.test.ts",
  },
  {
    official: "The trapezoid mirrors column 1 instead of 0 and never schedules the middle of an even horizon",
    library: "Both ends alike, every token ends clean",
    option: '`officialMatrix("trapezoid", ...)`',
    test: `${core}/official/matrices.test.ts`,
  },
  {
    official: "1 - b - sigma^2 may round below 0, which gives NaN",
    library: "The root is taken of a product that rounding cannot make negative",
    option: "none",
    test: `${core}/sampling/solvers/ddim.test.ts`,
  },
  {
    official: "DDPM only from one level to the next lower one",
    library: "Between any levels, token by token, by the general posterior",
    option: "a matrix of single levels gives the official step",
    test: `${core}/sampling/solvers/ancestral.test.ts`,
  },
  {
    official: "Elements of weight 0 count in the loss's denominator",
    library: "The loss is a mean over the weights",
    option: "`loss: { denominator: meanOverElements }`",
    test: `${core}/official/training.test.ts`,
  },
  {
    official: "Planning on the paper's branch multiplies the loss by 10",
    library: "No factor",
    option: "`lossMask` of 10 with `loss: { denominator: meanOverElements }`",
    test: `${core}/official/training.test.ts`,
  },
  {
    official: "Warm-up starts after the first step, which takes the whole rate",
    library: "It holds for the first step too",
    option: "`learningRate: officialWarmup({ ... })`",
    test: `${core}/official/training.test.ts`,
  },
  {
    official: "Weight decay pulls at every parameter",
    library: "At weights only, not at biases and gains of norms",
    option: "`optimizer: { group: everythingDecays }`",
    test: `${core}/official/training.test.ts`,
  },
  {
    official: "All layers of the transformer start as copies of one",
    library: "From draws of their own",
    option: "`officialInitialization(model, random)`",
    test: `${core}/official/initialization.test.ts`,
  },
  {
    official: "The causal U-Net normalises over all frames, which shows the past its future",
    library: "Each frame by itself",
    option: '`unet3d({ normalization: "clip" })`',
    test: `${core}/models/unet3d/unet3d.test.ts`,
  },
  {
    official: "Recurrent rollouts step waiting and finished tokens again, and noise what they observe",
    library: "A token moves when its column does; what is observed is read as it is",
    option: "`officialRecurrentRollout`",
    test: `${core}/official/recurrent.test.ts`,
  },
  {
    official: "The planner on the paper's branch adds the gradient of its guidance to the tokens after the step",
    library: "The gradient moves the estimate of the clean tokens, in recurrent models too",
    option: "`officialGuidanceFactor`; a guided rollout of its kind is not there",
    test: `${core}/official/recurrent.test.ts`,
  },
  {
    official: "Every row of a plan's history is the final plan, one memory seen many times",
    library: "Each step yields its own sequence",
    option: "none: the official rows hold nothing else",
    test: `${core}/sampling/sampler.test.ts`,
  },
];
