import type { Accepted } from "./report.js";

/** Mutants that live because they change nothing that can be seen, each with the reason. */
export const accepted: readonly Accepted[] = [
  ...[
    ["contribution === undefined || !needed.has(operand)", "false"],
    ["contribution === undefined || !needed.has(operand)", "contribution === undefined && !needed.has(operand)"],
    ["contribution === undefined", "false"],
    ["targets.has(node) || node.inputs.some((operand) => needed.has(operand))", "true"],
    ["node.inputs.some((operand) => needed.has(operand))", "node.inputs.every(operand => needed.has(operand))"],
    ["needed.has(original)", "true"],
  ].map(([code = "", replacement = ""]) => ({
    file: "autodiff/gradient.ts",
    code,
    replacement,
    reason: "It spares the work of derivatives that reach no target; no output reaches them either.",
  })),
  {
    file: "likelihood/elbo-step.ts",
    code: "{ stabilizationLevel: 0 }",
    replacement: "{}",
    reason: "A level that is none becomes 0 in the int32 constant, and 0 shows tokens as they are.",
  },
  ...[
    ["(data[i * width + k] as number) - (mean[k] as number)", "(data[i * width + k] as number) + (mean[k] as number)"],
    ["(data[i * width + l] as number) - (mean[l] as number)", "(data[i * width + l] as number) + (mean[l] as number)"],
  ].map(([code = "", replacement = ""]) => ({
    file: "metrics/distances.ts",
    code,
    replacement,
    reason: "A covariance needs one of its two factors centred only.",
  })),
  {
    file: "metrics/mutual-information.ts",
    code: "total - share * Math.log(share)",
    replacement: "total + share * Math.log(share)",
    reason: "All three entropies change their sign, and their ratio stays.",
  },
  {
    file: "metrics/images.ts",
    code: "total + weight",
    replacement: "total - weight",
    reason: "Weights of the other sign: the blur applies them twice.",
  },
  ...[
    ["i < height", "i <= height"],
    ["i < height - n + 1", "i <= height - n + 1"],
    ["height - n", "height + n"],
  ].map(([code = "", replacement = ""]) => ({
    file: "metrics/images.ts",
    code,
    replacement,
    reason: "Rows beyond the last are written outside of the array, which keeps nothing.",
  })),
  {
    file: "metrics/crps.ts",
    code: "y <= estimate",
    replacement: "y < estimate",
    reason: "Where y equals the estimate the loss is 0 either way.",
  },
  {
    file: "metrics/crps.ts",
    code: "Math.abs(q * count - nearest) < 1e-9 * count",
    replacement: "Math.abs(q * count - nearest) <= 1e-9 * count",
    reason: "The bound lies far from every rounding and from every product that is not whole.",
  },
  {
    file: "metrics/crps.ts",
    code: "1e-9 * count",
    replacement: "1e-9 / count",
    reason: "Doubles round a product of some hundreds by 1e-13: either bound is above that.",
  },
  {
    file: "process/bayesian-flow/continuous.ts",
    code: "2 * Math.log(finalStd)",
    replacement: "2 / Math.log(finalStd)",
    reason: "It stands for minus infinity, 160 below: float32 tells no difference.",
  },
  {
    file: "process/gaussian/objective.ts",
    code: "k < count",
    replacement: "k <= count",
    reason: "Entries beyond the last are written outside of the tables, which keep nothing.",
  },
  {
    file: "process/loss-weight.ts",
    code: "t < tokens",
    replacement: "t <= tokens",
    reason: "A row beyond the last is written outside of the array, which keeps nothing.",
  },
  ...[
    ["root === 0", "false"],
    ["linear === 0", "false"],
    ["linear === 1", "false"],
    ["base === 0", "false"],
  ].map(([code = "", replacement = ""]) => ({
    file: "process/loss-weight.ts",
    code,
    replacement,
    reason: "It spares a sum with 0 or a product by 1.",
  })),
  ...["true", "costOf(process.sensitivity, snr) !== LEAST_COST"].map((replacement) => ({
    file: "process/loss-weight.ts",
    code: "costOf(process.sensitivity, snr) === LEAST_COST",
    replacement,
    reason: "It spares a maximum with 1e-30 where no cost is below; where one is, others are above.",
  })),
  ...['objective.kind === "x0"', 'objective.kind === "noise"'].map((code) => ({
    file: "process/gaussian/gaussian-process.ts",
    code,
    replacement: "false",
    reason: "It spares a sum of 0 times the token and 1 times the output.",
  })),
  {
    file: "process/gaussian/path.ts",
    code: "alpha * sigmaBelow > sigma * alphaBelow * (1 + 1e-12)",
    replacement: "alpha * sigmaBelow >= sigma * alphaBelow * (1 + 1e-12)",
    reason: "The bound lies above equal ratios by more than rounding, and below what any table means to rise by.",
  },
  {
    file: "process/gaussian/schedule.ts",
    code: 'known.kind === "sigmoid"',
    replacement: "true",
    reason: "It is for the types: only a sigmoid has a start and an end, and nothing is no less than nothing.",
  },
  {
    file: "process/timesteps.ts",
    code: "steps + 1",
    replacement: "steps - 1",
    reason: "Only the middle entry is counted from the other end: the same for every K up to 4,000, tried one by one.",
  },
  {
    file: "process/token-prediction/token-prediction.ts",
    code: "temperature === 1",
    replacement: "false",
    reason: "The power 1 of shares over the largest: the same but for a factor, which draws the same.",
  },
  {
    file: "process/token-prediction/token-prediction.ts",
    code: "[]",
    replacement: '["Stryker was here"]',
    reason: "Without choices nothing is read of them at temperature 0, and both fail at others.",
  },
  {
    file: "sampling/ctc-decode.ts",
    code: "n - 1",
    replacement: "n + 1",
    reason: "Of outputs that repeat, the last stands for all as well as the first.",
  },
  ...[
    ["k < probabilities.length - 1", "k <= probabilities.length - 1"],
    ["probabilities.length - 1", "probabilities.length + 1"],
  ].map(([code = "", replacement = ""]) => ({
    file: "sampling/speculation/categories.ts",
    code,
    replacement,
    reason: "What no place before it takes is the last's either way; beyond the last there is nothing below 0.",
  })),
  {
    file: "sampling/plan/matrix-shapes.ts",
    code: "token < tokens",
    replacement: "token <= tokens",
    reason: "A column beyond the last is written outside of the rows, which keep nothing.",
  },
  {
    file: "sampling/tokens.ts",
    code: "b < batch",
    replacement: "b <= batch",
    reason: "A sequence beyond the last has no numbers, and nothing is copied.",
  },
  {
    file: "sampling/solvers/dpm-solver-plus-plus.ts",
    code: "value === 0",
    replacement: "false",
    reason: "Only level 0 has no noise, and no token of level 0 moves: it keeps the table finite.",
  },
  {
    file: "training/learning-rate.ts",
    code: "step <= warmup",
    replacement: "step < warmup",
    reason: "The last step of warm-up has the factor 1, with which both curves begin.",
  },
  {
    file: "training/train.ts",
    code: "isLast",
    replacement: "true",
    reason: "It spares copies of the states before the last, which nobody reads.",
  },
];
