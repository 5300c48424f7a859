import { readdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DiffusionForcingError, isDiffusionForcingError, loadBundle } from "@diffusion-forcing/core";
import type { BundleKind, BundleKinds } from "@diffusion-forcing/core/bundle";
import { folderStore } from "@diffusion-forcing/core/node";
import { type PlannerBundle, plannerFiles, plannerOfBundle } from "@diffusion-forcing/tasks/maze2d";

/** Planners are known by their maze's name alone. */
const PLANNER = "maze2d-";

function modelsFolder(): string {
  const tasks = dirname(createRequire(import.meta.url).resolve("@diffusion-forcing/tasks/package.json"));
  return join(tasks, "models");
}

/** The names of the bundled models: what lies in the models folder of the package of tasks. */
function bundledModels(): readonly string[] {
  const folders = readdirSync(modelsFolder(), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => (name.startsWith(PLANNER) ? name.slice(PLANNER.length) : name));
}

/** The folder of a model: a bundled one by its name, any other by its path. */
export function modelFolder(model: string): string {
  const folder = readdirSync(modelsFolder()).find((name) => name === model || name === `${PLANNER}${model}`);
  return folder === undefined ? model : join(modelsFolder(), folder);
}

/** The files of a model. */
export function modelFiles(model: string): readonly string[] {
  return Object.values(plannerFiles).map((name) => join(modelFolder(model), name));
}

/**
 * Reads a model from a bundled name or a folder: a diffusion, unless other kinds are expected.
 *
 * @throws `invalid-argument` if there is no such folder, else as `loadBundle`, naming the folder.
 */
export async function loadModel<Kind extends BundleKind = "diffusion-forcing">(
  model: string,
  kinds?: readonly Kind[],
): Promise<BundleKinds[Kind]> {
  const folder = modelFolder(model);
  const exists = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!exists) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `There is no model "${model}": give ${bundledModels().join(", ")} or a folder with ${Object.values(plannerFiles).join(", ")}.`,
    );
  }
  return loadBundle({ ...folderStore(folder), name: broken(folder) }, kinds === undefined ? {} : { kinds });
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
