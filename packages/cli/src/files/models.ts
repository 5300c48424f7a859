import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Bundle, DiffusionForcingError, isDiffusionForcingError, loadBundle } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { mazes, type PlannerBundle, plannerFiles, plannerOfBundle } from "@diffusion-forcing/tasks/maze2d";

/** The names of the bundled planners, which are the mazes'. */
export const bundledModels: readonly string[] = Object.keys(mazes);

/** The folder of a model: a bundled one by its name, any other by its path. */
export function modelFolder(model: string): string {
  if (!bundledModels.includes(model)) return model;
  const tasks = dirname(createRequire(import.meta.url).resolve("@diffusion-forcing/tasks/package.json"));
  return join(tasks, "models", `maze2d-${model}`);
}

/** The files of a model. */
export function modelFiles(model: string): readonly string[] {
  return Object.values(plannerFiles).map((name) => join(modelFolder(model), name));
}

/**
 * Reads a model from a bundled name or a folder.
 *
 * @throws `invalid-argument` if there is no such folder, else as `loadBundle`, naming the folder.
 */
export async function loadModel(model: string): Promise<Bundle> {
  const folder = modelFolder(model);
  const exists = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!exists) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `There is no model "${model}": give ${bundledModels.join(", ")} or a folder with ${Object.values(plannerFiles).join(", ")}.`,
    );
  }
  return loadBundle({ ...folderStore(folder), name: broken(folder) });
}

/** Reads a planner. @throws as {@link loadModel}, and `invalid-config` for a model of another task */
export async function loadPlanner(model: string): Promise<PlannerBundle> {
  const bundle = await loadModel(model);
  try {
    return plannerOfBundle(bundle);
  } catch (cause) {
    if (!isDiffusionForcingError(cause)) throw cause;
    throw new DiffusionForcingError(cause.code, `${broken(modelFolder(model))}: ${cause.message}`, { cause });
  }
}

const broken = (folder: string): string => `The model in ${folder} cannot be used`;
