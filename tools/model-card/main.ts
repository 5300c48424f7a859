/**
 * Evaluates a model folder and writes its card: `tsx --conditions=source tools/model-card/main.ts FOLDER [EPISODES]`.
 * Every figure comes from `dforce eval`; the table's rows are cached in evaluation.json, so that a run can be
 * interrupted.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { type CardRow, cardRows, cardSeed } from "./settings.js";

interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

interface Evaluation {
  readonly maze: string;
  readonly episodes: number;
  readonly seed: number;
  readonly success: Estimate;
  readonly firstReach: Estimate;
  readonly ratioToExpert: Estimate;
  /** Absent for mazes that are not D4RL's. */
  readonly normalizedScore?: Estimate;
  readonly hard: { readonly successes: number; readonly episodes: number };
  readonly planWallFraction: number;
  readonly evaluations: number;
  readonly note: string;
}

interface Training {
  readonly planner: { readonly maze: string; readonly frameStack: number };
  readonly training: { readonly steps: number; readonly dataSteps: number; readonly dataSeed: number };
  readonly seed: number;
}

interface Summary {
  readonly seconds: number;
  readonly dataChecksum: string;
  readonly threads: number | string;
}

const [folder, episodes = "100"] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("usage: tsx --conditions=source tools/model-card/main.ts FOLDER [EPISODES]\n");
  process.exit(2);
}

const read = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), "utf8")) as T;
const training = read<Training>("training.json");
const summary = read<Summary>("summary.json");
const { maze, frameStack } = training.planner;
const cachePath = join(folder, "evaluation.json");
const cache: Record<string, Evaluation> = existsSync(cachePath) ? read("evaluation.json") : {};

for (const { title, options } of cardRows) {
  if (cache[title] !== undefined) continue;
  const args = ["--conditions=source", "packages/cli/src/main.ts", "eval", "--model", folder, "--threads", "1"];
  const setting = ["--seed", `${cardSeed}`, "--episodes", episodes, ...options, "--json"];
  const output = execFileSync("npx", ["tsx", ...args, ...setting], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  cache[title] = JSON.parse(output) as Evaluation;
  writeFileSync(cachePath, `${JSON.stringify(cache, null, 2)}\n`);
}

const interval = ({ value, low, high }: Estimate, digits: number, scale = 1): string =>
  `${(value * scale).toFixed(digits)} [${(low * scale).toFixed(digits)}, ${(high * scale).toFixed(digits)}]`;

function tableRow({ title }: CardRow): string {
  const evaluation = cache[title] as Evaluation;
  const { hard } = evaluation;
  return `| ${[
    title,
    interval(evaluation.success, 0, 100),
    `${hard.successes}/${hard.episodes}`,
    interval(evaluation.firstReach, 0),
    interval(evaluation.ratioToExpert, 2),
    ...(evaluation.normalizedScore ? [interval(evaluation.normalizedScore, 1)] : []),
    (100 * evaluation.planWallFraction).toFixed(2),
    (evaluation.evaluations / evaluation.episodes).toFixed(0),
  ].join(" | ")} |`;
}

const first = Object.values(cache)[0] as Evaluation;
const columns = [
  "planner",
  "success %",
  "hard starts",
  "steps to first reach",
  "relative to expert",
  ...(first.normalizedScore ? ["normalised score"] : []),
  "walls %",
  "evaluations",
];
const card = `# maze2d-${maze}

A Diffusion Forcing planner for the ${maze} maze: a non-causal transformer over tokens of ${frameStack} stacked positions, planning from a clean start token to a clean goal token. Weights are the moving average at the last step.

## Training

    npm run dforce -- train --preset ${maze} --seed ${training.seed} --threads ${summary.threads} --out runs/${maze}

${training.training.steps} steps in ${(summary.seconds / 60).toFixed(0)} minutes on ${summary.threads} ${summary.threads === 1 ? "thread" : "threads"} of a shared machine with ${cpus().length} cores and other work (wall time). Data: ${training.training.dataSteps} steps generated with seed ${training.training.dataSeed}, SHA-256 \`${summary.dataChecksum}\`. \`training.json\` holds the whole recipe.

## Evaluation

    npx tsx --conditions=source tools/model-card/main.ts ${folder} ${episodes}

${first.episodes} episodes, start seed ${first.seed}, 95 % intervals. Walls: share of plan points whose centre lies inside a wall; the planner is never told where walls are. Evaluations: of the model, for one sequence each, an episode.

| ${columns.join(" | ")} |
|${" --- |".repeat(columns.length)}
${cardRows.map(tableRow).join("\n")}

${first.note}
`;
writeFileSync(join(folder, "README.md"), card);
