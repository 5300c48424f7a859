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

function spread(values: readonly number[], digits = 5): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return mean.toFixed(digits);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return `${mean.toFixed(digits)} ± ${Math.sqrt(squares / (values.length - 1)).toFixed(digits)}`;
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
  return `${markdown(["CRPS_sum, mean ± deviation over seeds", ...head], rows)}
Of the bundled model (seed ${first.trainingSeed}), ${first.windows} windows, ${first.samples} samples, with 95 % intervals over windows:

${markdown(["", ""], details)}${missingTable(evaluations.filter(({ drop }) => drop > 0))}`;
}

/** What it costs to take values away; each evaluation takes others. */
function missingTable(evaluations: readonly SeriesEvaluation[]): string {
  const [one] = evaluations;
  if (one === undefined) return "";
  const scoresOf = (name: string, of: "crpsSum" | "energyScore") =>
    evaluations.map(({ scores }) => (scores[name] as Scores)[of].value);
  const worse = (name: string, of: "crpsSum" | "energyScore") => {
    const whole = scoresOf(MODEL, of);
    return scoresOf(name, of).map((score, i) => 100 * (score / (whole[i] as number) - 1));
  };
  const row = (what: string, name: string) => [
    what,
    spread(scoresOf(name, "crpsSum")),
    `${spread(worse(name, "crpsSum"), 2)} %`,
    `${spread(worse(name, "energyScore"), 2)} %`,
  ];
  const less = (of: "crpsSum" | "energyScore") => {
    const missing = worse(MISSING, of);
    return spread(
      worse(IMPUTED, of).map((percent, i) => percent - (missing[i] as number)),
      2,
    );
  };
  return `
With ${100 * one.drop} % of the context's values taken away at random (${one.windows} windows, ${evaluations.length} ${evaluations.length === 1 ? "seed" : "seeds"}, each of which takes others away; the same futures' noise for all three):

${markdown(
  ["context", "CRPS_sum", "worse by", "energy score worse by"],
  [row("whole", MODEL), row("missing", MISSING), row("the last value in their place", IMPUTED)],
)}
Seed by seed, missing values cost ${less("crpsSum")} percentage points of CRPS_sum less than the last value in their place, and ${less("energyScore")} of the energy score, which is less a matter of luck.
`;
}
