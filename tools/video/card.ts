/**
 * Makes a bundled model of a run, stored as float16, measures it, and writes its card:
 * `npm run video:card -- RUN NAME [BESIDE...]`
 *
 * BESIDE are runs to compare with, of the same network trained otherwise. Every figure comes from `dforce eval`; those
 * that are in evaluation.json are not measured again, so that the tool can be interrupted.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join } from "node:path";
import { loadBundle, saveBundle } from "@diffusion-forcing/core/bundle";
import { folderStore } from "@diffusion-forcing/core/node";
import { cardText, type Measured, type RunFacts, variantTitle } from "./card-text.js";

const [run, name, ...beside] = process.argv.slice(2);
if (run === undefined || name === undefined) {
  process.stderr.write("usage: npm run video:card -- RUN NAME [BESIDE...]\n");
  process.exit(2);
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;

/** What a run's folder says of its training. */
function factsOf(folder: string): RunFacts {
  const { seed, training, video, model } = readJson<RunFacts & { training: { steps: number } }>(
    join(folder, "training.json"),
  );
  const log = readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n");
  const { step, seconds } = JSON.parse(log.at(-1) as string) as { step: number; seconds: number };
  return { name: basename(folder), seed, video, model, training, steps: step, seconds };
}

const folder = join("packages", "tasks", "models", name);
const facts = factsOf(run);
const bundle = await loadBundle(folderStore(run));
const card = { name, description: "Imagines a small world of pictures, frame by frame.", license: "MIT" };
await saveBundle({ ...bundle, card }, folderStore(folder), { weights: "float16" });
writeFileSync(join(folder, "training.json"), readFileSync(join(run, "training.json")));

const cachePath = join(folder, "evaluation.json");
const cache: Record<string, Measured> = existsSync(cachePath) ? readJson(cachePath) : {};
const rows = [folder, ...beside].flatMap((model, i) =>
  ([true, false] as const).map((isStabilised) => {
    const { video } = i === 0 ? facts : factsOf(model);
    const title = variantTitle(video.levels, isStabilised);
    if (cache[title] === undefined) {
      const args = ["--conditions=source", "packages/cli/src/main.ts", "eval", "--model", model, "--threads", "1"];
      const level = isStabilised ? [] : ["--stabilization", "0"];
      const output = execFileSync("npx", ["tsx", ...args, ...level, "--json"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      cache[title] = { ...(JSON.parse(output) as Measured), model: basename(model) };
      writeFileSync(cachePath, `${JSON.stringify(cache, null, 2)}\n`);
    }
    return { title, measured: cache[title] as Measured };
  }),
);
const text = cardText({ name, facts, beside: beside.map(factsOf), rows, cores: cpus().length });
writeFileSync(join(folder, "README.md"), text);
