import { describe, expect, it } from "vitest";
import { gradient } from "../engine/autodiff/index.js";
import { sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateInDoubles } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { checkLaw } from "../testing/law.js";
import { logSoftmax } from "./cp-head.js";
import { ctcLoss, ctcTargets } from "./ctc.js";

/** Repeats joined, blanks left out. */
const collapsed = (alignment: readonly number[], joins = true): string =>
  alignment
    .filter((output, n) => output !== 0 && !(joins && output === alignment[n - 1]))
    .map((output) => output - 1)
    .join();

function lossesOf(logits: Float32Array, batch: number, queries: number, targets: readonly (readonly number[])[]) {
  const width = logits.length / batch / queries;
  const given = { logits: tensor(logits, [batch, queries, width]), ...ctcTargets(targets, width - 1, queries) };
  const graph = trace(given, ({ logits: x, ...rest }) => {
    const losses = ctcLoss(logSoftmax(x), rest as never);
    return { losses, slopes: gradient(sum(losses), [x])[0]! };
  });
  const { losses, slopes } = evaluateInDoubles(graph, given);
  return { losses: Array.from(losses!.data as Float64Array), slopes: Array.from(slopes!.data as Float64Array) };
}

/** Minus the logarithm of the sum over all alignments of 3 outputs at 5 places. */
function bruteForce(logits: Float32Array, target: readonly number[], joins = true): number {
  const rows = Array.from({ length: 5 }, (_, n) => {
    const row = Array.from(logits.slice(3 * n, 3 * n + 3), Math.exp);
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((value) => value / total);
  });
  let share = 0;
  for (let i = 0; i < 3 ** 5; i++) {
    const alignment = Array.from({ length: 5 }, (_, n) => Math.floor(i / 3 ** n) % 3);
    if (collapsed(alignment, joins) !== target.join()) continue;
    share += alignment.reduce((product, output, n) => product * rows[n]![output]!, 1);
  }
  return -Math.log(share);
}

const targets = [[], [0], [1, 1], [0, 1], [1, 0, 1], [0, 0, 1], [0, 1, 0, 1, 0]];
const logits = Float32Array.from({ length: targets.length * 15 }, (_, i) => createRandom(3).split(i).normal());

describe("ctcLoss", () => {
  it("is the sum over all alignments, repeats and empty targets among them", ({ task }) => {
    const { losses } = lossesOf(logits, targets.length, 5, targets);
    const gapTo = (joins: boolean): number =>
      Math.max(
        ...targets.map((target, b) =>
          Math.abs(losses[b]! - bruteForce(logits.slice(15 * b, 15 * b + 15), target, joins)),
        ),
      );
    checkLaw(task, {
      law: "The CTC loss equals brute force over all 3^5 alignments, for 7 targets",
      statistic: "largest difference, nats",
      found: gapTo(true),
      within: [0, 1e-6],
      broken: { "repeats are not joined": gapTo(false) },
    });
  });

  it("has the slopes of finite differences", () => {
    const { slopes } = lossesOf(logits, targets.length, 5, targets);
    const total = (at: number, by: number): number => {
      const moved = logits.slice();
      moved[at]! += by;
      return lossesOf(moved, targets.length, 5, targets).losses.reduce((a, b) => a + b, 0);
    };
    for (const at of [0, 17, 40, 68, 104]) {
      expect(slopes[at]).toBeCloseTo((total(at, 1 / 256) - total(at, -1 / 256)) * 128, 3);
    }
  });

  it("has the values and slopes of PyTorch 2.13's ctc_loss", () => {
    // Logits 2 sin(1 + 7 b + 3 n + 2 k), 6 places, blank and 3 symbols.
    const given = Float32Array.from({ length: 5 * 6 * 4 }, (_, i) => {
      return 2 * Math.sin(1 + 7 * Math.floor(i / 24) + 3 * (Math.floor(i / 4) % 6) + 2 * (i % 4));
    });
    const { losses, slopes } = lossesOf(given, 5, 6, [[0], [], [1, 1], [2, 0, 2, 1], [0, 0, 1, 1]]);
    const close = (values: number[]) => values.map((value) => expect.closeTo(value, 6));
    expect(losses).toEqual(close([9.169052441, 13.546481864, 7.110147557, 6.368173847, 17.112460353]));
    // Of the fourth place.
    expect([0, 1, 2, 3, 4].map((b) => slopes.slice(24 * b + 12, 24 * b + 16))).toEqual(
      [
        [-0.385946225, -0.534124633, 0.853866056, 0.066204802],
        [-0.979143154, 0.192526085, 0.760357343, 0.026259726],
        [-0.189309028, 0.69453915, -0.52617865, 0.020948528],
        [-0.120505064, 0.319467653, -0.021506912, -0.177455678],
        [0.243038252, 0.596278601, -0.978513204, 0.139196352],
      ].map(close),
    );
  });

  it("has closed forms", () => {
    // Uniform over blank and one symbol: of 2^3 alignments 6 say it once, 1 says nothing, 1 says it twice.
    const { losses } = lossesOf(new Float32Array(18), 3, 3, [[0], [], [0, 0]]);
    expect(losses).toEqual([6, 1, 1].map((count) => expect.closeTo(-Math.log(count / 8), 6)));
  });

  it("refuses targets that cannot be emitted, and symbols that are none", () => {
    expect(() => ctcTargets([[0], [1, 1, 1]], 2, 4)).toThrow(
      /target 1, 3 symbols with 2 repeated, needs 5 queries; there are 4/,
    );
    expect(() => ctcTargets([[2]], 2, 4)).toThrow(/symbol 2; expected 0 to 1/);
  });
});
