/** A score of `dforce eval --json`. */
interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

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

const between = ({ value, low, high }: Estimate, digits: number, scale = 1): string =>
  `${(scale * value).toFixed(digits)} [${(scale * low).toFixed(digits)}, ${(scale * high).toFixed(digits)}]`;

/** The card's tables. */
export function seriesCardTables(evaluations: readonly SeriesEvaluation[]): string {
  const counts = [...new Set(evaluations.map(({ windows }) => windows))].sort((a, b) => a - b);
  const lists = counts.map((count) => evaluations.filter(({ windows }) => windows === count));
  const names = Object.keys(evaluations[0]?.scores ?? {}).filter((name) => !name.startsWith("  "));
  const head = `| CRPS_sum, mean ± deviation over seeds | ${lists.map((list, i) => `${counts[i]} windows, ${list.length} ${list.length === 1 ? "seed" : "seeds"}`).join(" | ")} |`;
  const rows = names.map(
    (name) =>
      `| ${name === MODEL ? "**the model**" : name} | ${lists.map((list) => spread(list.map(({ scores }) => (scores[name] as Scores).crpsSum.value))).join(" | ")} |`,
  );
  const first = lists.at(-1)?.[0] as SeriesEvaluation;
  const own = first.scores[MODEL] as Scores;
  const details = [
    ["CRPS_sum", between(own.crpsSum, 5)],
    ...Object.entries(own.crps).map(([column, value]) => [`CRPS of series ${column}`, value.toFixed(5)]),
    ["energy score", between(own.energyScore, 4)],
    ["MAE of the median", between(own.mae, 5)],
    ["RMSE of the median", own.rmse.toFixed(5)],
    ["within the 50 % band", `${between(own.coverage50, 1, 100)} %`],
    ["within the 90 % band", `${between(own.coverage90, 1, 100)} %`],
  ];
  const dropped = evaluations.filter(({ drop }) => drop > 0);
  const missing = dropped.flatMap(({ drop, windows, trainingSeed, scores }) => [
    "",
    `With ${100 * drop} % of the context's values taken away at random (${windows} windows, seed ${trainingSeed}; the same futures' noise each time):`,
    "",
    "| context | CRPS_sum | worse by |",
    "| --- | --- | --- |",
    ...[MODEL, MISSING, IMPUTED].map((name) => {
      const [value, whole] = [name, MODEL].map((key) => (scores[key] as Scores).crpsSum.value) as [number, number];
      const what = { [MODEL]: "whole", [MISSING]: "tokens at level K", [IMPUTED]: "the last value in their place" }[
        name
      ];
      return `| ${what} | ${value.toFixed(5)} | ${(100 * (value / whole - 1)).toFixed(2)} % |`;
    }),
  ]);
  return [
    head,
    `| --- | ${counts.map(() => "---").join(" | ")} |`,
    ...rows,
    "",
    `Of the bundled model (seed ${first.trainingSeed}), ${first.windows} windows, ${first.samples} samples, with 95 % intervals over windows:`,
    "",
    "| | |",
    "| --- | --- |",
    ...details.map(([name, value]) => `| ${name} | ${value} |`),
    ...missing,
  ].join("\n");
}
