import { describe, expect, it } from "vitest";
import { broadcastTo, constant, mul } from "../engine/graph/operations.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { exactDiffusion } from "../testing/oracles/index.js";
import { smallPath } from "../testing/small-path.js";
import { type ElboProgress, evidenceLowerBound, evidenceLowerBoundStream } from "./evidence-lower-bound.js";
import type { ElboOptions } from "./options.js";

/** A model whose answer is half of what it sees, so that every draw of the noise counts. */
const diffusion = exactDiffusion([1], ({ tokens }) => mul(tokens, 0.5), { process: smallPath() });
const optionsOf = (more: Partial<ElboOptions> = {}): ElboOptions => ({
  backend: referenceBackend(),
  parameters: {},
  tokens: tensor([0.5, -1, 2, 0.1], [2, 2, 1]),
  timesteps: 3,
  rows: [3, 2, 1, 0].map((index) => [index, index]),
  seed: 9,
  draws: 2,
  ...more,
});
const bound = (more: Partial<ElboOptions> = {}) => evidenceLowerBound(diffusion, optionsOf(more));

describe("evidenceLowerBoundStream", () => {
  it("yields every step of every draw, and the bound by the draws that are finished", async () => {
    const seen: ElboProgress[] = [];
    for await (const progress of evidenceLowerBoundStream(diffusion, optionsOf())) seen.push(progress);
    expect(seen.map(({ step, steps }) => `${step}/${steps}`).join(" ")).toBe("1/6 2/6 3/6 4/6 5/6 6/6");
    expect(seen.map(({ result }) => result !== undefined)).toEqual([false, false, true, true, true, true]);
    expect(seen[4]!.result).toEqual(await bound({ draws: 1 }));
    expect(seen[5]!.result).toEqual(await bound());
    expect(seen.map(({ state }) => [state.step, state.nats.length])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 2],
      [5, 2],
      [6, 2],
    ]);
  });

  it("goes on from any step with the same bits, and to more draws", async () => {
    const whole = await bound();
    for await (const { state } of evidenceLowerBoundStream(diffusion, optionsOf())) {
      expect(await bound({ resume: structuredClone(state) })).toEqual(whole);
    }
    let last: ElboProgress | undefined;
    for await (const progress of evidenceLowerBoundStream(diffusion, optionsOf({ draws: 1 }))) last = progress;
    expect(await bound({ resume: last!.state })).toEqual(whole);
    expect(await bound({ draws: 1, resume: last!.state })).toEqual(last!.result);
  });

  it("frees what it compiled, and what a step left on the device, also where it is left or fails", async () => {
    const inner = referenceBackend();
    const counts = { compiled: 0, disposed: 0, results: 0, freed: 0 };
    let isBroken = false;
    const backend: typeof inner = {
      ...inner,
      compile: async (graph, options) => {
        const executable = await inner.compile(graph, options);
        counts.compiled++;
        return {
          run: async (inputs, more) => {
            if (isBroken) throw new Error("out of order");
            const { nats } = await executable.run(inputs, more);
            counts.results++;
            const { dtype, shape } = nats!;
            const read = async () => nats as ReturnType<typeof tensor>;
            return { nats: { dtype, shape, device: "far", read, dispose: () => void counts.freed++ } };
          },
          dispose: () => {
            counts.disposed++;
            return executable.dispose();
          },
        };
      },
    };
    expect(await bound({ backend })).toEqual(await bound());
    expect(counts).toEqual({ compiled: 1, disposed: 1, results: 6, freed: 6 });
    for await (const { step } of evidenceLowerBoundStream(diffusion, optionsOf({ backend }))) if (step === 2) break;
    expect(counts).toEqual({ compiled: 2, disposed: 2, results: 8, freed: 8 });
    isBroken = true;
    await expect(bound({ backend })).rejects.toThrow("out of order");
    expect(counts).toEqual({ compiled: 3, disposed: 3, results: 8, freed: 8 });
  });

  it("stops when aborted, before the first step and between two", async () => {
    await expect(bound({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
    const abort = new AbortController();
    const steps: number[] = [];
    const work = async () => {
      for await (const { step } of evidenceLowerBoundStream(diffusion, optionsOf({ signal: abort.signal }))) {
        steps.push(step);
        if (step === 2) abort.abort();
      }
    };
    await expect(work()).rejects.toMatchObject({ code: "aborted" });
    expect(steps).toEqual([1, 2]);
  });
});

describe("evidenceLowerBound", () => {
  it("gives the model its weights and its condition, and takes the data's range among weights for none", async () => {
    const plain = exactDiffusion([1], ({ tokens }) => tokens, { process: smallPath() });
    const { process } = plain;
    const model = {
      ...plain.model,
      conditionFeatures: 1,
      parameters: { scale: { shape: [], initializer: { kind: "ones" as const } } },
      apply: (
        { scale }: Record<string, ReturnType<typeof constant>>,
        { condition }: { condition?: ReturnType<typeof constant> },
      ) => mul(condition!, scale!),
    };
    const given = {
      parameters: { scale: tensor([2], []), "data.minimum": tensor([-9]), "data.maximum": tensor([9]) },
      condition: tensor([0.1, 0.2, 0.3, 0.4], [2, 2, 1]),
      draws: 1,
    };
    const conditioned = await evidenceLowerBound(
      { model, process, lossWeighting: plain.lossWeighting } as never,
      optionsOf(given),
    );
    // A model that says twice the condition: as one that says it of itself.
    const saying = (values: number[]) =>
      exactDiffusion([1], ({ tokens }) => broadcastTo(constant(tensor(values, [2, 2, 1])), tokens.shape), {
        process: smallPath(),
      });
    const said = await evidenceLowerBound(saying([0.2, 0.4, 0.6, 0.8]), optionsOf({ draws: 1 }));
    expect([...conditioned.nats]).toEqual([...said.nats].map((value) => expect.closeTo(value, 5)));
  });

  it("takes a token's features one by one, each with its share of the prior's term", async () => {
    // Two features of one token are two tokens of one feature, for a model that answers .2 of both.
    const constantOf = (shape: number[]) =>
      exactDiffusion(shape, ({ tokens }) => broadcastTo(constant(0.2), tokens.shape), { process: smallPath() });
    const values = [0.5, -1, 2, 0.1, 7, 7, 7, 7];
    const rows = (columns: number) => [3, 2, 1, 0].map((index) => [...new Array<number>(columns).fill(index), 3, 3]);
    const wide = await evidenceLowerBound(
      constantOf([2]),
      optionsOf({ tokens: tensor(values, [1, 4, 2]), rows: rows(2), draws: 1 }),
    );
    const narrow = await evidenceLowerBound(
      constantOf([1]),
      optionsOf({ tokens: tensor(values.slice(0, 6), [1, 6, 1]), rows: rows(4), draws: 1 }),
    );
    expect(wide.nats[0]).toBeCloseTo(narrow.nats[0]!, 5);
    expect(wide.bitsPerDimension).toBeCloseTo(-wide.nats[0]! / 4 / Math.LN2, 8);
  });

  it("takes a whole number or a stream for a seed, and draws 1 where it is not told", async () => {
    const { createRandom } = await import("../engine/random/index.js");
    expect(await bound({ seed: createRandom(9) })).toEqual(await bound());
    expect((await bound({ seed: 8 })).nats).not.toEqual((await bound()).nats);
    const { draws: _, ...rest } = optionsOf();
    expect(await evidenceLowerBound(diffusion, rest)).toEqual(await bound({ draws: 1 }));
  });
});
