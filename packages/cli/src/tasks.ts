import { type Bundle, DiffusionForcingError } from "@diffusion-forcing/core";
import type { Task, TaskRecipe } from "@diffusion-forcing/tasks";
import { UsageError } from "./options.js";

const namesOf = (tasks: readonly Task[]): string => tasks.map(({ name }) => name).join(", ");

/** The task that a model is for. @throws `invalid-config` if it names none of those there are */
export function taskOf(tasks: readonly Task[], { task: record }: Bundle): Task {
  const task = tasks.find(({ name }) => name === record?.kind);
  if (task !== undefined) return task;
  const found = record === undefined ? "names no task" : `is for the task "${record.kind.slice(0, 100)}"`;
  throw new DiffusionForcingError("invalid-config", `The model ${found}; the known ones are ${namesOf(tasks)}.`);
}

/** @throws UsageError */
export function taskNamed(tasks: readonly Task[], name: string): Task {
  const task = tasks.find((one) => one.name === name);
  if (task === undefined)
    throw new UsageError(`There is no task "${name.slice(0, 100)}"; the known ones are ${namesOf(tasks)}.`);
  return task;
}

/** The names of all presets. */
export function presetNames(tasks: readonly Task[]): string[] {
  return [...new Set(tasks.flatMap(({ presets }) => Object.keys(presets)))];
}

/** The preset that is taken where a task is named and no recipe: its first. */
export function usualPreset({ presets }: Task): string {
  return Object.keys(presets)[0] as string;
}

/** The recipe of this name: the first task's that has one. @throws UsageError */
export function presetOf(tasks: readonly Task[], preset: string): TaskRecipe & { readonly task: string } {
  const task = tasks.find(({ presets }) => Object.hasOwn(presets, preset));
  if (task !== undefined) return { task: task.name, ...(task.presets[preset] as TaskRecipe) };
  const known = tasks.map(({ name, presets }) => `${name} has ${Object.keys(presets).join(", ")}`);
  throw new UsageError(`There is no preset "${preset}": ${known.join("; ")}.`);
}
