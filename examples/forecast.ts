/**
 * Series of one's own: read, forecast with a trained model, and a doubtful sensor believed only as far as it goes.
 * `npx tsx --conditions=source examples/forecast.ts my.csv`; without a file it makes rates up.
 */
import { readFile, writeFile } from "node:fs/promises";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { createRandom, loadBundle } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { columnQuantiles, fanChart, readSeries, SeriesForecaster, withDoubt } from "@diffusion-forcing/tasks/series";

const walk = createRandom(0);
const rate = new Array<number>(8).fill(1);
const rows = Array.from({ length: 60 }, () => rate.map((at, i) => (rate[i] = at * Math.exp(0.005 * walk.normal()))));
const [name = "made up", bytes] = [process.argv[2], process.argv[2] && new Uint8Array(await readFile(process.argv[2]))];
const table = await readSeries({ name, bytes: bytes || new TextEncoder().encode(rows.join("\n")) });

const backend = await onnxBackend();
const bundle = await loadBundle(folderStore("packages/tasks/models/series-exchange"));
const forecaster = new SeriesForecaster(bundle, { backend });
// The first series' sensor is wrong by a hundredth: its values become tokens at a level in between.
const doubtful = withDoubt(table, { columns: { "1": 0.01 } });
const forecast = await forecaster.forecast({ table: doubtful, horizon: 30, samples: 100, random: createRandom(1) });
const [low, , median, , high] = columnQuantiles(forecast, 0);
console.log(
  `after 30 rows: ${median?.at(-1)?.toFixed(3)}, 90 % within ${low?.at(-1)?.toFixed(3)} to ${high?.at(-1)?.toFixed(3)}`,
);
await writeFile("forecast.svg", fanChart(table, forecast));
await forecaster.dispose();
await backend.dispose();
