import { describe, expect, it } from "vitest";
import { createRandom, type RandomStream } from "../../engine/random/index.js";
import { checkLaw } from "../../testing/law.js";
import { chiSquare } from "../../testing/statistics.js";
import { type SeparationOptions, separate } from "./separate.js";
import { markovPrior, type SequencePrior } from "./sequence-prior.js";
import { SumCounts } from "./sum-counts.js";

const [CODES, PLACES] = [3, 4];

function distribution(random: RandomStream, count: number): number[] {
  const weights = Array.from({ length: count }, () => -Math.log(random.uniform()));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

const chain = (random: RandomStream): SequencePrior =>
  markovPrior({
    initial: distribution(random, CODES),
    transition: Array.from({ length: CODES }, () => distribution(random, CODES)),
  });

interface Case extends Pick<SeparationOptions, "counts" | "likelihoodWeight"> {
  readonly priors: readonly [SequencePrior, SequencePrior];
  readonly mixture: readonly number[];
}

function drawCase(random: RandomStream): Case {
  const counts = new SumCounts(CODES);
  const draw = (count: number): number[] => Array.from({ length: count }, () => random.integer(0, CODES));
  counts.add(draw(60), draw(60), draw(60));
  return {
    priors: [chain(random), chain(random)],
    counts,
    mixture: draw(PLACES),
    likelihoodWeight: 0.5 + random.uniform(),
  };
}

/** The score of the likeliest pair of sequences, among all (V^2)^T. */
function bruteForce({ priors, counts, mixture, likelihoodWeight = 1 }: Case): number {
  const laws = ({ logProbs }: SequencePrior, before: number | undefined): ArrayLike<number> =>
    (logProbs([before === undefined ? [] : [before]]) as readonly ArrayLike<number>[])[0] as ArrayLike<number>;
  const from = (t: number, a: number | undefined, b: number | undefined): number => {
    if (t === mixture.length) return 0;
    const [p, q] = [laws(priors[0], a), laws(priors[1], b)];
    const { first, second, logLikelihoods } = counts.support(mixture[t] as number);
    return Array.from(first, (next, n) => {
      const other = second[n] as number;
      const gain = (p[next] as number) + (q[other] as number) + likelihoodWeight * (logLikelihoods[n] as number);
      return gain + from(t + 1, next, other);
    }).reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  };
  return from(0, undefined, undefined);
}

/** A beam search that takes the prefix of its rank along, instead of the one it extends: the fault of the public code. */
async function misattributed({ priors, counts, mixture, likelihoodWeight = 1 }: Case, beams: number): Promise<number> {
  let kept: { a: number[]; b: number[]; score: number }[] = [{ a: [], b: [], score: 0 }];
  const scoreOf = async (a: readonly number[], b: readonly number[]): Promise<number> => {
    let total = 0;
    for (let t = 0; t < a.length; t++) {
      const [[p], [q]] = [await priors[0].logProbs([a.slice(0, t)]), await priors[1].logProbs([b.slice(0, t)])];
      const { first, second, logLikelihoods } = counts.support(mixture[t] as number);
      const n = Array.from(first).findIndex((code, i) => code === a[t] && second[i] === b[t]);
      total += (p?.[a[t] as number] ?? 0) + (q?.[b[t] as number] ?? 0) + likelihoodWeight * (logLikelihoods[n] ?? 0);
    }
    return total;
  };
  for (const m of mixture) {
    const { first, second, logLikelihoods } = counts.support(m);
    const [ps, qs] = [
      await priors[0].logProbs(kept.map(({ a }) => a)),
      await priors[1].logProbs(kept.map(({ b }) => b)),
    ];
    const longer = kept.flatMap(({ score }, i) =>
      Array.from(first, (a, n) => ({
        pair: [a, second[n] as number] as const,
        score:
          score +
          (ps[i]?.[a] as number) +
          (qs[i]?.[second[n] as number] as number) +
          likelihoodWeight * (logLikelihoods[n] as number),
      })),
    );
    longer.sort((x, y) => y.score - x.score);
    const before = kept;
    kept = longer.slice(0, beams).map(({ pair: [a, b], score }, rank) => {
      const parent = before[rank % before.length];
      return { a: [...(parent?.a ?? []), a], b: [...(parent?.b ?? []), b], score };
    });
  }
  return scoreOf(kept[0]?.a ?? [], kept[0]?.b ?? []);
}

describe("beam search", () => {
  it("finds the likeliest pair of sequences", async ({ task }) => {
    const random = createRandom(11);
    const cases = Array.from({ length: 1000 }, (_, i) => drawCase(random.split(i)));
    const truths = cases.map(bruteForce);
    const share = async (found: (one: Case) => Promise<number>): Promise<number> => {
      let right = 0;
      for (const [i, one] of cases.entries()) {
        if (Math.abs((await found(one)) - (truths[i] as number)) < 1e-9) right++;
      }
      return right / cases.length;
    };
    const beam = (beams: number) => async (one: Case) =>
      (await separate({ ...one, search: { kind: "beam", beams } })).score;
    checkLaw(task, {
      law: "Separation's beam search with as many beams as pairs of codes finds the likeliest pair of sequences under Markov priors",
      statistic: "share of 1000 random cases where its score is that of brute force",
      found: await share(beam(CODES ** 2)),
      within: [1, 1],
      broken: {
        "one beam": await share(beam(1)),
        "prefixes taken along by rank": await share((one) => misattributed(one, CODES ** 2)),
      },
    });
  }, 60_000);

  it("finds it too where priors look at everything, with room for all prefixes", async () => {
    const random = createRandom(12);
    for (let i = 0; i < 20; i++) {
      const one = drawCase(random.split(i));
      const [p, q] = one.priors.map(({ categories, logProbs }): SequencePrior => ({ categories, logProbs }));
      const priors = [p as SequencePrior, q as SequencePrior] as const;
      const search = { kind: "beam", beams: CODES ** (2 * (PLACES - 1)) } as const;
      const found = await separate({ ...one, priors, search });
      expect(found.score).toBeCloseTo(bruteForce(one), 9);
      expect([found.first.length, found.second.length, found.unheard]).toEqual([PLACES, PLACES, 0]);
    }
  });
});

describe("drawing", () => {
  it("follows the joint law of each pair given those before", async ({ task }) => {
    const random = createRandom(13);
    const one = drawCase(random);
    const { first, second, logLikelihoods } = one.counts.support(1);
    const [[p], [q]] = [await one.priors[0].logProbs([[]]), await one.priors[1].logProbs([[]])];
    const weights = Array.from(first, (a, n) =>
      Math.exp(
        (p?.[a] as number) +
          (q?.[second[n] as number] as number) +
          one.likelihoodWeight! * (logLikelihoods[n] as number),
      ),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const shares = weights.map((weight) => weight / total);
    async function fit(changes: Partial<SeparationOptions>): Promise<number> {
      const tally = new Array<number>(first.length).fill(0);
      for (let seed = 0; seed < 20_000; seed++) {
        const found = await separate({ ...one, search: { kind: "sample", seed }, ...changes, mixture: [1] });
        const n = Array.from(first).findIndex((a, i) => a === found.first[0] && second[i] === found.second[0]);
        tally[n]!++;
      }
      return chiSquare(tally, shares);
    }
    checkLaw(task, {
      law: "Separation by drawing follows p1 p2 L^lambda over the pairs that were heard as the mixture's code",
      statistic: "p, chi-square, 20000 draws",
      found: await fit({}),
      within: [1e-3, 1],
      broken: { "the likelihood left out": await fit({ likelihoodWeight: 0 }) },
    });
  });
});
