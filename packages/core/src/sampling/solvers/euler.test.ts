import { expect, it } from "vitest";
import { mul } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { elementsOf, levelsOf, numbersOf } from "../../testing/elements-of.js";
import { smallPath } from "../../testing/small-path.js";
import { euler } from "./euler.js";

it("moves by the change of the signal times the clean estimate, and that of the noise times the noise", () => {
  const inputs = { x: numbersOf(2, 2, 2), from: levelsOf(2, 1, 3), to: levelsOf(1, 0, 1) };
  const process = smallPath();
  const predict = (x: Value) => ({ clean: mul(x, 0.5), noise: mul(x, 1.5) });
  const next = elementsOf(
    inputs,
    ({ x, from, to }) => euler().step({ process, predict, x, from, to, noise: [], memory: {} }).x,
  );
  expect(next).toEqual([2 + 0.2 - 0.6, 2 + 0.2 - 1.8, 2 + 0.52 - 1.08].map((value) => expect.closeTo(value, 5)));
  expect(euler()).toMatchObject({ draws: 0, evaluations: 1, needsPath: true, config: { kind: "euler" } });
});
