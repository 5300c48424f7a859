import type { Accepted } from "./report.js";

/** Mutants that live because they change nothing that can be seen, each with the reason. */
export const accepted: readonly Accepted[] = [
  ...[
    ["contribution === undefined || !needed.has(operand)", "false"],
    ["contribution === undefined || !needed.has(operand)", "contribution === undefined && !needed.has(operand)"],
    ["contribution === undefined", "false"],
    ["targets.has(node) || node.inputs.some((operand) => needed.has(operand))", "true"],
    ["node.inputs.some((operand) => needed.has(operand))", "node.inputs.every(operand => needed.has(operand))"],
  ].map(([code = "", replacement = ""]) => ({
    file: "autodiff/gradient.ts",
    code,
    replacement,
    reason: "It spares the work of derivatives that reach no target; no output reaches them either.",
  })),
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
];
