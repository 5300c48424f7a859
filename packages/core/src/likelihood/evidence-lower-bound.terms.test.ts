import { expect, it } from "vitest";
import { broadcastTo, constant, mul } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { linearSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { fullSequence, schedulingMatrix } from "../sampling/plan/matrix-shapes.js";
import { exactDiffusion } from "../testing/oracles/index.js";
import { evidenceLowerBound } from "./evidence-lower-bound.js";

const levels = 1000;
const process = variancePreserving(linearSchedule(levels), { objective: "x0", limit: { kind: "none" } });

/** The bound of one token of value 3 in one step, by a model that answers `estimate` of the noisy token. */
const bound = (estimate: (noisy: Value) => Value, draws: number) =>
  evidenceLowerBound(
    exactDiffusion([1], ({ tokens }) => estimate(tokens), { process }),
    {
      backend: referenceBackend(),
      parameters: {},
      tokens: tensor([3], [1, 1, 1]),
      timesteps: 1,
      rows: schedulingMatrix(fullSequence(), 1, 1).rows,
      seed: 3,
      draws,
    },
  );

it("of a model that knows the answer is the prior's term and the reconstruction's, to the last nat", async () => {
  // KL(N(sqrt(a) x, 1 - a) || N(0, 1)) of level K is (a x^2 - a - log(1 - a)) / 2; the one step is the reconstruction,
  // N(x, (1 - a) / a) at its mean. The middle term is 2e-5.
  const a = process.terminal.signal ** 2;
  const prior = (a * 9 - a - Math.log(1 - a)) / 2;
  const reconstruction = -0.5 * Math.log((2 * Math.PI * (1 - a)) / a);
  const { nats } = await bound(({ shape }) => broadcastTo(constant(3), shape), 1);
  expect(nats[0]).toBeCloseTo(reconstruction - prior, 5);
  expect(a / 2).toBeGreaterThan(1.5e-5);
});

it("has the standard error of a mean of n draws: their deviation with n - 1, over the root of n", async () => {
  const half = (noisy: Value): Value => mul(noisy, 0.5);
  const [one, two] = [await bound(half, 1), await bound(half, 2)];
  const first = one.nats[0] as number;
  const second = 2 * (two.nats[0] as number) - first;
  expect(Math.abs(first - second)).toBeGreaterThan(1e-5);
  // Of two draws: sqrt((d / 2)^2 + (d / 2)^2) / sqrt(2) for the distance d.
  expect(two.standardErrors[0]).toBeCloseTo(Math.abs(first - second) / 2, 8);
  expect(one.standardErrors[0]).toBeNaN();
});
