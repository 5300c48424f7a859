/** What the tasks read: files of the user's, recipes, bundles and options. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { loadBundle, tensor } from "@diffusion-forcing/core";
import { filesStore } from "@diffusion-forcing/core/bundle";
import {
  tasks as all,
  checkOptionValues,
  type OptionFile,
  type OptionSchemas,
  type Task,
} from "@diffusion-forcing/tasks";
import { corpusOf } from "@diffusion-forcing/tasks/language";
import { drawnMaze, readDrawing } from "@diffusion-forcing/tasks/maze2d";
import { choralesOf, parseChorales, readMidi, writeMidi } from "@diffusion-forcing/tasks/music";
import { readSeries } from "@diffusion-forcing/tasks/series";
import { floorPlan, gardenPlan } from "@diffusion-forcing/tasks/video";
import { jsonOf } from "../mutations.js";
import { fileTarget, type Target, valueTarget } from "../target.js";
import { type Anything, foreign } from "./subjects.js";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const named = (name: string, bytes: Uint8Array): OptionFile => ({ name, bytes });

const csv = bytesOf(
  [
    "date,a,b",
    ...Array.from({ length: 30 }, (_, i) => `2024-01-${String(i + 1).padStart(2, "0")},${i},${-i / 3}`),
  ].join("\n"),
);
const jsonLines = bytesOf(Array.from({ length: 20 }, (_, i) => `{"time":${i},"a":${i},"b":null}`).join("\n"));
const chorale = Array.from({ length: 32 }, (_, i) => [72 - (i >> 3), 67, 60, i < 16 ? 48 : -1]);
const chorales = bytesOf(JSON.stringify({ train: [chorale, chorale], valid: [chorale], test: [chorale] }));
const song = choralesOf(
  tensor(
    Int32Array.from({ length: 64 }, (_, i) => 10 + (i % 4) * 3),
    [1, 16, 4],
  ),
)[0] as Anything;
const maze = "#######\n#OOO#O#\n#O#OOO#\n#OOO#G#\n#######\n";

const files: Target[] = [
  fileTarget("series of separated values", [csv, gzipSync(csv)], (bytes) => readSeries(named("a.csv", bytes))),
  fileTarget("series with gaps", [csv, jsonLines, gzipSync(jsonLines)], (bytes) =>
    readSeries(named("a", bytes), { missing: true }),
  ),
  valueTarget(
    "readSeries",
    [{ format: "csv", header: true, time: "date", missing: true }],
    (options) => readSeries(named("a.csv", csv), options as Anything),
    foreign,
  ),
  fileTarget("chorales", [chorales], (bytes) => parseChorales(named("a.json", bytes))),
  valueTarget("chorales as JSON", [JSON.parse(new TextDecoder().decode(chorales))], (value) =>
    parseChorales(named("a.json", bytesOf(jsonOf(value)))),
  ),
  fileTarget("midi", [writeMidi(song)], (bytes) => readMidi(named("a.mid", bytes))),
  fileTarget("drawn maze", [bytesOf(maze)], (bytes) => readDrawing(named("a.txt", bytes))),
  valueTarget("drawnMaze", [maze], (text) => drawnMaze(text as Anything)),
  valueTarget("floor plan", [gardenPlan], (rows) => floorPlan(rows as Anything), foreign),
  fileTarget("corpus", [bytesOf("to be or not to be, ".repeat(20))], (bytes) => corpusOf(named("a.txt", bytes), 8)),
];

const recipes: Target[] = all.map((task) =>
  valueTarget(
    `recipe of ${task.name}`,
    Object.values(task.presets).map((preset) => JSON.parse(JSON.stringify(preset))),
    (recipe) => task.parseRecipe(recipe),
  ),
);

/** Values for options as people give them. */
function valuesFor(schemas: OptionSchemas): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      switch (schema.kind) {
        case "file":
          return [name, named("a.csv", csv)];
        case "flag":
          return [name, true];
        case "text":
          return [name, schema.default ?? "date"];
        case "choice":
          return [name, schema.default];
        default:
          return [name, schema.default ?? schema.low ?? 1];
      }
    }),
  );
}

const optionsOf = ({ trainingOptions = {}, evaluationOptions, sampling, forecasting }: Task): OptionSchemas[] => [
  trainingOptions,
  evaluationOptions(),
  sampling?.options() ?? {},
  forecasting?.options() ?? {},
];

const options: Target[] = all.flatMap((task) =>
  optionsOf(task)
    .filter((schemas) => Object.keys(schemas).length > 0)
    .map((schemas, i) =>
      valueTarget(
        `options ${i} of ${task.name}`,
        [valuesFor(schemas)],
        (given) => checkOptionValues(task.name, schemas, given as Anything),
        foreign,
      ),
    ),
);

const models = new URL("../../../packages/tasks/models/", import.meta.url);
const fileOf = (model: string, name: string): Uint8Array => readFileSync(new URL(`${model}/${name}`, models));
/** The lightest bundle of each task that has one. */
const bundled: Readonly<Record<string, string>> = {
  maze2d: "maze2d-umaze",
  video: "moving-mnist",
  composition: "composition",
  imitation: "imitation",
  music: "music",
  series: "series-exchange",
};

const bundles: Target[] = all.flatMap((task) => {
  const model = bundled[task.name];
  if (model === undefined) return [];
  const read = async (config: unknown): Promise<void> => {
    const store = filesStore({
      "config.json": bytesOf(jsonOf(config)),
      "model.safetensors": fileOf(model, "model.safetensors"),
    });
    const bundle = await loadBundle(store);
    task.evaluationOptions(bundle);
    task.sampling?.options(bundle);
    task.forecasting?.options(bundle);
  };
  return [
    valueTarget(`bundle of ${task.name}`, [JSON.parse(new TextDecoder().decode(fileOf(model, "config.json")))], read),
  ];
});

export const tasks: readonly Target[] = [...files, ...recipes, ...options, ...bundles];
