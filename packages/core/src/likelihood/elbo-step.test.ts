import { expect, it } from "vitest";
import { broadcastTo, constant } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { exactDiffusion } from "../testing/oracles/index.js";
import { elboStep } from "./elbo-step.js";

const process = variancePreserving(cosineSchedule(100), { objective: "x0", limit: { kind: "none" } });
/** A model that answers 0.2 whatever it sees. */
const diffusion = exactDiffusion([1], ({ tokens }) => broadcastTo(constant(0.2), tokens.shape), { process });

it("gives the cells of a grid the normal's probabilities, which add up to 1", () => {
  const level = 40;
  const inputs = {
    tokens: tensor([-1, -1 / 3, 1 / 3, 1], [4, 1, 1]),
    from: tensor(new Int32Array(4).fill(level), [4, 1]),
    to: tensor(new Int32Array(4), [4, 1]),
    noise: tensor(new Float32Array(4), [4, 1, 1]),
  };
  const graph = trace(inputs, (values) => ({
    nats: elboStep(diffusion, {}, values, 1, { kind: "grid", values: 4 }),
  }));
  const found = Array.from(evaluateGraph(graph, inputs).nats!.data, (nats) => Math.exp(-nats));
  expect(found.reduce((total, p) => total + p)).toBeCloseTo(1, 5);
  // cos^2(pi/2 (0.4 + s) / (1 + s)) / cos^2(pi/2 s / (1 + s)), s = 0.008: alphaBar 0.6475, deviation 0.7379.
  // Phi((edge - 0.2) / 0.7379) at the edges -2/3, 0, 2/3: 0.12009, 0.39318, 0.73645.
  expect(found).toEqual([0.12009, 0.27309, 0.34328, 0.26355].map((p) => expect.closeTo(p, 4)));
});
