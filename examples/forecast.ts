/**
 * The first series of a file of one's own: read, forecast with a trained model, and believed only as far as its sensor goes.
 * `npx tsx --conditions=source examples/forecast.ts my.csv`; without a file it makes rates up.
 */
import { readFile, writeFile } from "node:fs/promises";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { createRandom, loadBundle } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import {
  columnQuantiles,
  fanChart,
  readSeries,
  rescaledTo,
  SeriesForecaster,
  withDoubt,
} from "@diffusion-forcing/tasks/series";

const walk = createRandom(0);
let rate = 1;
const rates = Array.from({ length: 60 }, () => (rate *= Math.exp(0.005 * walk.normal())));
const [name = "made up", bytes] = [process.argv[2], process.argv[2] && new Uint8Array(await readFile(process.argv[2]))];
const read = await readSeries({ name, bytes: bytes || new TextEncoder().encode(rates.join("\n")) }, { missing: true });

// The model reads eight series: the file's first one stands in each place, and is told by the size of its own changes.
const [width, places] = [read.columns.length, 8];
const columns = Array.from({ length: places }, (_, i) => (i === 0 ? (read.columns[0] as string) : `copy ${i}`));
const cells = Array.from({ length: (read.values.length / width) * places }, (_, i) => Math.floor(i / places) * width);
const table = { ...read, columns, values: Float64Array.from(cells, (cell) => read.values[cell] as number) };

const backend = await onnxBackend();
const bundle = rescaledTo(await loadBundle(folderStore("packages/tasks/models/series-exchange")), table);
const forecaster = new SeriesForecaster(bundle, { backend });
// Its sensor is wrong by a hundredth of what it said last: its values become tokens at a level in between.
const known = table.values.filter((value) => !Number.isNaN(value));
const doubt = 0.01 * Math.abs(known.at(-1) as number);
const doubtful = withDoubt(table, { columns: Object.fromEntries(columns.map((column) => [column, doubt])) });
const forecast = await forecaster.forecast({
  table: doubtful,
  columns: columns.slice(0, 1),
  horizon: 30,
  samples: 100,
  random: createRandom(1),
});
const [low, , median, , high] = columnQuantiles(forecast, 0);
console.log(
  `${columns[0]} after 30 rows: ${median?.at(-1)?.toPrecision(4)}, 90 % within ${low?.at(-1)?.toPrecision(4)} to ${high?.at(-1)?.toPrecision(4)}`,
);
await writeFile("forecast.svg", fanChart(table, forecast));
await forecaster.dispose();
await backend.dispose();
