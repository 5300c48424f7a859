import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { ctcBeam, ctcGreedy } from "./ctc-decode.js";

const random = createRandom(4);
const drawn = (): number[][] =>
  Array.from({ length: 4 }, () => {
    const row = Array.from({ length: 3 }, () => Math.exp(1.5 * random.normal()));
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((value) => Math.log(value / total));
  });

/** Probabilities of all sequences, over all 3^4 alignments. */
function bruteForce(outputs: readonly (readonly number[])[]): Map<string, number> {
  const shares = new Map<string, number>();
  for (let i = 0; i < 81; i++) {
    const alignment = Array.from({ length: 4 }, (_, n) => Math.floor(i / 3 ** n) % 3);
    const key = alignment
      .filter((k, n) => k !== 0 && k !== alignment[n - 1])
      .map((k) => k - 1)
      .join();
    const share = Math.exp(alignment.reduce((sum, k, n) => sum + outputs[n]![k]!, 0));
    shares.set(key, (shares.get(key) ?? 0) + share);
  }
  return shares;
}

describe("CTC decoding", () => {
  it("by a wide beam finds the likeliest sequence of all, with its probability, in 300 random cases", () => {
    let greedyIsWorse = 0;
    for (let i = 0; i < 300; i++) {
      const outputs = drawn();
      const shares = bruteForce(outputs);
      const best = Math.max(...shares.values());
      const found = ctcBeam(outputs, { width: 100 })[0]!;
      expect(Math.exp(found.logProbability)).toBeCloseTo(best, 10);
      expect(shares.get(found.symbols.join())).toBeCloseTo(best, 10);
      if ((shares.get(ctcGreedy(outputs).join()) as number) < best - 1e-12) greedyIsWorse++;
    }
    expect(greedyIsWorse).toBeGreaterThan(10);
  });

  it("adds up the alignments of each sequence, by hand", () => {
    // Outputs blank .5, a .3, b .2, then blank .4, a .6: "" .2, a .3 .6 + .3 .4 + .5 .6 = .6, b .08, ba .12.
    const outputs = [[0.5, 0.3, 0.2].map(Math.log), Float64Array.of(0.4, 0.6, 0).map(Math.log)];
    const found = ctcBeam(outputs, { width: 4 });
    expect(found.map(({ symbols }) => symbols.join())).toEqual(["0", "", "1,0", "1"]);
    expect(found.map(({ logProbability }) => Math.exp(logProbability))).toEqual(
      [0.6, 0.2, 0.12, 0.08].map((share) => expect.closeTo(share, 10)),
    );
    // A symbol said twice needs a blank between: aa is .3 .4 .3 where the first row is repeated around it.
    const thrice = [outputs[0]!, outputs[1]!, outputs[0]!];
    const twice = ctcBeam(thrice, { width: 50 }).find(({ symbols }) => symbols.join() === "0,0");
    expect(Math.exp(twice!.logProbability)).toBeCloseTo(0.3 * 0.4 * 0.3, 10);
    expect(ctcBeam(outputs, { width: 1 })).toHaveLength(1);
    expect(ctcBeam([])).toEqual([{ symbols: [], logProbability: 0 }]);
  });

  it("takes the first of equal outputs, the blank before all", () => {
    expect(
      ctcGreedy([
        [-1, -1, -1],
        [-2, -1, -1],
      ]),
    ).toEqual([0]);
    expect(ctcGreedy([Float32Array.of(-2, Number.NEGATIVE_INFINITY, -1)])).toEqual([1]);
    expect(ctcGreedy([])).toEqual([]);
  });

  it("collapses the likeliest alignment", () => {
    const sure = [1, 1, 0, 1, 2, 2].map((output) => [0, 1, 2].map((k) => (k === output ? -0.1 : -3)));
    expect(ctcGreedy(sure)).toEqual([0, 0, 1]);
    expect(ctcGreedy(runInNewContext("[Float32Array.of(-3, -0.1), Float64Array.of(-0.1, -3), [-3, -0.1]]"))).toEqual([
      0, 0,
    ]);
  });

  it("refuses what are no rows of log probabilities, and beams of no width", () => {
    const none = "expected rows of log probabilities";
    for (const outputs of [
      ...[5, [5], new Array(2), [[-1, Number.NaN]], [[-1, -2], [-1]], [["a", "b"]]],
      ...[
        [
          [-1, -2],
          [-1, -2, -3],
        ],
        [[-1], [-1]],
        [[]],
        [[null, -1]],
        [new Array(2)],
      ],
      ...[[[-1, Number.POSITIVE_INFINITY]], [new Int32Array(2)], [{ length: 2, 0: -1, 1: -1 }]],
    ]) {
      expect(() => ctcBeam(outputs as never)).toThrow(none);
      expect(() => ctcGreedy(outputs as never)).toThrow(none);
    }
    expect(() => ctcBeam([[-1, -2]], { width: 0.5 })).toThrow("ctcBeam: width is 0.5");
    expect(() => ctcBeam([[-1, -2]], { lengthNormalization: {} as never })).toThrow("lengthNormalization is an object");
  });

  it("prefers longer sequences if told to", () => {
    const outputs = [
      [Math.log(0.6), Math.log(0.4)],
      [Math.log(0.6), Math.log(0.4)],
    ];
    // "": .36; "0": .64; normalised by length nothing changes for one symbol, and the beam refuses what it cannot be.
    expect(ctcBeam(outputs)[0]!.symbols).toEqual([0]);
    const longer = ctcBeam([...outputs, ...outputs], { lengthNormalization: 2 })[0]!;
    expect(longer.symbols.length).toBeGreaterThan(ctcBeam([...outputs, ...outputs])[0]!.symbols.length);
    expect(() => ctcBeam(outputs, { width: 0 })).toThrow(/width is 0/);
  });
});
