import { DiffusionForcingError } from "@diffusion-forcing/core";
import { decodeSafetensors, decodeWeights, encodeSafetensors, parseJson } from "@diffusion-forcing/core/bundle";
import { checkParameters } from "@diffusion-forcing/core/models";
import { parseNormalizer } from "../../planning/frames.js";
import type { PlannerBundle } from "./bundle.js";
import { parsePlannerConfig, plannerDiffusion } from "./config.js";
import { featuresPerFrame } from "./frames.js";

/** The files of a planner before bundles: a config of its own kind, and the normaliser apart. */
export const oldPlannerFiles = {
  config: "config.json",
  weights: "model.safetensors",
  normalizer: "normalizer.json",
} as const;

/** Whether a parsed `config.json` is that of a planner before bundles. */
export function isOldPlannerConfig(config: unknown): boolean {
  return typeof config === "object" && config !== null && "kind" in config && config.kind === "maze2d-planner";
}

/**
 * Reads a planner of the layout before bundles, through `read`, which returns a file's bytes.
 *
 * @throws `corrupt-file`, `invalid-config`, `invalid-schedule`, `checkpoint-mismatch`
 */
export async function readOldPlanner(read: (name: string) => Promise<Uint8Array>): Promise<PlannerBundle> {
  const { config: configFile, normalizer: normalizerFile, weights: weightsFile } = oldPlannerFiles;
  const config = parsePlannerConfig(withScheduleKind(parseJson(configFile, await read(configFile))));
  const stored = parseJson(normalizerFile, await read(normalizerFile)) as Readonly<Record<string, unknown>> | null;
  const { mean, standardDeviation: std } = stored ?? {};
  const normalizer = parseNormalizer({ mean, std }, featuresPerFrame(config.fields));
  const parameters = decodeWeights(await read(weightsFile));
  checkParameters(plannerDiffusion(config).model, parameters);
  return { config, parameters, normalizer };
}

/** A schedule's kind was its name. */
function withScheduleKind(config: unknown): unknown {
  if (typeof config !== "object" || config === null || !("schedule" in config)) return config;
  const { schedule } = config;
  if (typeof schedule !== "object" || schedule === null || !("name" in schedule)) return config;
  const { name: kind, ...rest } = schedule;
  return { ...config, schedule: { kind, ...rest } };
}

const [oldFormat, newFormat] = ["diffusion-forcing-training-1", "diffusion-forcing-training-2"];

/**
 * A training checkpoint of the layout before states recorded what they train, brought up to date: tensors stay as they
 * are, the moving average is called `ema`, and the subject is that of the run's configuration.
 *
 * @throws `corrupt-file`
 */
export function upgradeCheckpoint(bytes: Uint8Array, subject: unknown): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.format !== oldFormat) {
    throw new DiffusionForcingError(
      "corrupt-file",
      `The checkpoint's format is ${JSON.stringify(metadata.format?.slice(0, 100) ?? "not given")}; expected "${oldFormat}".`,
    );
  }
  const renamed = Object.entries(tensors).map(([name, value]) => [name.replace(/^average\//, "ema/"), value] as const);
  const { step = "", seed = "" } = metadata;
  return encodeSafetensors(Object.fromEntries(renamed), {
    format: newFormat as string,
    step,
    seed,
    subject: JSON.stringify(subject),
  });
}

/** A recipe of before, its fields by their names of today. */
export function upgradeRecipe(recipe: unknown): unknown {
  if (typeof recipe !== "object" || recipe === null || !("training" in recipe)) return recipe;
  const { averageDecay, ...training } = recipe.training as { averageDecay?: unknown };
  const planner = "planner" in recipe ? { planner: withScheduleKind(recipe.planner) } : {};
  return {
    ...recipe,
    ...planner,
    training: averageDecay === undefined ? training : { ...training, emaDecay: averageDecay },
  };
}
