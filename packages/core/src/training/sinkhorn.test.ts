import { describe, expect, it } from "vitest";
import { mul, softmax } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateInDoubles } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { checkLaw } from "../testing/law.js";
import { sinkhorn } from "./sinkhorn.js";

function assigned(scores: readonly number[], kinds: number, assign: (scores: Value) => Value): number[] {
  const given = { scores: tensor(scores, [scores.length / kinds, kinds]) };
  const graph = trace(given, (values) => ({ q: assign(values.scores) }));
  return Array.from(evaluateInDoubles(graph, given).q!.data);
}

// Four items that all look most like the first of three prototypes.
const scores = [0.9, 0.1, -0.3, 0.8, 0.2, 0.1, 0.7, 0.6, -0.9, 0.95, -0.2, 0.3];

describe("sinkhorn", () => {
  it("is what the published algorithm gives, in NumPy", () => {
    expect(assigned(scores, 3, (x) => sinkhorn(x))).toEqual(
      [
        0.999315638, 0.000615001, 0.000069361, 0.390256854, 0.013112987, 0.596630159, 0.001349327, 0.998650673, 0,
        0.19395817, 0.000000109, 0.806041721,
      ].map((value) => expect.closeTo(value, 6)),
    );
    expect(assigned(scores, 3, (x) => sinkhorn(x, { epsilon: 0.5, iterations: 10 })).slice(0, 6)).toEqual(
      [0.454253707, 0.287429001, 0.258317292, 0.286554444, 0.270493614, 0.442951942].map((value) =>
        expect.closeTo(value, 6),
      ),
    );
  });

  it("gives every prototype its share, and every item one prototype's worth", ({ task }) => {
    const random = createRandom(1);
    // 64 items whose scores favour the first of 8 prototypes.
    const drawn = Array.from({ length: 64 * 8 }, (_, i) => 0.2 * random.normal() + (i % 8 === 0 ? 0.5 : 0));
    const gapOf = (assign: (x: Value) => Value): number => {
      const q = assigned(drawn, 8, assign);
      for (let item = 0; item < 64; item++) {
        expect(q.slice(8 * item, 8 * item + 8).reduce((a, b) => a + b)).toBeCloseTo(1, 9);
      }
      const shares = Array.from({ length: 8 }, (_, k) => q.filter((_, i) => i % 8 === k).reduce((a, b) => a + b));
      return Math.max(...shares.map((share) => Math.abs(share - 8) / 8));
    };
    checkLaw(task, {
      law: "Sinkhorn assigns 64 items that look most like one of 8 prototypes to all 8 alike",
      statistic: "largest relative difference of a prototype's share from 8 items",
      found: gapOf((x) => sinkhorn(x, { iterations: 30 })),
      within: [0, 0.05],
      broken: {
        "shares are not balanced": gapOf((x) => softmax(mul(x, 1 / 0.05))),
      },
    });
  });

  it("takes scores of any size, and refuses what it cannot follow", () => {
    expect(assigned([1000, -1000, -1000, 1000], 2, (x) => sinkhorn(x))).toEqual([1, 0, 0, 1]);
    expect(() => assigned(scores, 3, (x) => sinkhorn(x, { epsilon: 0 }))).toThrow(/epsilon is 0; expected a positive/);
    expect(() => assigned(scores, 3, (x) => sinkhorn(x, { iterations: 0 }))).toThrow(/iterations is 0/);
  });
});
