import { describe, expect, it } from "vitest";
import { evaluateInDoubles } from "../engine/reference/index.js";
import { directionalSlope } from "./fixtures/directional-slope.js";
import { lossCases, lossProblem } from "./loss-cases.js";

describe("losses", () => {
  it.each(lossCases)("$name: every parameter takes part", (lossCase) => {
    const { inputs, parameterNames, lossAndGradients } = lossProblem(lossCase);
    const found = evaluateInDoubles(lossAndGradients(), inputs);
    expect(parameterNames.filter((name) => found[name]!.data.every((value) => value === 0))).toEqual([]);
    expect(Number.isFinite(found.loss!.data[0])).toBe(true);
  });

  it.each(lossCases.filter(({ isStopped }) => !isStopped))(
    "$name: gradients agree with differences along a random direction, in doubles",
    (lossCase) => {
      const { inputs, parameterNames, lossAndGradients } = lossProblem(lossCase);
      const gradients = Object.fromEntries(parameterNames.map((name) => [`parameters/${name}`, name]));
      const { byGradients, byDifferences } = directionalSlope({ graph: lossAndGradients(), inputs, gradients });
      expect(Math.abs(byDifferences)).toBeGreaterThan(1e-4);
      expect(Math.abs(byGradients - byDifferences)).toBeLessThan(1e-6 * (1 + Math.abs(byDifferences)));
    },
  );
});
