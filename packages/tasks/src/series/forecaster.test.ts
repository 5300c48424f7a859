import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type Backend, createRandom } from "@diffusion-forcing/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ForecastRequest } from "./forecast-request.js";
import { SeriesForecaster } from "./forecaster.js";
import type { SeriesRecord } from "./record.js";
import { type SeriesTable, withDoubt } from "./table.js";
import { gaussianBundle } from "./testing/gaussian-bundle.js";

let backend: Backend;
beforeAll(async () => {
  backend = await onnxBackend({ threads: 1 });
});
afterAll(() => backend.dispose());

const column = (...values: number[]) => ({ columns: ["1"], values: Float64Array.from(values) });

/** Mean and deviation of each row of a forecast of one or more columns, [row][column]. */
async function moments(
  record: Partial<SeriesRecord>,
  std: readonly number[],
  request: Omit<ForecastRequest, "random">,
) {
  const forecaster = new SeriesForecaster(gaussianBundle(record, std), { backend });
  try {
    const { values, samples, horizon } = await forecaster.forecast({
      samples: 2000,
      ...request,
      random: createRandom(1),
    });
    return Array.from({ length: horizon }, (_, h) =>
      std.map((_, c) => {
        const list = Array.from({ length: samples }, (_, n) => values[(n * horizon + h) * std.length + c] as number);
        const mean = list.reduce((sum, x) => sum + x, 0) / samples;
        return { mean, std: Math.sqrt(list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / samples) };
      }),
    );
  } finally {
    await forecaster.dispose();
  }
}

describe("SeriesForecaster, of a model of independent normal changes", () => {
  it("is a random walk from the last value, without a drift", async () => {
    const rows = await moments({}, [2], { table: column(7, 7, 8, 9, 10) });
    rows.forEach(([law], h) => {
      expect(law?.mean).toBeCloseTo(10, 4);
      expect((law?.std as number) / (2 * Math.sqrt(h + 1))).toBeCloseTo(1, 1);
    });
  });

  it("goes on block by block beyond the horizon that was trained", async () => {
    const rows = await moments({}, [2], { table: column(7, 7, 8, 9, 10), horizon: 7 });
    expect(rows).toHaveLength(7);
    expect((rows[6]?.[0]?.std as number) / (2 * Math.sqrt(7))).toBeCloseTo(1, 1);
  });

  it("samples what is missing at the end too, each series its own", async () => {
    const table = { columns: ["1", "2"], values: Float64Array.of(1, 1, 1, 1, 1, 1, 5, 6, Number.NaN, 6) };
    const [[late, exact]] = (await moments({}, [1, 1], { table })) as [
      [{ mean: number; std: number }, { mean: number; std: number }],
    ];
    expect([late.mean, exact.mean].map((mean) => Number(mean.toFixed(3)))).toEqual([5, 6]);
    expect(late.std).toBeCloseTo(Math.SQRT2, 1);
    expect(exact.std).toBeCloseTo(1, 1);
  });

  it("weighs a doubtful last value by its doubt", async () => {
    // 0, then 3 with an error of deviation 1: the change is 1.5 with variance 1/2, and one step more makes 3/2.
    const table = withDoubt(column(0, 0, 0, 0, 0, 3), { rows: { 5: 1 } });
    const [[law]] = (await moments({}, [1], { table })) as [[{ mean: number; std: number }]];
    expect(law.mean).toBeCloseTo(1.5, 1);
    expect(law.std).toBeCloseTo(Math.sqrt(1.5), 1);
  });

  it("takes a series that is doubtful throughout from its last value, and its error into the fan", async () => {
    const table = withDoubt(column(0, 0, 0, 0, 0, 3), { columns: { "1": 2 } });
    const [[law]] = (await moments({}, [1], { table })) as [[{ mean: number; std: number }]];
    expect(law.mean).toBeCloseTo(3, 3);
    expect(law.std).toBeCloseTo(Math.sqrt(5), 1);
  });

  it("of log returns goes by factors; of rows and symmetric too", async () => {
    const table = { columns: ["1", "2"], values: new Float64Array(10).fill(100) };
    const record = { tokens: "row", representation: "log-return", symmetric: true } as const;
    const [[law]] = (await moments(record, [0.01, 0.01], { table })) as [[{ mean: number; std: number }]];
    expect(law.mean).toBeCloseTo(100, 1);
    expect(law.std).toBeCloseTo(1, 1);
  });

  it("of a symmetric model draws every second future as the one before upside down, from the same open end", async () => {
    const forecaster = new SeriesForecaster(gaussianBundle({ symmetric: true }, [1]), { backend, timesteps: 4 });
    const pairs = async (table: SeriesTable, samples: number) => {
      const { values } = await forecaster.forecast({ table, samples, horizon: 6, random: createRandom(1) });
      return (n: number, h: number) => ((values[6 * n + h] as number) + (values[6 * (n + 1) + h] as number)) / 2;
    };
    const whole = await pairs(column(1, 2, 4, 8, 16), 5);
    for (const h of [0, 1, 2])
      expect([whole(0, h), whole(2, h)]).toEqual([expect.closeTo(16, 5), expect.closeTo(16, 5)]);
    const open = await pairs(column(1, 2, 4, 8, Number.NaN), 4);
    for (const n of [0, 2]) for (const h of [1, 2]) expect(open(n, h)).toBeCloseTo(open(n, 0), 5);
    expect(Math.abs(open(0, 0) - open(2, 0))).toBeGreaterThan(0.01);
    await forecaster.dispose();
  });

  it("goes as far as its series do now, where it looks on the last rows for that", async () => {
    // 50 changes of 3 and -3 beside one of training: a variance of (1 + 450) / 51.
    const table = column(...Array.from({ length: 51 }, (_, row) => (row % 2 === 0 ? 10 : 13)));
    const [[now]] = (await moments({ scaleRows: [50] }, [1], { table })) as [[{ mean: number; std: number }]];
    expect(now.mean).toBeCloseTo(10, 3);
    expect(now.std / Math.sqrt(451 / 51)).toBeCloseTo(1, 1);
    const doubtful = withDoubt(table, { rows: { 50: 2 } });
    const [[unsure]] = (await moments({ scaleRows: [49] }, [1], { table: doubtful })) as [
      [{ mean: number; std: number }],
    ];
    // The last change is measured with an error of variance 4, and one more comes on top.
    const variance = (1 + 48 * 9 + 9 / (1 + 4)) / 50;
    expect(unsure.std / Math.sqrt(variance + (4 * variance) / (4 + variance))).toBeCloseTo(1, 1);
  });

  it("of levels stands by its own mean, whatever is missing", async () => {
    const table = column(5, Number.NaN, 5, 5, Number.NaN);
    const [[law]] = (await moments({ representation: "level" }, [3], { table })) as [[{ mean: number; std: number }]];
    expect(law.mean).toBeCloseTo(0, 1);
    expect(law.std / 3).toBeCloseTo(1, 1);
  });

  it("draws the same for the same seed", async () => {
    const table = column(7, 7, 8, 9, 10);
    expect(await moments({}, [2], { table, samples: 4 })).toEqual(await moments({}, [2], { table, samples: 4 }));
  });

  it.each<[string, SeriesTable, Partial<SeriesRecord>]>([
    ["the series have 4 rows; the model looks back on 5", column(1, 2, 3, 4), {}],
    [
      "the columns are x; the model forecasts 1: give it these, in this order, or train",
      { ...column(1, 2, 3, 4, 5), columns: ["x"] },
      {},
    ],
    ["column 1 has no value in its last 5 rows", column(1, ...new Array(5).fill(Number.NaN)), {}],
    ["the model is told of the calendar", column(1, 2, 3, 4, 5), { calendar: ["day"] }],
  ])("refuses: %s", async (message, table, record) => {
    await expect(moments(record, [1], { table })).rejects.toThrow(message);
  });

  it("refuses sizes beyond reason before anything is made for them", async () => {
    const table = column(7, 7, 8, 9, 10);
    const asked = (sizes: object) => moments({}, [1], { table, ...sizes });
    await expect(asked({ horizon: 100_000, samples: 10_000 })).rejects.toThrow("are too much; expected at most");
    await expect(asked({ horizon: 0 })).rejects.toThrow("forecast: horizon is 0");
    await expect(asked({ samples: 2.5 })).rejects.toThrow("forecast: samples is 2.5");
  });
});

it("spreads the futures of a fan evenly by how high the sum of the series goes", async () => {
  const forecaster = new SeriesForecaster(gaussianBundle({}, [2, 1]), { backend, timesteps: 5 });
  const table = { columns: ["1", "2"], values: new Float64Array(10) };
  const { values } = await forecaster.forecast({ table, samples: 20, random: createRandom(4) });
  // The sum of the series takes steps of deviation sqrt(5); the first component of three steps of a walk in a row.
  const component = [0.737, 0.591, 0.328];
  const heights = Array.from({ length: 20 }, (_, n) => {
    const sums = [0, 1, 2].map((h) => (values[6 * n + 2 * h] as number) + (values[6 * n + 2 * h + 1] as number));
    const steps = sums.map((sum, h) => (sum - (h === 0 ? 0 : (sums[h - 1] as number))) / Math.sqrt(5));
    return steps.reduce((height, step, h) => height + step * (component[h] as number), 0);
  }).sort((a, b) => a - b);
  // Standard normal quantiles: one future in each twentieth.
  const bounds = [0, 0.1257, 0.2533, 0.3853, 0.5244, 0.6745, 0.8416, 1.0364, 1.2816, 1.6449, Number.POSITIVE_INFINITY];
  for (const [i, low] of bounds.slice(0, -1).entries()) {
    const high = bounds[i + 1] as number;
    for (const height of [heights[10 + i] as number, -(heights[9 - i] as number)]) {
      expect(height).toBeGreaterThan(low - 0.01);
      expect(height).toBeLessThan(high + 0.01);
    }
  }
  await forecaster.dispose();
});

it("series that go together do so in every future, from what is missing on; each for itself stays what it was", async () => {
  const factors = [[0.9], [0.8]];
  const forecaster = new SeriesForecaster(gaussianBundle({ factors }, [1, 1]), { backend, timesteps: 10 });
  const table = { columns: ["1", "2"], values: new Float64Array(10) };
  const laws = async (given: SeriesTable) => {
    const { values } = await forecaster.forecast({ table: given, samples: 2000, random: createRandom(2) });
    const at = (n: number, h: number, c: number): number => values[(n * 3 + h) * 2 + c] as number;
    const mean = (of: (n: number) => number): number =>
      Array.from({ length: 2000 }, (_, n) => of(n)).reduce((sum, x) => sum + x, 0) / 2000;
    return [0, 2].map((h) =>
      [0, 1].map((c) => mean((n) => at(n, h, c) ** 2)).concat(mean((n) => at(n, h, 0) * at(n, h, 1))),
    );
  };
  for (const [h, [one, two, both]] of (await laws(table)).entries()) {
    const steps = [1, 3][h] as number;
    expect(Math.abs((one as number) / steps - 1)).toBeLessThan(0.08);
    expect(Math.abs((two as number) / steps - 1)).toBeLessThan(0.08);
    expect(Math.abs((both as number) / steps - 0.72)).toBeLessThan(0.08);
  }
  // A change of the second is missing; the first's says 1 - 0.72^2 of its variance, 10 / 14 after four of no change.
  const open = { ...table, values: table.values.map((value, i) => (i === 9 ? Number.NaN : value)) };
  const [[, late]] = (await laws(open)) as [[number, number]];
  expect(Math.abs(late - (1 + (10 / 14) * (1 - 0.72 ** 2)))).toBeLessThan(0.08);
  await forecaster.dispose();
});

it.each<[string, Partial<SeriesRecord>]>([
  ["factors of at most 256 columns", { factors: new Array(257).fill([]) }],
  ["scaleRows is [5]; levels are told in one unit", { representation: "level", scaleRows: [5] }],
  ["2 columns, factors of 1", { factors: [[0.5]] }],
  [
    "column 2 has factors [0.9,0.9]; expected 2 whose squares add up to at most 1",
    {
      factors: [
        [0.5, 0],
        [0.9, 0.9],
      ],
    },
  ],
  ["column 2 has factors []; expected 1", { factors: [[0.5], []] }],
  ["a row's values go together by themselves; expected no factors", { tokens: "row", factors: [[0.5], [0.5]] }],
])("refuses a model of which %s", (message, record) => {
  expect(() => new SeriesForecaster(gaussianBundle(record, [1, 1]), { backend })).toThrow(message);
});

it("one series of several is forecast as among all of them, to the bit", async () => {
  const forecaster = new SeriesForecaster(gaussianBundle({ factors: [[0.9], [0.8]] }, [2, 3]), {
    backend,
    timesteps: 4,
  });
  const both = { columns: ["1", "2"], values: Float64Array.of(1, 9, 2, 8, 3, 7, 4, 6, 5, 5) };
  const request = { table: both, samples: 4, random: createRandom(1) };
  const all = await forecaster.forecast(request);
  const second = await forecaster.forecast({ ...request, columns: ["2"] });
  expect(second.columns).toEqual(["2"]);
  expect(Array.from(second.values)).toEqual(Array.from(all.values).filter((_, i) => i % 2 === 1));
  await expect(forecaster.forecast({ ...request, columns: ["3"] })).rejects.toThrow(
    'columns: "3" is none of the model\'s; expected some of 1, 2.',
  );
  await forecaster.dispose();
});
