import { expect, it } from "vitest";
import { type SeriesEvaluation, seriesCardTables } from "./card-text.js";

const estimate = (value: number) => ({ value, low: value / 2, high: 2 * value });
const scores = (crpsSum: number) => ({
  crpsSum: estimate(crpsSum),
  crps: { "1": 0.25 },
  energyScore: estimate(1),
  mae: estimate(0.5),
  rmse: 0.75,
  coverage50: estimate(0.4),
  coverage90: estimate(0.45),
});
const evaluation = (
  trainingSeed: number,
  windows: number,
  crpsSum: number,
  drop = 0,
  missing = 1.01,
): SeriesEvaluation => ({
  trainingSeed,
  windows,
  samples: 100,
  steps: 10,
  seed: 1000,
  drop,
  scores: {
    "the model": scores(crpsSum),
    ...(drop > 0
      ? { "  values missing": scores(missing * crpsSum), "  the last value in their place": scores(1.05 * crpsSum) }
      : {}),
    "last value": scores(2),
  },
});

it("a card shows means over seeds, the bundled model's scores, and what missing values cost", () => {
  const text = seriesCardTables([evaluation(0, 50, 1, 0.3), evaluation(1, 50, 3, 0.3, 1.03), evaluation(0, 5, 4)]);
  expect(text.split("\n").slice(0, 4)).toEqual([
    "| CRPS_sum, mean ± deviation over seeds | 5 windows, 1 seed | 50 windows, 2 seeds |",
    "| --- | --- | --- |",
    "| **the model** | 4.00000 | 2.00000 ± 1.41421 |",
    "| last value | 2.00000 | 2.00000 ± 0.00000 |",
  ]);
  expect(text).toContain("| within the 50 % band | 40.0 [20.0, 80.0] % |");
  expect(text).toContain(
    "| missing | 2.05000 ± 1.47078 | 2.00 ± 1.41 % | 0.00 ± 0.00 % |\n| the last value in their place | 2.10000 ± 1.48492 | 5.00 ± 0.00 % | 0.00 ± 0.00 % |",
  );
  expect(text).toContain("missing values cost 3.00 ± 1.41 percentage points of CRPS_sum less");
});
