import { drawText, textWidth } from "../pictures/drawn-text.js";
import { element, round } from "../pictures/svg.js";
import { palette, svgDocument } from "../pictures/svg-document.js";
import { decimalsOf, niceTicks } from "../pictures/ticks.js";
import { checkForecast, type SeriesForecast } from "./forecast-request.js";
import { columnQuantiles } from "./quantile-table.js";
import { checkTable, rowCount, type SeriesTable } from "./table.js";

const panel = { width: 420, height: 190, left: 58, right: 14, top: 26, bottom: 24 } as const;
const colors = {
  ...palette,
  outer: "#cfe0f3",
  inner: "#8fb8e3",
  median: "#1f5fa8",
} as const;
/** More panels than this tell nobody anything. */
const MOST_PANELS = 24;

/**
 * A fan chart as an SVG document: for each series its last values, the median, and the central 50 and 90 % of the
 * samples.
 *
 * @param history rows before the forecast; missing values leave gaps.
 * @throws `invalid-argument`, `shape-mismatch`
 */
export function fanChart(history: SeriesTable, forecast: SeriesForecast): string {
  checkTable("fanChart: the history", history);
  checkForecast("fanChart: the forecast", forecast);
  const shown = forecast.columns.slice(0, MOST_PANELS);
  const across = shown.length === 1 ? 1 : 2;
  const down = Math.ceil(shown.length / across);
  const [width, height] = [across * panel.width, down * panel.height + 22];
  const panels = shown.map((_, column) =>
    element(
      "g",
      { transform: `translate(${(column % across) * panel.width} ${Math.floor(column / across) * panel.height})` },
      drawPanel(history, forecast, column),
    ),
  );
  const more = forecast.columns.length - shown.length;
  const words = `median, 50 % and 90 % of ${forecast.samples} samples${more > 0 ? `; ${more} series more are not drawn` : ""}`;
  return svgDocument(
    { width, height, title: "Forecasts as fans" },
    ...panels,
    drawText(words, panel.left, height - 16, colors.faint),
  );
}

function drawPanel(history: SeriesTable, forecast: SeriesForecast, column: number): string {
  const { horizon } = forecast;
  const rows = Math.min(rowCount(history), 2 * horizon);
  const width = history.columns.length;
  const series = history.columns.indexOf(forecast.columns[column] as string);
  const past = Array.from({ length: rows }, (_, i) => {
    const row = rowCount(history) - rows + i;
    return history.values[row * width + series] as number;
  });
  const [low90, low50, median, high50, high90] = columnQuantiles(forecast, column) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  const all = [...past.filter(Number.isFinite), ...low90, ...high90];
  // Not as arguments: a horizon may be longer than their list.
  const ticks = niceTicks(
    all.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    all.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  );
  const [bottom, top] = [ticks[0] as number, ticks.at(-1) as number];
  const x = (row: number): number =>
    panel.left + ((row + 0.5) / (rows + horizon)) * (panel.width - panel.left - panel.right);
  const y = (value: number): number =>
    panel.height - panel.bottom - ((value - bottom) / (top - bottom)) * (panel.height - panel.top - panel.bottom);
  const last = past.filter(Number.isFinite).at(-1);
  /** The fan opens at the last known value. */
  const from = last === undefined ? [] : [{ row: past.lastIndexOf(last), value: last }];
  const points = (list: readonly number[]) => [...from, ...list.map((value, h) => ({ row: rows + h, value }))];
  const path = (list: readonly { row: number; value: number }[]): string =>
    `M${list.map(({ row, value }) => `${round(x(row))} ${round(y(value))}`).join("L")}`;
  const band = (low: readonly number[], high: readonly number[], fill: string): string =>
    element("path", { d: `${path([...points(low), ...points(high).reverse()])}Z`, fill });
  const stroke = { fill: "none", "stroke-width": 1.6, "stroke-linejoin": "round" } as const;
  const label = (value: number, digits: number): string => {
    const text = value.toFixed(digits);
    return drawText(text, panel.left - 6 - textWidth(text, 0.9), y(value) - 3, colors.faint, 0.9);
  };
  const digits = decimalsOf((ticks[1] as number) - (ticks[0] as number));
  const edge = panel.width - panel.right;
  return [
    ...ticks.map((tick) => element("path", { d: `M${panel.left} ${round(y(tick))}H${edge}`, stroke: colors.grid })),
    ...ticks.map((tick) => label(tick, digits)),
    band(low90, high90, colors.outer),
    band(low50, high50, colors.inner),
    ...segments(past).map((list) => element("path", { d: path(list), stroke: colors.ink, ...stroke })),
    element("path", { d: path(points(median)), stroke: colors.median, ...stroke }),
    drawText(`${forecast.columns[column]}`.slice(0, 40), panel.left, 8, colors.ink, 1.25),
    ...momentLabels(history, forecast).map(({ row, text }) => {
      const at = x(rows + row) - textWidth(text, 0.9) / 2;
      return drawText(
        text,
        Math.min(at, edge - textWidth(text, 0.9)),
        panel.height - panel.bottom + 8,
        colors.faint,
        0.9,
      );
    }),
  ].join("");
}

/** Stretches without a gap; a single value between two gaps is a short dash. */
function segments(values: readonly number[]): { row: number; value: number }[][] {
  const lists: { row: number; value: number }[][] = [];
  for (const [row, value] of values.entries()) {
    if (!Number.isFinite(value)) continue;
    if (row > 0 && Number.isFinite(values[row - 1])) lists.at(-1)?.push({ row, value });
    else lists.push([{ row, value }]);
  }
  return lists.map((list) => {
    const [only] = list;
    return list.length > 1 || only === undefined
      ? list
      : [
          { ...only, row: only.row - 0.3 },
          { ...only, row: only.row + 0.3 },
        ];
  });
}

function momentLabels(history: SeriesTable, { times, horizon }: SeriesForecast): { row: number; text: string }[] {
  const date = (time: number): string => new Date(time).toISOString().slice(0, 10);
  const last = history.times?.at(-1);
  if (times === undefined || last === undefined)
    return [
      { row: -1, text: "now" },
      { row: horizon - 1, text: `+${horizon}` },
    ];
  return [
    { row: -1, text: date(last) },
    { row: horizon - 1, text: date(times.at(-1) as number) },
  ];
}
