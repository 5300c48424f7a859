import { expect, it } from "vitest";
import { fanChart } from "./fan-chart.js";
import { forecastJson, quantilesCsv, samplesCsv } from "./quantile-table.js";

const forecast = {
  columns: ["a", "b,c"],
  samples: 3,
  horizon: 2,
  values: Float64Array.of(1, 10, 2, 20, 2, 10, 4, 20, 3, 10, 6, 20),
  times: Float64Array.of(Date.UTC(2024, 0, 1), Date.UTC(2024, 0, 2)),
};

it("writes quantiles and samples as CSV and as JSON", () => {
  expect(quantilesCsv(forecast)).toBe(
    'time,series,q05,q25,q50,q75,q95\n2024-01-01,a,1.1,1.5,2,2.5,2.9\n2024-01-02,a,2.2,3,4,5,5.8\n2024-01-01,"b,c",10,10,10,10,10\n2024-01-02,"b,c",20,20,20,20,20\n',
  );
  const { times: _, ...timeless } = forecast;
  expect(samplesCsv(timeless).split("\n").slice(0, 4)).toEqual([
    'sample,step,a,"b,c"',
    "1,1,1,10",
    "1,2,2,20",
    "2,1,2,10",
  ]);
  const document = JSON.parse(forecastJson(forecast));
  expect(document.moments).toEqual(["2024-01-01", "2024-01-02"]);
  expect(document.quantiles.a["0.5"]).toEqual([2, 4]);
  expect(document.samples[2]).toEqual([
    [3, 10],
    [6, 20],
  ]);
});

it("writes all times alike: in full where one is no midnight", () => {
  const times = Float64Array.of(Date.UTC(2024, 0, 1), Date.UTC(2024, 0, 1, 1));
  const moments = ["2024-01-01T00:00:00.000Z", "2024-01-01T01:00:00.000Z"];
  expect(JSON.parse(forecastJson({ ...forecast, times })).moments).toEqual(moments);
  for (const [csv, column] of [
    [quantilesCsv({ ...forecast, times }), 0],
    [samplesCsv({ ...forecast, times }), 1],
  ] as const) {
    const rows = csv.trim().split("\n").slice(1);
    expect(new Set(rows.map((row) => row.split(",")[column]))).toEqual(new Set(moments));
  }
});

it("draws a panel for each series, whatever its values, and escapes their names", () => {
  const history = { columns: ["a", "b,c"], values: Float64Array.of(1, 10, Number.NaN, 10, 2, 10) };
  const svg = fanChart(history, forecast);
  expect(svg.match(/<g /g)).toHaveLength(2);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  const lone = { columns: ["x"], samples: 1, horizon: 1, values: Float64Array.of(0) };
  expect(fanChart({ columns: ["x"], values: Float64Array.of(0) }, lone)).not.toMatch(/NaN|Infinity|undefined/);
});
