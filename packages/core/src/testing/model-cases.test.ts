import { describe, expect, it } from "vitest";
import { evaluateInDoubles } from "../engine/reference/index.js";
import { directionalSlope } from "./fixtures/directional-slope.js";
import { modelCases, modelProblem } from "./model-cases.js";

describe("gradients of models", () => {
  it.each(modelCases)("$name: along a random direction they agree with differences, in doubles", (modelCase) => {
    const { inputs, parameterNames, lossAndGradients } = modelProblem(modelCase);
    const gradients = Object.fromEntries(parameterNames.map((name) => [name, name]));
    const { byGradients, byDifferences } = directionalSlope({ graph: lossAndGradients(), inputs, gradients });
    expect(Math.abs(byDifferences)).toBeGreaterThan(1e-4);
    expect(Math.abs(byGradients - byDifferences)).toBeLessThan(1e-6 * (1 + Math.abs(byDifferences)));
  });

  it.each(modelCases)("$name: every parameter takes part", (modelCase) => {
    const { inputs, parameterNames, lossAndGradients } = modelProblem(modelCase);
    const found = evaluateInDoubles(lossAndGradients(), inputs);
    expect(parameterNames.filter((name) => found[name]!.data.every((value) => value === 0))).toEqual([]);
  });
});
