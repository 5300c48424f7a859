import { describe, expect, it } from "vitest";
import { broadcastTo, constant } from "../engine/graph/operations.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { exactDiffusion } from "../testing/oracles/index.js";
import { smallPath } from "../testing/small-path.js";
import { evidenceLowerBound } from "./evidence-lower-bound.js";
import type { ElboOptions } from "./options.js";

// A model that says .2 of every token: its terms hang on the tokens and their levels alone, and on no noise.
const scored = (rows: number[][], more: Partial<ElboOptions> = {}) =>
  evidenceLowerBound(
    exactDiffusion([1], ({ tokens }) => broadcastTo(constant(0.2), tokens.shape), { process: smallPath() }),
    {
      backend: referenceBackend(),
      parameters: {},
      tokens: tensor([7, 0.5, -9, 0.1], [2, 2, 1]),
      timesteps: 3,
      rows,
      seed: 3,
      ...more,
    },
  );

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

  it.each([
    [
      [
        [3, 3],
        [3, 1],
      ],
      /column 1 falls from 3 to 1/,
    ],
    [
      [
        [2, 3],
        [0, 0],
      ],
      /column 0 falls from 2 to 0/,
    ],
    [
      [
        [3, 0],
        [3, 0],
      ],
      /every column stays/,
    ],
  ])("refuses the rows %j", async (rows, message) => {
    await expect(scored(rows)).rejects.toThrow(message);
  });
});
