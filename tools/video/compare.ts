/**
 * The paper's comparison in the smallest video world, the bouncing dot: the same network, trained with the same number of
 * steps on differently drawn noise levels, sampled with and without stabilisation; a table in Markdown on stdout.
 * `npm run video:compare -- [SEEDS] [STEPS]`
 */
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { train } from "@diffusion-forcing/core/training";
import { videoTask } from "@diffusion-forcing/tasks/video";
import { type Measured, variantTitle } from "./card-text.js";

const [seeds = "1", steps = "600"] = process.argv.slice(2);
const levelSources = ["independent", "same", "clean-past", "next-frame"] as const;
const backend = await onnxBackend({ threads: 1 });

type Share = Readonly<Record<string, { readonly value: number }>>;

const rows = new Map<string, (readonly number[])[]>();
for (const levels of levelSources) {
  const preset = videoTask.presets["dots-quick"];
  if (preset === undefined) throw new Error("There is no preset dots-quick.");
  const recipe = videoTask.parseRecipe({ ...preset, video: { frames: 5, batch: 16, levels } });
  for (let seed = 0; seed < Number(seeds); seed++) {
    const job = await videoTask.prepare(recipe);
    const { learningRate, schedule, emaDecay } = recipe.training;
    const { parameters } = await train(job.diffusion, {
      backend,
      batches: job.batches,
      steps: Number(steps),
      seed,
      optimizer: { learningRate },
      learningRate: schedule,
      emaDecay,
    });
    const bundle = { diffusion: job.diffusion, parameters, task: job.record };
    for (const isStabilised of [true, false]) {
      const options = { videos: 32, ...(isStabilised ? {} : { stabilization: 0 }) };
      const { document } = await videoTask.evaluate(bundle, { backend, options });
      const { accuracy, steadiness, rules } = document as unknown as Measured & { readonly rules: Share };
      const title = variantTitle(levels, isStabilised);
      const figures = [
        1000 * accuracy.mse.value,
        ...Object.values(rules).map(({ value }) => 100 * value),
        100 * steadiness.within.value,
      ];
      rows.set(title, [...(rows.get(title) ?? []), figures]);
      process.stderr.write(`${title}, seed ${seed}: ${figures.map((figure) => figure.toFixed(1)).join(", ")}\n`);
    }
  }
}
await backend.dispose();

/** The mean over seeds, and where there are several the least and the most. */
function summary(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return mean.toFixed(1);
  return `${mean.toFixed(1)} (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;
}

const columns = [
  "trained and sampled",
  "MSE x 1000, 10 frames",
  "videos of 100 frames with one dot in each, %",
  "and every move right, %",
  "last 25 frames within 3 deviations, %",
];
const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
console.log([line(columns), line(columns.map(() => "---"))].join("\n"));
for (const [title, runs] of rows) {
  console.log(line([title, ...(runs[0] ?? []).map((_, i) => summary(runs.map((run) => run[i] as number)))]));
}
