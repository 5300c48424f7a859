import { describe, expect, it } from "vitest";
import { evaluateInDoubles } from "../engine/reference/index.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import { modelCases, modelProblem } from "./model-cases.js";
import { drawTensor } from "./values.js";

describe("gradients of models", () => {
  it.each(modelCases)("$name: along a random direction they agree with differences, in doubles", (modelCase) => {
    const { inputs, parameterNames, lossAndGradients } = modelProblem(modelCase);
    const graph = lossAndGradients();
    const directions = Object.fromEntries(
      parameterNames.map((name, i) => [name, drawTensor({ ...inputs[name]!, low: -1, high: 1 }, 50 + i)]),
    );
    const at = (offset: number) => {
      const moved = Object.entries(inputs).map(([name, { dtype, shape, data }]) => {
        const direction = directions[name]?.data;
        const values = Float64Array.from(data, (value, i) => value + offset * (direction?.[i] ?? 0));
        return [name, direction === undefined ? { dtype, shape, data } : { dtype, shape, data: values }];
      });
      return evaluateInDoubles(graph, Object.fromEntries(moved));
    };
    const here = at(0);
    const step = 1e-5;
    const slope = ((at(step).loss!.data[0] as number) - (at(-step).loss!.data[0] as number)) / (2 * step);
    let sum = 0;
    for (const name of parameterNames) {
      const { data } = directions[name] as HostTensor;
      for (const [i, weight] of data.entries()) sum += (here[name]!.data[i] as number) * weight;
    }
    expect(Math.abs(slope)).toBeGreaterThan(1e-4);
    expect(Math.abs(sum - slope)).toBeLessThan(1e-6 * (1 + Math.abs(slope)));
    // Every parameter takes part.
    const idle = parameterNames.filter((name) => here[name]!.data.every((value) => value === 0));
    expect(idle).toEqual([]);
  });
});
