import { expect, it } from "vitest";
import { add, cast, mul, reshape } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { elementsOf, levelsOf, numbersOf } from "../../testing/elements-of.js";
import { smallPath } from "../../testing/small-path.js";
import { heun } from "./heun.js";

it("moves by the mean of the slopes at both ends, and by the first alone to level 0", () => {
  const inputs = { x: numbersOf(2, 2), from: levelsOf(2, 1), to: levelsOf(1, 0) };
  const process = smallPath();
  // Half of what it sees as the clean token, and its level more of noise.
  const predict = (x: Value, levels: Value) => ({
    clean: mul(x, 0.5),
    noise: add(x, reshape(cast(levels, "float32"), x.shape)),
  });
  const next = elementsOf(
    inputs,
    ({ x, from, to }) => heun().step({ process, predict, x, from, to, noise: [], memory: {} }).x,
  );
  // Level 2: (1, 4), an Euler step of .2 x 1 - .2 x 4 to 1.4; level 1 there: (.7, 2.4). Means .85 and 3.2.
  const second = 2 + 0.2 * 0.85 - 0.2 * 3.2;
  // From level 1: .2 x 1 - .6 x 3.
  expect(next).toEqual([second, 2 + 0.2 - 1.8].map((value) => expect.closeTo(value, 5)));
  expect(heun()).toMatchObject({ draws: 0, evaluations: 2, needsPath: true, config: { kind: "heun" } });
});
