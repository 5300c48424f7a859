import { join } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { parseJson } from "@diffusion-forcing/core/bundle";
import { initialTrainingState } from "@diffusion-forcing/core/training";
import {
  encodePlannerBundle,
  isOldPlannerConfig,
  plannerDiffusion,
  readOldPlanner,
  upgradeCheckpoint,
  upgradeRecipe,
} from "@diffusion-forcing/tasks/maze2d";
import { ensureWritable, writeAtomically } from "./atomic-write.js";
import { readIfThere } from "./input.js";
import { checkOutputs } from "./outputs.js";

const [configFile, runFile, checkpointFile] = ["config.json", "training.json", "checkpoint.safetensors"] as const;

/**
 * Writes the model or run in `folder`, of the layout before bundles, into `out` as a bundle: weights bit for bit, and of a
 * run its recipe and its checkpoint, so that training goes on.
 *
 * @throws `invalid-argument` if the folder holds no such model, and what reading and writing throw.
 */
export async function upgradeFolder(
  folder: string,
  { out, force }: { readonly out: string; readonly force?: boolean },
): Promise<Readonly<Record<string, unknown>>> {
  const read = async (name: string): Promise<Uint8Array> => {
    const bytes = await readIfThere(join(folder, name));
    if (bytes !== undefined) return bytes;
    throw new DiffusionForcingError("invalid-argument", `${folder} holds no old model: ${name} is missing.`);
  };
  if (!isOldPlannerConfig(parseJson(join(folder, configFile), await read(configFile)))) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${folder} holds no model of an earlier layout: its ${configFile} is not of kind "maze2d-planner". A bundle needs no conversion.`,
    );
  }
  const planner = await readOldPlanner(read);
  const files: Record<string, Uint8Array> = { ...encodePlannerBundle(planner) };
  const recipe = await readIfThere(join(folder, runFile));
  if (recipe !== undefined) {
    const upgraded = upgradeRecipe(parseJson(join(folder, runFile), recipe));
    files[runFile] = new TextEncoder().encode(`${JSON.stringify(upgraded, null, 2)}\n`);
  }
  const checkpoint = await readIfThere(join(folder, checkpointFile));
  if (checkpoint !== undefined) {
    const { subject } = initialTrainingState(plannerDiffusion(planner.config), { seed: 0, keepEma: false });
    files[checkpointFile] = upgradeCheckpoint(checkpoint, subject);
  }
  const inputs = [configFile, runFile, checkpointFile].map((name) => join(folder, name));
  await checkOutputs({ files: Object.keys(files).map((name) => join(out, name)), inputs, force });
  await ensureWritable(out);
  for (const [name, bytes] of Object.entries(files)) await writeAtomically(join(out, name), bytes);
  return { out, files: Object.keys(files).join(", "), maze: planner.config.maze };
}
