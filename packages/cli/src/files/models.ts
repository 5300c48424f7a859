import { readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { mazes, type PlannerBundle, readPlannerBundle } from "@diffusion-forcing/tasks/maze2d";

/** The names of the bundled planners, which are the mazes'. */
export const bundledModels: readonly string[] = Object.keys(mazes);

/** The folder of a model: a bundled one by its name, any other by its path. */
export function modelFolder(model: string): string {
  if (!bundledModels.includes(model)) return model;
  const tasks = dirname(createRequire(import.meta.url).resolve("@diffusion-forcing/tasks/package.json"));
  return join(tasks, "models", `maze2d-${model}`);
}

/** Reads a planner from a bundled name or a folder. @throws `invalid-argument` if there is no such folder */
export async function loadPlanner(model: string): Promise<PlannerBundle> {
  const folder = modelFolder(model);
  const exists = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!exists) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `There is no model "${model}": give ${bundledModels.join(", ")} or a folder with config.json, model.safetensors and normalizer.json.`,
    );
  }
  return readPlannerBundle(async (name) => {
    try {
      return await readFile(join(folder, name));
    } catch (cause) {
      throw new DiffusionForcingError(
        "corrupt-file",
        `${join(folder, name)} cannot be read (${(cause as Error).message}). The folder is no complete model.`,
        { cause },
      );
    }
  });
}
