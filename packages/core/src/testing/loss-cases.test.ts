import { describe, expect, it } from "vitest";
import { evaluateInDoubles } from "../engine/reference/index.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import { lossCases, lossProblem } from "./loss-cases.js";
import { drawTensor } from "./values.js";

describe("losses", () => {
  it.each(lossCases)("$name: every parameter takes part", (lossCase) => {
    const { inputs, parameterNames, lossAndGradients } = lossProblem(lossCase);
    const found = evaluateInDoubles(lossAndGradients(), inputs);
    expect(parameterNames.filter((name) => found[name]!.data.every((value) => value === 0))).toEqual([]);
    expect(Number.isFinite(found.loss!.data[0])).toBe(true);
  });

  // Of the others some slopes are stopped on purpose, so that differences of the whole loss are not their sum.
  const whole = lossCases.filter(({ name }) => !/prior|features/.test(name));
  it.each(whole)("$name: gradients agree with differences along a random direction, in doubles", (lossCase) => {
    const { inputs, parameterNames, lossAndGradients } = lossProblem(lossCase);
    const graph = lossAndGradients();
    const directions = Object.fromEntries(
      parameterNames.map((name, i) => {
        const { shape } = inputs[`parameters/${name}`] as HostTensor;
        return [`parameters/${name}`, drawTensor({ dtype: "float32", shape, low: -1, high: 1 }, 50 + i)];
      }),
    );
    const at = (offset: number) => {
      const moved = Object.entries(inputs).map(([name, { dtype, shape, data }]) => {
        const direction = directions[name]?.data;
        const values = Float64Array.from(data, (value, i) => value + offset * (direction?.[i] ?? 0));
        return [name, direction === undefined ? { dtype, shape, data } : { dtype, shape, data: values }];
      });
      return evaluateInDoubles(graph, Object.fromEntries(moved));
    };
    const [here, step] = [at(0), 1e-5];
    const slope = ((at(step).loss!.data[0] as number) - (at(-step).loss!.data[0] as number)) / (2 * step);
    const sum = parameterNames.reduce((total, name) => {
      const { data } = directions[`parameters/${name}`] as HostTensor;
      return Array.from(data).reduce((own, weight, i) => own + (here[name]!.data[i] as number) * weight, total);
    }, 0);
    expect(Math.abs(slope)).toBeGreaterThan(1e-4);
    expect(Math.abs(sum - slope)).toBeLessThan(1e-6 * (1 + Math.abs(slope)));
  });
});
