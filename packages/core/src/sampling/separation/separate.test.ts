import { describe, expect, it } from "vitest";
import { createRandom } from "../../engine/random/index.js";
import { type Separation, type SeparationOptions, separate } from "./separate.js";
import { markovPrior, type SequencePrior } from "./sequence-prior.js";
import { SumCounts } from "./sum-counts.js";

/** A prior that looks at the last symbols itself. */
const priorOf = (
  categories: number,
  probabilities: (prefix: readonly number[]) => readonly number[],
  more: Partial<SequencePrior> = {},
): SequencePrior => ({
  categories,
  logProbs: (prefixes) => prefixes.map((prefix) => probabilities(prefix).map(Math.log)),
  ...more,
});
/** Counts in which each sum's code was heard of the pairs given, each as often as the others. */
function heard(categories: number, ...pairs: readonly (readonly (readonly [number, number])[])[]): SumCounts {
  const counts = new SumCounts(categories);
  for (const [code, own] of pairs.entries()) for (const [a, b] of own) counts.add([a], [b], [code]);
  return counts;
}
const codesOf = ({ first, second }: Separation): number[][] => [[...first], [...second]];

// The first source is .5 and .5, then .9 for the symbol it had; the second .4 and .6, then .7 for the other one.
const stays = priorOf(2, (prefix) =>
  prefix.length === 0 ? [0.5, 0.5] : prefix.at(-1) === 0 ? [0.9, 0.1] : [0.1, 0.9],
);
const swaps = priorOf(2, (prefix) =>
  prefix.length === 0 ? [0.4, 0.6] : prefix.at(-1) === 0 ? [0.3, 0.7] : [0.7, 0.3],
);
const priors = [stays, swaps] as const;
const counts = new SumCounts(2);
// (0, 0) is heard as 0 in three of four, (0, 1) and (1, 0) as 1, (1, 1) as 0 in one of two.
counts.add([0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]);
counts.add([0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1]);
const given = { priors, counts, mixture: [1, 0] };
const beam = { kind: "beam", beams: 9 } as const;

describe("beam search", () => {
  it("finds the pair of sequences of the largest p1 p2 L^lambda", async () => {
    // (0, 1) then (0, 0): .5 .6 1 . .9 .7 .75. (1, 0) then (1, 1): .5 .4 1 . .9 .7 .5.
    expect(await separate({ ...given, search: beam })).toEqual({
      first: Int32Array.of(0, 0),
      second: Int32Array.of(1, 0),
      score: expect.closeTo(Math.log(0.3 * 0.9 * 0.7 * 0.75), 12),
      unheard: 0,
    });
    const squared = await separate({ ...given, search: beam, likelihoodWeight: 2 });
    expect(squared.score).toBeCloseTo(Math.log(0.3 * 0.9 * 0.7 * 0.75 ** 2), 12);
  });

  it("keeps as many pairs of prefixes as it may: with one the likeliest first pair decides", async () => {
    // 0 and 1 are .6 and .4 at first; of the second place only what follows 1 is possible.
    const first = priorOf(2, (prefix) =>
      prefix.length === 0 ? [0.6, 0.4] : prefix[0] === 0 ? [0.01, 0.99] : [0.9, 0.1],
    );
    const sure = priorOf(2, () => [1, 0]);
    const options = {
      priors: [first, sure],
      counts: heard(
        2,
        [
          [0, 0],
          [1, 0],
        ],
        [[0, 0]],
      ),
      mixture: [0, 1],
      likelihoodWeight: 0,
    } as const;
    const found = async (beams: number) => codesOf(await separate({ ...options, search: { kind: "beam", beams } }))[0];
    expect([await found(1), await found(2)]).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  /** Of three symbols, the last of which never comes: .6 and .4 at first, then 0, then what the first one was. */
  const looksBack = (order?: number): SequencePrior =>
    priorOf(
      3,
      (prefix) => {
        if (prefix.length < 2) return prefix.length === 0 ? [0.6, 0.4, 0] : [1, 0, 0];
        return prefix.at(-2) === 1 ? [0.01, 0.99, 0] : [0.99, 0.01, 0];
      },
      order === undefined ? {} : { order },
    );
  const blind = priorOf(3, () => [0.5, 0.5, 0], { order: 1 });
  const both = (isSwapped: boolean, one: SequencePrior, other: SequencePrior) =>
    isSwapped ? ([other, one] as const) : ([one, other] as const);
  const pairs = (isSwapped: boolean, ...all: readonly (readonly [number, number])[]) =>
    all.map(([a, b]) => (isSwapped ? ([b, a] as const) : ([a, b] as const)));

  it.each([
    [false, 2],
    [true, 2],
    [false, undefined],
    [true, undefined],
  ])(
    "keeps apart what one prior tells apart and the other does not (swapped %s, order %s)",
    async (isSwapped, order) => {
      const all = heard(3, pairs(isSwapped, [0, 0], [0, 1]), pairs(isSwapped, [0, 0]), pairs(isSwapped, [0, 1]));
      const found = await separate({
        ...{ priors: both(isSwapped, blind, looksBack(order)), counts: all, mixture: [0, 1, 2] },
        search: beam,
        likelihoodWeight: 0,
      });
      // .6 for a first 0, but .01 for the 1 that is then last.
      expect(codesOf(found)[isSwapped ? 0 : 1]).toEqual([1, 0, 1]);
      expect(found.score).toBeCloseTo(Math.log(0.5 ** 3 * 0.4 * 0.99), 12);
    },
  );

  it.each([false, true])(
    "joins what both priors go on from alike, to have room for others (swapped %s)",
    async (isSwapped) => {
      // Three pairs at first; then the blind source may go on either way, after which what it was at first is no matter.
      const at = (...all: readonly (readonly [number, number])[]) => pairs(isSwapped, ...all);
      const all = heard(3, at([0, 0], [1, 0], [0, 1]), at([0, 0], [1, 0]), at([0, 1]));
      const found = await separate({
        ...{ priors: both(isSwapped, blind, looksBack(2)), counts: all, mixture: [0, 1, 2] },
        search: { kind: "beam", beams: 3 },
        likelihoodWeight: 0,
      });
      expect(codesOf(found)[isSwapped ? 0 : 1]).toEqual([1, 0, 1]);
    },
  );

  it.each([
    [[0, 0] as const, [1, 0] as const],
    [[1, 0] as const, [0, 0] as const],
  ])("keeps the better of two that end alike, whichever comes first: %j and %j", async (one, other) => {
    const first = priorOf(2, (prefix) => (prefix.length === 0 ? [0.4, 0.6] : [1, 0]), { order: 1 });
    const second = priorOf(2, () => [1, 0], { order: 1 });
    const options = { priors: [first, second], counts: heard(2, [one, other], [[0, 0]]), mixture: [0, 1] } as const;
    expect(codesOf(await separate({ ...options, search: beam, likelihoodWeight: 0 }))[0]).toEqual([1, 0]);
  });

  it("asks a prior once a place, about no more of a prefix than it looks at", async () => {
    const asked: string[] = [];
    const recording = (name: string, order?: number): SequencePrior => {
      const { logProbs } = priorOf(2, () => [0.5, 0.5]);
      const told = (prefixes: readonly (readonly number[])[]) => {
        asked.push(`${name}: ${prefixes.map((prefix) => prefix.join("")).join(" ")}`);
        return logProbs(prefixes);
      };
      return { categories: 2, logProbs: told, ...(order === undefined ? {} : { order }) };
    };
    const one = heard(2, [[0, 1]], [[1, 0]]);
    await separate({ priors: [recording("a", 1), recording("b")], counts: one, mixture: [0, 1, 0, 0], search: beam });
    expect(asked).toEqual(["a: ", "b: ", "a: 0", "b: 1", "a: 1", "b: 10", "a: 0", "b: 101"]);
  });
});

describe("drawing", () => {
  /** Drawn codes of many seeds, counted as words "first second". */
  async function drawnBy(more: Partial<SeparationOptions>, topK?: number): Promise<string[]> {
    const found: string[] = [];
    for (let seed = 0; seed < 40; seed++) {
      const search = { kind: "sample", seed, ...(topK === undefined ? {} : { topK }) } as const;
      found.push(
        codesOf(await separate({ ...given, ...more, search }))
          .map((codes) => codes.join(""))
          .join(" "),
      );
    }
    return found;
  }
  const share = (seed: number, place: number): number => createRandom(seed).split(place).uniform();

  it("takes pairs by their shares, the likeliest first, each from its place's number", async () => {
    // As 1 are heard (0, 1): .5 .6, (1, 0): .5 .4, (1, 1): .5 .6 / 2 and (0, 0): .5 .4 / 4, .30, .20, .15 and .05 of .7.
    const words = ["0 1", "1 0", "1 1", "0 0"];
    const bounds = [0.3 / 0.7, 0.5 / 0.7, 0.65 / 0.7];
    const expected = Array.from(
      { length: 40 },
      (_, seed) => words[bounds.filter((bound) => share(seed, 0) >= bound).length],
    );
    expect(new Set(expected).size).toBe(4);
    expect(await drawnBy({ mixture: [1] })).toEqual(expected);
    // Of the likeliest two: .3 and .2 of .5.
    const two = Array.from({ length: 40 }, (_, seed) => words[share(seed, 0) < 0.6 ? 0 : 1]);
    expect(await drawnBy({ mixture: [1] }, 2)).toEqual(two);
  });

  it("goes on from what was drawn, and adds up the score of all places", async () => {
    // Then, as 0, (0, 0) with .75 and (1, 1) with .5; after (0, 1) .9 .7 .75 = .4725 and .1 .3 .5 = .015, ...
    const next: Record<string, readonly [number, number]> = {
      "0 1": [0.9 * 0.7 * 0.75, 0.1 * 0.3 * 0.5],
      "1 0": [0.1 * 0.3 * 0.75, 0.9 * 0.7 * 0.5],
    };
    const found = await drawnBy({}, 2);
    for (const [seed, codes] of found.entries()) {
      const before = share(seed, 0) < 0.6 ? "0 1" : "1 0";
      const [zeros, ones] = next[before]!;
      const isLikelier = share(seed, 1) < Math.max(zeros, ones) / (zeros + ones);
      const code = zeros > ones === isLikelier ? 0 : 1;
      expect(codes).toBe(before.replace(/\d/g, (digit) => `${digit}${code}`));
    }
    expect(new Set(found).size).toBeGreaterThan(2);
    const { score } = await separate({ ...given, search: { kind: "sample", seed: 0, topK: 1 } });
    expect(score).toBeCloseTo(Math.log(0.3 * 0.9 * 0.7 * 0.75), 12);
  });

  it("draws by shares also where a long sequence's probability is below every number", async () => {
    // (0, 0) has e^-10 at each of 200 places, (1, 1) e^-30 of that.
    const rare = priorOf(3, () => [Math.exp(-5), Math.exp(-20), 1 - Math.exp(-5) - Math.exp(-20)]);
    const found = await separate({
      ...{
        priors: [rare, rare],
        counts: heard(3, [
          [0, 0],
          [1, 1],
        ]),
        mixture: new Array<number>(200).fill(0),
      },
      search: { kind: "sample", seed: 1 },
    });
    expect(new Set(found.first)).toEqual(new Set([0]));
    expect(found.score).toBeCloseTo(-2000, 6);
  });

  it("is the same for a stream as for its seed", async () => {
    const found = await separate({ ...given, search: { kind: "sample", seed: createRandom(5) } });
    expect(found).toEqual(await separate({ ...given, search: { kind: "sample", seed: 5 } }));
  });
});

describe("separate", () => {
  it("lets the priors decide where a sum's code was never heard, among all pairs that were, and says where", async () => {
    const some = new SumCounts(3);
    some.add([0, 1], [2, 1], [0, 0]);
    // (1, 1) is twice as likely as (0, 2).
    const one = priorOf(3, () => [0.2, 0.4, 0.4]);
    const other = priorOf(3, () => [0.4, 0.3, 0.3]);
    const found = await separate({ priors: [one, other], counts: some, mixture: [0, 1, 2], search: beam });
    expect(found).toEqual({
      first: Int32Array.of(1, 1, 1),
      second: Int32Array.of(1, 1, 1),
      score: expect.closeTo(3 * Math.log(0.12), 12),
      unheard: 2,
    });
  });

  it("separates nothing into nothing", async () => {
    const nothing = { first: new Int32Array(0), second: new Int32Array(0), score: 0, unheard: 0 };
    expect(await separate({ ...given, mixture: [], search: beam })).toEqual(nothing);
  });

  it("tells how many places are done, and stops when asked to", async () => {
    const controller = new AbortController();
    const told: string[] = [];
    const onProgress = (done: number, total: number): void => {
      told.push(`${done} of ${total}`);
      if (done === 1) controller.abort();
    };
    const stopped = separate({ ...given, mixture: [1, 0, 1], search: beam, signal: controller.signal, onProgress });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
    expect(told).toEqual(["0 of 3", "1 of 3"]);
  });

  it("takes a prior that can be asked about all places but the last, and one that is asked as what it is", async () => {
    class Even implements SequencePrior {
      readonly categories = 2;
      readonly longest = 1;
      readonly #row = [0.5, 0.5].map(Math.log);
      logProbs(prefixes: readonly (readonly number[])[]): readonly number[][] {
        return prefixes.map(() => this.#row);
      }
    }
    const { first } = await separate({ ...given, priors: [new Even(), new Even()], search: beam });
    expect(first).toHaveLength(2);
  });

  const never = markovPrior({
    initial: [0, 1],
    transition: [
      [1, 0],
      [0, 1],
    ],
  });
  const three = priorOf(3, () => [0.2, 0.4, 0.4]);
  it.each<[string, Partial<SeparationOptions>, string]>([
    ["no beams", { search: { kind: "beam", beams: 0 } }, "search.beams is 0; expected a whole number from 1"],
    ["an unknown search", { search: { kind: "magic" } as never }, "search.kind"],
    [
      "a prior of another alphabet",
      { priors: [stays, three] },
      "prior 2 knows 3 symbols and sequences up to Infinity; expected 2 symbols",
    ],
    [
      "a prior that is too short",
      { priors: [{ ...stays, longest: 0 }, swaps] },
      "prior 1 knows 2 symbols and sequences up to 1; expected 2 symbols, as were counted, and 2 places",
    ],
    ["no seed", { search: { kind: "sample", seed: null } as never }, "search.seed is null; expected a seed"],
    ["a seed left out", { search: { kind: "sample", seed: undefined } as never }, "search.seed is undefined"],
    ["codes there are not", { mixture: [0, 2] }, "there is no code 2 (number 1)"],
    ["what is no prior", { priors: [stays, {}] as never }, "priors.1 is an object; expected a prior"],
    ["one prior", { priors: [stays] as never }, "priors"],
    ["what counts nothing", { counts: {} as never }, "counts is an object; expected counted sums"],
    [
      "what no pair explains",
      { counts: heard(2, [[0, 0]]), priors: [never, never], mixture: [0] },
      "no pair of sequences explains the mixture up to its code 0 at place 0",
    ],
    ["a negative weight", { likelihoodWeight: -1 }, "likelihoodWeight is -1"],
    ["an option there is not", { beams: 3 } as never, "there is no option beams"],
  ])("refuses %s", async (_, changes, message) => {
    await expect(separate({ ...given, search: beam, ...changes })).rejects.toThrow(message);
  });

  it.each<[string, unknown]>([
    ["null for", null],
    ["[] for", []],
    ["a row of three for", [[0, 0, 0]]],
    ["NaN for", [[0, Number.NaN]]],
    ["words for", [["0", "0"]]],
    ["a typed row that is no law", [Float64Array.of(0, Number.NaN)]],
  ])("refuses a prior that gives %s a prefix", async (_, given) => {
    const silent: SequencePrior = { categories: 2, logProbs: () => given as never };
    for (const [number, priors] of [
      [stays, silent],
      [silent, stays],
    ].entries()) {
      const refused = separate({ counts, mixture: [0], priors: priors as never, search: beam });
      await expect(refused).rejects.toThrow(`separate: prior ${2 - number} gave `);
      await expect(refused).rejects.toThrow(
        " for 1 prefixes; expected as many rows of 2 log probabilities, none of them NaN.",
      );
    }
  });

  it("refuses a prior that has a law for the first prefix alone", async () => {
    const one: SequencePrior = { categories: 2, logProbs: () => [Float32Array.of(-0.7, -0.7)] };
    await expect(separate({ ...given, priors: [stays, one], search: beam })).rejects.toThrow("for 4 prefixes");
  });
});
