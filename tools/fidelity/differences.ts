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
    library: "By the noise of the level stepped from, as classifier guidance is derived",
    option: '`Guidance.factor: "next"`',
    test: `${core}/sampling/ddim.test.ts`,
  },
  {
    official: "The estimate is not limited again after guidance has moved it",
    library: "The same; a limit is there for those who want one",
    option: "`Guidance.clip` left out",
    test: `${core}/sampling/reconstruction-guidance.test.ts`,
  },
  {
    official: "Monte Carlo guidance is off",
    library: "The gradient is averaged over 4 sampled futures",
    option: "`Guidance.samples: 1`",
    test: `${core}/sampling/guidance.test.ts`,
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
    option: '`trapezoid({ compatibility: "official" })`',
    test: `${core}/sampling/matrix-shapes.test.ts`,
  },
  {
    official: "1 - b - sigma^2 may round below 0, which gives NaN",
    library: "Taken for 0",
    option: '`radicand: "official"`',
    test: `${core}/sampling/ddim.test.ts`,
  },
  {
    official: "DDPM only from one level to the next lower one",
    library: "Between any levels, token by token, by the general posterior",
    option: "a matrix of single levels gives the official step",
    test: `${core}/sampling/ddpm.test.ts`,
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
    option: '`new RecurrentSampler(process, { compatibility: "official" })`',
    test: `${core}/sampling/recurrent/recurrent-sampler.test.ts`,
  },
  {
    official: "The planner on the paper's branch adds the gradient of its guidance to the tokens after the step",
    library: "The gradient moves the predicted noise, in recurrent models too",
    option: '`new RecurrentSampler(process, { guidance, compatibility: "official" })`',
    test: `${core}/sampling/recurrent/recurrent-sampler.guidance.test.ts`,
  },
  {
    official: "Every row of a plan's history is the final plan, one memory seen many times",
    library: "Each step yields its own sequence",
    option: "none: the official rows hold nothing else",
    test: `${core}/sampling/sampler.test.ts`,
  },
];
