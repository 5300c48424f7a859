import { describe, expect, it } from "vitest";
import {
  checkCombination,
  classifierFreeGuidance,
  fractionalHistoryGuidance,
  historyGuidance,
  mergeTerms,
  temporalHistoryGuidance,
  vanillaHistoryGuidance,
} from "./score-combination.js";

describe("combinations", () => {
  it("weigh the condition against none", () => {
    expect(classifierFreeGuidance({ scale: 3 })).toEqual([{ weight: 3 }, { weight: -2, condition: "null" }]);
  });

  it("weigh the history against none", () => {
    expect(vanillaHistoryGuidance({ scale: 1.5 })).toStrictEqual([
      { weight: 1.5, history: {} },
      { weight: -0.5, history: { tokens: [] } },
    ]);
    expect(vanillaHistoryGuidance({ scale: 1.5, stabilizationLevel: 10 })[0]).toEqual({
      weight: 1.5,
      history: { level: 10 },
    });
  });

  it("amplify what is left of the history at a level", () => {
    expect(fractionalHistoryGuidance({ scale: 3, level: 400 })).toEqual([
      { weight: 1, history: {} },
      { weight: 2, history: { level: 400 } },
      { weight: -2, history: { tokens: [] } },
    ]);
  });

  it("compose stretches of the history", () => {
    const stretches = [
      { weight: 1, tokens: [-1, -2] },
      { weight: 0.5, tokens: [0], level: 7 },
    ];
    expect(temporalHistoryGuidance(stretches)).toEqual([
      { weight: 1, history: { tokens: [-1, -2] } },
      { weight: 0.5, history: { tokens: [0], level: 7 } },
      { weight: -0.5, history: { tokens: [] } },
    ]);
  });

  it("cost nothing for what cancels: scale 1 is plain sampling", () => {
    expect(classifierFreeGuidance({ scale: 1 })).toEqual([{ weight: 1 }]);
    expect(vanillaHistoryGuidance({ scale: 1 })).toEqual([{ weight: 1, history: {} }]);
    expect(fractionalHistoryGuidance({ scale: 1, level: 4 })).toEqual([{ weight: 1, history: {} }]);
  });

  it("merge equal views, whatever way they are written", () => {
    expect(
      mergeTerms([
        { weight: 0.5 },
        { weight: 0.25, history: { tokens: "all" }, condition: "given" },
        { weight: 1, history: { tokens: [], level: 3 } },
        { weight: -0.75, history: { tokens: [] } },
      ]),
    ).toEqual([{ weight: 0.75 }, { weight: 0.25, history: { tokens: [], level: 3 } }]);
    expect(
      mergeTerms([
        { weight: 1, history: { tokens: [10, -1, 9] } },
        { weight: 2, history: { tokens: [9, 10, -1, 9] } },
        { weight: 4, history: { tokens: [9, 10] } },
        { weight: 8, history: { tokens: [9, 10], level: 2 } },
      ]).map(({ weight }) => weight),
    ).toEqual([3, 4, 8]);
  });

  it.each([
    [
      "a scale that is none",
      () => classifierFreeGuidance({ scale: Number.NaN }),
      "classifierFreeGuidance: scale is NaN",
    ],
    ["no options", () => vanillaHistoryGuidance(null as never), "vanillaHistoryGuidance: the value is null"],
    [
      "a level of nothing",
      () => fractionalHistoryGuidance({ scale: 2, level: 0 }),
      "fractionalHistoryGuidance: level is 0",
    ],
    [
      "stretches that are no list",
      () => temporalHistoryGuidance(5 as never),
      "temporalHistoryGuidance: the value is 5",
    ],
    [
      "more places than any history has",
      () => temporalHistoryGuidance([{ weight: 1, tokens: new Array<number>(5000).fill(1) }]),
      "expected at most 4096 places",
    ],
    ["a hole among the parts", () => historyGuidance(new Array(2)), "historyGuidance: 0 is missing"],
    ["a term that is none", () => mergeTerms([null as never]), "scores: 0 is null"],
  ])("are refused for %s", (_, make, message) => {
    expect(make).toThrow(message);
  });

  it("add up to 1 however many parts there are", () => {
    const parts = [0.3, 0.4, 1.9].map((weight, i) => ({ weight, history: { tokens: [i] } }));
    const total = historyGuidance(parts).reduce((sum, { weight }) => sum + weight, 0);
    expect(total).toBeCloseTo(1, 12);
  });

  it("add up to 1 but for rounding", () => {
    expect(() => checkCombination([{ weight: 1 + 2 ** -21 }], 10)).not.toThrow();
    expect(() => checkCombination([{ weight: 1 - 2 ** -21 }], 10)).not.toThrow();
    for (const off of [2 ** -20, -(2 ** -20)]) {
      expect(() => checkCombination([{ weight: 1 + off }], 10)).toThrow(
        expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining("expected 1.") }),
      );
    }
  });

  it.each([
    ["no terms", [], "add up to 0; expected 1"],
    ["weights", [{ weight: 2 }], "add up to 2; expected 1"],
    ["NaN", [{ weight: Number.NaN }], "0.weight is NaN"],
    ["level 0", [{ weight: 1, history: { level: 0 } }], "level is 0; expected a whole number from 1 to 10"],
    ["level", [{ weight: 1, history: { level: 11 } }], "level is 11"],
    ["places", [{ weight: 1, history: { tokens: [0.5] } }], "tokens is [0.5]"],
  ])("refuse %s", (_name, terms, message) => {
    expect(() => checkCombination(terms, 10)).toThrow(message);
  });
});
