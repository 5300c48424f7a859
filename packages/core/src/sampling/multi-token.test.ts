import { describe, expect, it } from "vitest";
import type { Backend } from "../engine/backend/contract.js";
import { add, mul, sub } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { cpHead, transformer } from "../models/index.js";
import type { Model } from "../models/model.js";
import { deviceStandIn } from "../testing/device-stand-in.js";
import { type NextSymbols, symbolChain } from "../testing/oracles/symbol-chain.js";
import { type MultiTokenSampling, sampleSymbols } from "./multi-token.js";

/** One symbol of `categories` for sure. */
const sure = (symbol: number, categories: number): number[] =>
  Array.from({ length: categories }, (_, k) => (k === symbol ? 1 : 0));
/** A single term that is sure of the next symbols. */
const row = (symbols: readonly number[], categories: number): NextSymbols => ({
  weights: [1],
  symbols: [symbols.map((symbol) => sure(symbol, categories))],
});
const options = { backend: referenceBackend(), parameters: {}, seed: 1 };

describe("sampleSymbols", () => {
  const three = cpHead({ categories: 3, ahead: 3 });
  // 0, 1, 2, 0, 1, 2 ... for sure.
  const counting = [1, 2, 0].map((next) => row([next, (next + 1) % 3, (next + 2) % 3], 3));
  const counted = { ...options, model: symbolChain(three, row([0, 1, 2], 3), counting), head: three };

  it("decides n symbols in a run where the head is right, the last of them the first of the next row", async () => {
    // Decided after each run: 1, 4, 7 and 8.
    const { symbols, calls } = await sampleSymbols({ ...counted, length: 8 });
    expect(symbols).toEqual({ dtype: "int32", shape: [1, 8], data: Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1) });
    expect(calls).toBe(4);
    // The draft of the last symbol is checked like any other.
    expect((await sampleSymbols({ ...counted, length: 7 })).calls).toBe(3);
    expect((await sampleSymbols({ ...counted, length: 1 })).calls).toBe(1);
  });

  it("decides one symbol in a run without speculation", async () => {
    const { symbols, calls } = await sampleSymbols({ ...counted, length: 8, speculate: false });
    expect([...symbols.data]).toEqual([0, 1, 2, 0, 1, 2, 0, 1]);
    expect(calls).toBe(8);
  });

  it("decides one symbol in a run where the head is wrong, the right one, and looks no further", async () => {
    // The next symbol is right, those after it are not.
    const wrong = [1, 2, 0].map((next) => row([next, next, next], 3));
    const model = symbolChain(three, row([0, 0, 0], 3), wrong);
    const { symbols, calls } = await sampleSymbols({ ...counted, model, length: 6 });
    expect([...symbols.data]).toEqual([0, 1, 2, 0, 1, 2]);
    expect(calls).toBe(6);
  });

  it("drafts by the terms that explain the symbols drafted before", async () => {
    // The same symbol for ever, after a first one by chance: four terms, each sure of one.
    const head = cpHead({ categories: 4, ahead: 4, rank: 4 });
    const symbols = [0, 1, 2, 3].map((k) => [0, 1, 2, 3].map(() => sure(k, 4)));
    const stays = [0, 1, 2, 3].map((k) => ({ weights: sure(k, 4), symbols }));
    const model = symbolChain(head, { weights: [0.25, 0.25, 0.25, 0.25], symbols }, stays);
    const found = await sampleSymbols({ ...options, model, head, batch: 40, length: 8 });
    // 1, 5 and 8 decided; no draft is lost.
    expect(found.calls).toBe(3);
    const starts = Array.from({ length: 40 }, (_, b) => found.symbols.data[8 * b]!);
    expect([...found.symbols.data]).toEqual(starts.flatMap((start) => new Array<number>(8).fill(start)));
    expect(new Set(starts).size).toBe(4);
  });

  it("lets every sequence of a batch go at its own pace", async () => {
    // Zeros for ever or ones for ever; of what follows a one, the head is wrong but for the next.
    const head = cpHead({ categories: 2, ahead: 3 });
    const halves = { weights: [1], symbols: [[[0.5, 0.5], sure(0, 2), sure(0, 2)]] };
    const model = symbolChain(head, halves, [row([0, 0, 0], 2), row([1, 0, 0], 2)]);
    const calls = new Set<string>();
    for (let seed = 0; seed < 8; seed++) {
      const { symbols, calls: runs } = await sampleSymbols({ ...options, seed, model, head, length: 5 });
      calls.add(`${symbols.data.join("")} in ${runs}`);
    }
    // 1, 4 and 5 decided, since a row holds no fourth symbol; or one after the other.
    expect(calls).toEqual(new Set(["00000 in 3", "11111 in 5"]));
    const { symbols, calls: most } = await sampleSymbols({ ...options, model, head, batch: 8, length: 5 });
    const all = Array.from({ length: 8 }, (_, b) => symbols.data.slice(5 * b, 5 * b + 5).join(""));
    expect(new Set(all)).toEqual(new Set(["00000", "11111"]));
    expect(most).toBe(5);
  });

  // Two terms of two symbols each. The first symbol's law is .25 (.2, .8) + .75 (.6, .4) = (.5, .5); a second one after
  // 0 is drafted by (.05 (.9, .1) + .45 (.1, .9)) / .5 = (.18, .82), after 1 by (.2 (.9, .1) + .3 (.1, .9)) / .5 = (.42, .58).
  const two = cpHead({ categories: 2, ahead: 2, rank: 2 });
  const before: NextSymbols = {
    weights: [0.25, 0.75],
    symbols: [
      [
        [0.2, 0.8],
        [0.9, 0.1],
      ],
      [
        [0.6, 0.4],
        [0.1, 0.9],
      ],
    ],
  };
  // After 0 its law is (.7, .3), after 1 (.1, .9).
  const next = [0.7, 0.1].map((zero) => ({
    weights: [0.5, 0.5],
    symbols: [zero + 0.1, zero - 0.1].map((share) => [[share, 1 - share], sure(0, 2)]),
  }));
  const mixed = { ...options, model: symbolChain(two, before, next), head: two, batch: 200, length: 2, seed: 3 };
  const draft = [0.18, 0.42];
  const target = [0.7, 0.1];
  const share = (b: number, place: number, label: string): number =>
    createRandom(3).split(b).split(place).split(label).uniform();

  it("draws by numbers of each sequence, place and purpose, and keeps a draft with probability q / p", async () => {
    const expected = Array.from({ length: 200 }, (_, b) => {
      const x = share(b, 0, "draft") < 0.5 ? 0 : 1;
      const zero = { p: draft[x]!, q: target[x]! };
      const y = share(b, 1, "draft") < zero.p ? 0 : 1;
      const [p, q] = y === 0 ? [zero.p, zero.q] : [1 - zero.p, 1 - zero.q];
      // Of two symbols the other one is what is drawn instead.
      return share(b, 1, "accept") * p < q ? [x, y] : [x, 1 - y];
    });
    const { symbols, calls } = await sampleSymbols(mixed);
    expect([...symbols.data]).toEqual(expected.flat());
    expect(calls).toBe(2);
    expect(await sampleSymbols({ ...mixed, seed: createRandom(3) })).toEqual({ symbols, calls });
  });

  it("draws plain symbols by the same numbers", async () => {
    const expected = Array.from({ length: 200 }, (_, b) => {
      const x = share(b, 0, "draft") < 0.5 ? 0 : 1;
      return [x, share(b, 1, "draft") < target[x]! ? 0 : 1];
    });
    expect([...(await sampleSymbols({ ...mixed, speculate: false })).symbols.data]).toEqual(expected.flat());
  });

  it("tells the model its weights", async () => {
    // Counts up under a weight of 1, and stays under one of 0.
    const stays = symbolChain(
      three,
      row([0, 0, 0], 3),
      [0, 1, 2].map((k) => row([k, k, k], 3)),
    );
    const model: Model = {
      ...counted.model,
      parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
      apply: ({ w }, input) => add(mul(counted.model.apply({}, input), w!), mul(stays.apply({}, input), sub(1, w!))),
    };
    const drawn = async (w: number) =>
      (await sampleSymbols({ ...counted, model, parameters: { w: tensor([w]) }, length: 5 })).symbols.data.join("");
    expect([await drawn(1), await drawn(0)]).toEqual(["01201", "00000"]);
  });

  it("keeps nothing on the device, also where it fails", async () => {
    const { backend, live, open } = deviceStandIn();
    await sampleSymbols({ ...counted, backend, length: 5 });
    expect([live(), open()]).toEqual([0, 0]);
    await expect(sampleSymbols({ ...counted, backend, length: 5, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
    expect([live(), open()]).toEqual([0, 0]);
  });

  it("stops between two runs when asked to", async () => {
    const controller = new AbortController();
    const inner = referenceBackend();
    let runs = 0;
    const backend: Backend = {
      ...inner,
      compile: async (graph, settings) => {
        const executable = await inner.compile(graph, settings);
        return {
          ...executable,
          run: (...given) => {
            if (++runs === 2) controller.abort();
            return executable.run(...given);
          },
        };
      },
    };
    const stopped = sampleSymbols({ ...counted, backend, length: 30, signal: controller.signal });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
    expect(runs).toBe(2);
  });

  it.each<[string, Partial<Record<keyof MultiTokenSampling | "temperature", unknown>>, string]>([
    ["a backend", { backend: {} }, "backend is an object; expected a backend"],
    ["a model", { model: transformer({ features: 4 }) }, "outputs: 10, causal: true"],
    ["a head", { head: {} }, "head is an object; expected a head"],
    ["weights", { model: transformer({ features: 3, outputs: 10, width: 8, heads: 1, layers: 1 }) }, "is missing"],
    ["weights that are none", { parameters: null }, "parameters is null; expected weights by parameter name"],
    ["a batch", { batch: 0 }, "batch is 0; expected a whole number from 1"],
    ["a length", { length: 0 }, "length is 0; expected a whole number from 1"],
    ["a size", { batch: 2 ** 20, length: 2 ** 20 }, "1048576 sequences"],
    ["a seed", { seed: null }, "seed is null; expected a seed"],
    ["a seed that is left out", { seed: undefined }, "seed"],
    ["a choice", { speculate: 1 }, "speculate is 1"],
    ["a signal", { signal: {} }, "signal is an object; expected an AbortSignal"],
    ["an option", { temperature: 1 }, "there is no option temperature"],
  ])("refuses %s", async (_, wrong, message) => {
    await expect(sampleSymbols({ ...counted, length: 2, ...wrong } as never)).rejects.toThrow(message);
  });
});
