import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type Backend, type Bundle, createRandom, isDiffusionForcingError } from "@diffusion-forcing/core";
import { train } from "@diffusion-forcing/core/training";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TaskJob } from "../task.js";
import type { OptionValues } from "../task-options.js";
import { seriesTask } from "./task.js";

let backend: Backend;
beforeAll(async () => {
  backend = await onnxBackend({ threads: 1 });
});
afterAll(() => backend.dispose());

const file = (text: string) => ({ name: "my.csv", bytes: new TextEncoder().encode(text) });

/** Two waves of a day, by the hour, the second a quarter later. */
function waves(hours: number): string {
  const random = createRandom(5);
  const rows = Array.from({ length: hours }, (_, t) => {
    const [a, b] = [0, 6].map((late) => 10 + 3 * Math.sin((2 * Math.PI * (t - late)) / 24) + 0.2 * random.normal());
    return `${new Date(Date.UTC(2024, 0, 1, t)).toISOString().slice(0, 16)},${a?.toFixed(3)},${b?.toFixed(3)}`;
  });
  return `when,first,second\n${rows.join("\n")}\n`;
}

const recipe = (network: object, steps: number) =>
  seriesTask.parseRecipe({
    series: { network, batch: 32, validation: 0.1, patience: 3 },
    training: { steps, learningRate: 5e-3, schedule: { kind: "cosine", warmupSteps: 10 }, emaDecay: 0.98 },
  });
const small = { kind: "transformer", width: 16, layers: 1, heads: 2 };

async function trained(job: TaskJob, steps: number): Promise<Bundle> {
  const { diffusion, batches, codec, record } = job;
  const { parameters } = await train(diffusion, {
    backend,
    batches,
    steps,
    optimizer: { learningRate: 5e-3 },
    emaDecay: 0.98,
  });
  return { diffusion, parameters, ...(codec ? { codec } : {}), task: record };
}

describe("seriesTask", () => {
  const options: OptionValues = { data: file(waves(600)), trainRows: 500, context: 12, horizon: 6, lags: "24" };

  it("learns waves of a day and forecasts better than last value, calibrated; files and chart come of it", async () => {
    const job = await seriesTask.prepare(recipe(small, 300), { options });
    expect(job.record).toMatchObject({
      columns: ["first", "second"],
      lags: [24],
      calendar: ["day", "week"],
      trainRows: 500,
    });
    expect(job.about).toEqual({ columns: 2, rows: 500, validationWindows: 3, representation: "level" });
    expect(job.evaluate?.batches?.[0]?.tokens.shape).toEqual([256, 18, 1]);
    const bundle = await trained(job, 300);
    const evaluation = { data: options.data, windows: 8, samples: 40, drop: 0.3, season: 24 };
    const report = await seriesTask.evaluate(bundle, { backend, options: evaluation });
    const scores = report.document.scores as Record<
      string,
      { crpsSum: { value: number }; coverage90: { value: number } }
    >;
    const crpsSum = (name: string): number => scores[name]?.crpsSum.value as number;
    expect(crpsSum("the model")).toBeLessThan(crpsSum("last value") / 2);
    expect(scores["the model"]?.coverage90.value).toBeGreaterThan(0.7);
    expect(crpsSum("  values missing")).toBeLessThan(crpsSum("  the last value in their place"));
    expect(report.rows.map(([name]) => name)).toContain("  VAR(1)");

    const asked = { data: options.data, horizon: 9, samples: 20 };
    const { files, document } = (await seriesTask.forecasting?.run(bundle, { backend, options: asked, seed: 0 })) ?? {};
    expect(Object.keys(files ?? {})).toEqual(["quantiles.csv", "samples.csv", "forecast.svg"]);
    expect(String(files?.["samples.csv"]).split("\n")[1]).toMatch(/^1,2024-01-26T00:00:00\.000Z,[\d.]+,[\d.]+$/);
    expect(document).toMatchObject({ horizon: 9, rows: 600 });
  });

  it.each(["value", "row"])("trains the paper's recurrent network too, tokens by the %s", async (tokens) => {
    const given = { ...options, tokens, context: 5, horizon: 3, lags: undefined, calendar: "none" };
    const job = await seriesTask.prepare(recipe({ kind: "recurrent", stateSize: 8, width: 8 }, 5), { options: given });
    const bundle = await trained(job, 5);
    const asked = { data: options.data, samples: 3, steps: 4, write: "json" };
    const { files } = (await seriesTask.forecasting?.run(bundle, { backend, options: asked, seed: 0 })) ?? {};
    expect(JSON.parse(String(files?.["forecast.json"])).samples).toHaveLength(3);
  });

  it("its presets are recipes; a recipe says what is wrong", () => {
    for (const preset of Object.values(seriesTask.presets)) {
      expect(seriesTask.parseRecipe(JSON.parse(JSON.stringify(preset)))).toEqual(preset);
    }
    expect(() => recipe({ kind: "lstm" }, 1)).toThrow('a network of kind "transformer" or "recurrent"');
  });

  it.each<[string, OptionValues]>([
    ["series: data is missing", {}],
    ["my.csv has 2 rows to learn from; a window takes 60, and none is left", { data: file("1,2\n3,4\n") }],
    ["Column 1 never changes; leave it out", { data: file("1,2\n1,3\n"), context: 1, horizon: 1 }],
    ["my.csv has 100 rows; trainRows is 101", { data: file(waves(100)), trainRows: 101 }],
    [
      'lags: "24"; expected at most 64 whole numbers with commas, up to 65536 and from 30 on, the horizon',
      { data: file(waves(100)), lags: "24" },
    ],
    ["symmetric: only changes have a side", { data: file(waves(100)), symmetric: true }],
    ['lags: "0x30"; expected', { data: file(waves(100)), lags: "0x30" }],
    ["from 30 on, the horizon", { data: file(waves(100)), lags: "65537" }],
    ['scaleRows: "30,0"; expected at most 8 whole numbers', { data: file(waves(100)), scaleRows: "30,0" }],
    ["expected at most 8 whole numbers", { data: file(waves(100)), scaleRows: "1,2,3,4,5,6,7,8,9" }],
    ["scaleRows: only changes say how far", { data: file(waves(100)), scaleRows: "10" }],
    ["Column 1, row 2: the value is -1; log returns", { data: file("1\n-1\n1\n"), representation: "log-return" }],
  ])("refuses: %s", async (message, given) => {
    await expect(seriesTask.prepare(recipe(small, 1), { options: given })).rejects.toThrow(message);
  });

  it("refuses data without room for the windows, and bundles of other tasks", async () => {
    const job = await seriesTask.prepare(recipe(small, 1), { options });
    const bundle = { ...job, parameters: {}, task: job.record };
    const evaluated = seriesTask.evaluate(bundle, { backend, options: { data: options.data, windows: 17 } });
    await expect(evaluated).rejects.toThrow(
      "after 500: room for 16 windows of 6 rows; 17 are asked for. Train with --train-rows",
    );
    const other = seriesTask.evaluate({ ...bundle, task: { kind: "maze2d" } }, { backend, options: {} });
    await expect(other).rejects.toSatisfy((error) => isDiffusionForcingError(error, "invalid-config"));
  });
});
