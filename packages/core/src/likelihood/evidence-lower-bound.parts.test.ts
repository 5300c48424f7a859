import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { broadcastTo, constant } from "../engine/graph/operations.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { discreteBayesianFlow } from "../process/bayesian-flow/discrete.js";
import { edm } from "../process/gaussian/edm.js";
import { exactDiffusion } from "../testing/oracles/index.js";
import { smallPath } from "../testing/small-path.js";
import { evidenceLowerBound } from "./evidence-lower-bound.js";
import type { ElboOptions } from "./options.js";

// A model that says .2 of every token: its terms hang on the tokens and their levels alone, and on no noise.
const saying = exactDiffusion([1], ({ tokens }) => broadcastTo(constant(0.2), tokens.shape), { process: smallPath() });
const scored = (rows: number[][], more: Partial<ElboOptions> = {}, diffusion: Diffusion = saying) =>
  evidenceLowerBound(diffusion, {
    backend: referenceBackend(),
    parameters: {},
    tokens: tensor([7, 0.5, -9, 0.1], [2, 2, 1]),
    timesteps: 3,
    rows,
    seed: 3,
    ...more,
  });

const [signal, noise] = [
  [1, 0.8, 0.6, 0.28],
  [0, 0.6, 0.8, 0.96],
];
/** KL of a step between two levels, with the forward process's variance or the posterior's. */
function step(x: number, from: number, to: number, isForward = true): number {
  const removed = 1 - (signal[from]! / noise[from]! / (signal[to]! / noise[to]!)) ** 2;
  const posterior = removed * noise[to]! ** 2;
  const reverse = isForward ? removed * noise[from]! ** 2 : posterior;
  const apart = (removed * signal[to]! * (x - 0.2)) ** 2;
  return (Math.log(reverse / posterior) + (posterior + apart) / reverse - 1) / 2;
}
/** KL(N(.28 x, .96^2) || N(0, 1)), and minus the log density of x around .2 with the variance .36 / .64. */
const prior = (x: number): number => (0.0784 * x ** 2 + 0.9216 - 1 - Math.log(0.9216)) / 2;
const last = (x: number): number => ((x - 0.2) ** 2 / 0.5625 + Math.log(2 * Math.PI * 0.5625)) / 2;
const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));

describe("evidenceLowerBound", () => {
  it("is minus the prior's term, the steps' and the reconstruction's, of the scored token of each sequence", async () => {
    const rows = [
      [0, 3],
      [0, 2],
      [0, 1],
      [0, 0],
    ];
    const bound = (x: number) => -(prior(x) + step(x, 3, 2) + step(x, 2, 1) + last(x));
    const { nats, bitsPerDimension } = await scored(rows);
    expect([...nats]).toEqual(close([bound(0.5), bound(0.1)]));
    // One number of each sequence is scored.
    expect(bitsPerDimension).toBeCloseTo(-(bound(0.5) + bound(0.1)) / 2 / Math.LN2, 6);
    const tight = (x: number) => -(prior(x) + step(x, 3, 2, false) + step(x, 2, 1, false) + last(x));
    expect([...(await scored(rows, { variance: 0 })).nats]).toEqual(close([tight(0.5), tight(0.1)]));
  });

  it("takes every token at its own level, in any order, over rows that repeat", async () => {
    const rows = [
      [3, 3],
      [3, 1],
      [3, 1],
      [1, 1],
      [1, 0],
      [0, 0],
    ];
    const bound = (x: number) => -(prior(x) + step(x, 3, 1) + last(x));
    const { nats, bitsPerDimension } = await scored(rows);
    expect([...nats]).toEqual(close([bound(7) + bound(0.5), bound(-9) + bound(0.1)].map((x) => x)));
    expect(bitsPerDimension).toBeCloseTo(-(nats[0]! + nats[1]!) / 2 / 2 / Math.LN2, 6);
  });

  it("draws noise of its own for each step of each draw", async () => {
    const firsts: number[] = [];
    const inner = referenceBackend();
    const backend: typeof inner = {
      ...inner,
      compile: async (graph, options) => {
        const executable = await inner.compile(graph, options);
        const run: typeof executable.run = (inputs, more) => {
          firsts.push((inputs.noise as HostTensor).data[0]!);
          return executable.run(inputs, more);
        };
        return { run, dispose: () => executable.dispose() };
      },
    };
    await scored(
      [3, 2, 1, 0].map((index) => [index, index]),
      { draws: 2, backend },
    );
    expect(firsts).toHaveLength(6);
    expect(new Set(firsts).size).toBe(6);
  });

  it("leaves a missing token out of the prior's term", async () => {
    const rows = [
      [3, 3],
      [3, 1],
      [3, 0],
    ];
    const bound = (x: number) => -(prior(x) + step(x, 3, 1) + last(x));
    expect([...(await scored(rows)).nats]).toEqual(close([bound(0.5), bound(0.1)]));
  });

  it("compares what the last level leaves with the process's own prior", async () => {
    // Levels of noise 0, .5, 10 and a token of 5: KL(N(5, 10^2) || N(0, 10^2)) is 25 / 200.
    const process = edm({ levels: 2, sigmaMin: 0.5, sigmaMax: 10, limit: { kind: "none" } });
    const knowing = exactDiffusion([1], ({ tokens }) => broadcastTo(constant(5), tokens.shape), { process });
    const rows = [[2], [1], [0]];
    const options = { tokens: tensor([5], [1, 1, 1]), timesteps: 2, rows, variance: 0 };
    const { nats } = await scored(rows, options, knowing);
    // The model knows: the step costs nothing, the reconstruction the height of N(5, .5^2).
    expect(nats[0]).toBeCloseTo(-0.125 - Math.log(2 * Math.PI * 0.25) / 2, 4);
    const narrow = { ...knowing, process: { ...process, terminal: { signal: 0.5, noise: 5 } } };
    const half = await scored(rows, options, narrow);
    expect(half.nats[0]! - nats[0]!).toBeCloseTo(0.125 - (0.0625 + 0.25 - 1 - Math.log(0.25)) / 2, 4);
  });

  it("has no prior's term where the last level is nothing at all", async () => {
    const flow = discreteBayesianFlow({ categories: 2, levels: 2, finalAccuracy: 2 });
    const model: Model = {
      config: { kind: "constant" },
      tokenShape: [2],
      conditionFeatures: 0,
      parameters: {},
      apply: (_, { tokens }) => broadcastTo(constant(tensor([0.25, 0.75].map(Math.log), [2])), tokens.shape),
    };
    const rows = [[2], [1], [0]];
    const options = { tokens: tensor([1, -1], [1, 1, 2]), timesteps: 2, rows };
    const { nats } = await scored(rows, options, { model, process: flow, lossWeighting: flow.lossWeighting });
    // Half of the accuracy that level 1 adds, times the squared error .75^2 + .75^2, and the surprise of .25.
    const accuracy = flow.information!.accuracy[1]!;
    expect(accuracy).toBeGreaterThan(0.5);
    expect(nats[0]).toBeCloseTo(-(accuracy / 2) * 1.125 + Math.log(0.25), 5);
  });
});
