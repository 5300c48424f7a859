import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe } from "@diffusion-forcing/core/backend";
import { parseJson } from "@diffusion-forcing/core/bundle";
import { tasks as allTasks, type Task, type TaskRecipe } from "@diffusion-forcing/tasks";
import { parseRecordedOptions, type RecordedOptions } from "./run-options.js";

/** What a run is: a recipe of a task, and the seed. `training.json` of its folder. */
export interface RunConfig extends TaskRecipe {
  /** The task's name. */
  readonly task: string;
  readonly seed: number;
  /** What the task was told besides, if it takes anything. */
  readonly options?: RecordedOptions;
}

/**
 * Reads a training config: JSON with a task's recipe, the `task` by name and optionally a `seed` and the task's `options`. Where no task is named
 * it is recognised by the parts of the recipe.
 *
 * @throws `corrupt-file` for text that is no JSON, `invalid-config` or `invalid-schedule`, naming the file and the field
 *   that is wrong.
 */
export function parseRunConfig(text: string, path: string, tasks: readonly Task[] = allTasks): RunConfig {
  const json = parseJson(path, new TextEncoder().encode(text));
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw invalid(path, `the file is ${describe(json)}; expected an object, a recipe`);
  }
  const { task: name, seed = 0, options, ...recipe } = json as Record<string, unknown>;
  if (!Number.isSafeInteger(seed) || (seed as number) < 0) {
    throw invalid(path, `seed is ${describe(seed)}; expected a whole number from 0`);
  }
  const task = tasks.find((one) => (name === undefined ? hasParts(one, recipe) : one.name === name));
  if (task === undefined) {
    const known = tasks.map((one) => one.name).join(", ");
    const found =
      name === undefined ? "its task is not given, and its parts are none's" : `its task is ${describe(name)}`;
    throw invalid(path, `${found}; the known ones are ${known}`);
  }
  try {
    return {
      task: task.name,
      ...task.parseRecipe(recipe),
      seed: seed as number,
      ...(options === undefined ? {} : { options: parseRecordedOptions(task.trainingOptions ?? {}, options) }),
    };
  } catch (cause) {
    if (!isDiffusionForcingError(cause)) throw cause;
    throw new DiffusionForcingError(cause.code, `${path}: ${cause.message}`, { cause });
  }
}

/** Whether a recipe has a part that all of the task's recipes have and that is not every task's. */
function hasParts({ presets }: Task, recipe: Readonly<Record<string, unknown>>): boolean {
  const [preset = {}] = Object.values(presets);
  return Object.keys(preset).some((part) => part !== "training" && Object.hasOwn(recipe, part));
}

function invalid(path: string, problem: string): DiffusionForcingError {
  return new DiffusionForcingError("invalid-config", `${path} is no training config: ${problem}.`);
}
