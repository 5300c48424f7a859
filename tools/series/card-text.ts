import { type Estimate, formatEstimate } from "@diffusion-forcing/tasks";
import { markdown } from "../markdown.js";

interface Scores {
  readonly crpsSum: Estimate;
  readonly crps: Readonly<Record<string, number>>;
  readonly energyScore: Estimate;
  readonly mae: Estimate;
  readonly rmse: number;
  readonly coverage50: Estimate;
  readonly coverage90: Estimate;
}

/** What `dforce eval --json` says of a series model, and the seed that the model was trained with. */
export interface SeriesEvaluation {
  readonly trainingSeed: number;
  readonly windows: number;
  readonly samples: number;
  readonly steps: number;
  readonly seed: number;
  readonly drop: number;
  readonly scores: Readonly<Record<string, Scores>>;
}

export interface SeriesRun {
  /** Rows of training. */
  readonly rows: number;
  readonly steps: number;
  readonly seconds: number;
  readonly seed: number;
}

const [MODEL, MISSING, IMPUTED] = ["the model", "  values missing", "  the last value in their place"] as const;

function spread(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return mean.toFixed(5);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return `${mean.toFixed(5)} ± ${Math.sqrt(squares / (values.length - 1)).toFixed(5)}`;
}

/** The card's tables. */
export function seriesCardTables(evaluations: readonly SeriesEvaluation[]): string {
  const counts = [...new Set(evaluations.map(({ windows }) => windows))].sort((a, b) => a - b);
  const lists = counts.map((count) => evaluations.filter(({ windows }) => windows === count));
  const names = Object.keys(evaluations[0]?.scores ?? {}).filter((name) => !name.startsWith("  "));
  const head = lists.map((list, i) => `${counts[i]} windows, ${list.length} ${list.length === 1 ? "seed" : "seeds"}`);
  const rows = names.map((name) => [
    name === MODEL ? `**${name}**` : name,
    ...lists.map((list) => spread(list.map(({ scores }) => (scores[name] as Scores).crpsSum.value))),
  ]);
  const first = lists.at(-1)?.[0] as SeriesEvaluation;
  const own = first.scores[MODEL] as Scores;
  const details = [
    ["CRPS_sum", formatEstimate(own.crpsSum, 1, 5)],
    ...Object.entries(own.crps).map(([column, value]) => [`CRPS of series ${column}`, value.toFixed(5)]),
    ["energy score", formatEstimate(own.energyScore, 1, 4)],
    ["MAE of the median", formatEstimate(own.mae, 1, 5)],
    ["RMSE of the median", own.rmse.toFixed(5)],
    ["within the 50 % band", formatEstimate(own.coverage50, 100, 1, "%")],
    ["within the 90 % band", formatEstimate(own.coverage90, 100, 1, "%")],
  ];
  const missing = evaluations
    .filter(({ drop }) => drop > 0)
    .map(({ drop, windows, trainingSeed, scores }) => {
      const scoreOf = (name: string): number => (scores[name] as Scores).crpsSum.value;
      const row = (what: string, name: string): string[] => [
        what,
        scoreOf(name).toFixed(5),
        `${(100 * (scoreOf(name) / scoreOf(MODEL) - 1)).toFixed(2)} %`,
      ];
      return `
With ${100 * drop} % of the context's values taken away at random (${windows} windows, seed ${trainingSeed}; the same futures' noise each time):

${markdown(
  ["context", "CRPS_sum", "worse by"],
  [row("whole", MODEL), row("tokens at level K", MISSING), row("the last value in their place", IMPUTED)],
)}`;
    });
  return `${markdown(["CRPS_sum, mean ± deviation over seeds", ...head], rows)}
Of the bundled model (seed ${first.trainingSeed}), ${first.windows} windows, ${first.samples} samples, with 95 % intervals over windows:

${markdown(["", ""], details)}${missing.join("")}`;
}
