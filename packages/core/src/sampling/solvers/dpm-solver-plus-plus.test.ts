import { describe, expect, it } from "vitest";
import { mul } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { levelsOf, numbersOf } from "../../testing/elements-of.js";
import { smallPath } from "../../testing/small-path.js";
import { dpmSolverPlusPlus } from "./dpm-solver-plus-plus.js";

const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));

/** Steps of a network that says that half of what it sees is clean. */
function steps(tokens: { x: number; from: number; to: number; previous: number; before: number }[]) {
  const inputs = {
    x: numbersOf(...tokens.map(({ x }) => x)),
    clean: numbersOf(...tokens.map(({ previous }) => previous)),
    from: levelsOf(...tokens.map(({ from }) => from)),
    to: levelsOf(...tokens.map(({ to }) => to)),
    level: levelsOf(...tokens.map(({ before }) => before)),
  };
  const process = smallPath();
  const predict = (x: Value) => ({ clean: mul(x, 0.5), noise: x });
  const graph = trace(inputs, ({ x, from, to, clean, level }) => {
    const next = dpmSolverPlusPlus().step({ process, predict, x, from, to, noise: [], memory: { clean, level } });
    return { x: next.x, clean: next.memory!.clean!, level: next.memory!.level! };
  });
  const found = evaluateGraph(graph, inputs);
  return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, [...data]]));
}

describe("dpmSolverPlusPlus", () => {
  it("takes Algorithm 2's step (Lu et al. 2022b), by half the ratio of its length to the one before", () => {
    // Ratios alpha / sigma 4/3, 3/4 and 7/24: lengths log(16/9) from level 2 to 1, log(18/7) from level 3 to 2.
    const half = Math.log(16 / 9) / Math.log(18 / 7) / 2;
    const estimate = 1 + half * (1 - 0.4);
    const { x, clean, level } = steps([{ x: 2, from: 2, to: 1, previous: 0.4, before: 3 }]);
    expect(x).toEqual(close([(0.6 / 0.8) * 2 + 0.8 * (1 - 9 / 16) * estimate]));
    expect([clean, level]).toEqual([[1], [2]]);
  });

  it("begins with a step of first order, and ends with the estimate", () => {
    const { x } = steps([
      { x: 2, from: 2, to: 1, previous: 0, before: 0 },
      { x: 2, from: 1, to: 0, previous: 0.4, before: 2 },
      { x: 2, from: 3, to: 2, previous: 0, before: 0 },
    ]);
    expect(x).toEqual(close([1.5 + 0.8 * (7 / 16), 1, (0.8 / 0.96) * 2 + 0.6 * (1 - 7 / 18)]));
  });

  it("remembers an estimate and a level for each token, and draws nothing", () => {
    const solver = dpmSolverPlusPlus();
    expect(solver.memory!({ dtype: "float32", shape: [2, 3, 4, 5] })).toEqual({
      clean: { dtype: "float32", shape: [2, 3, 4, 5] },
      level: { dtype: "int32", shape: [2, 3] },
    });
    expect(solver).toMatchObject({ draws: 0, evaluations: 1, needsPath: true });
  });
});
