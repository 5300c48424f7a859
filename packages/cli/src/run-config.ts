import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import { parseJson } from "@diffusion-forcing/core/bundle";
import { type PlannerConfig, type PlannerPreset, parsePlannerConfig } from "@diffusion-forcing/tasks/maze2d";
import { z } from "zod";
import { describeIssues } from "./options.js";

const positive = z.number().positive();
/** Far beyond any training; a recipe from elsewhere must not make its reader allocate without end. */
const upTo = (most: number) => z.int().positive().max(most);

const trainingSchema = z.strictObject({
  steps: upTo(1e9),
  tokensPerStep: upTo(1e6),
  dataSteps: upTo(2e7),
  dataSeed: z.int().nonnegative(),
  learningRate: positive,
  schedule: z.strictObject({ kind: z.enum(["constant", "cosine"]), warmupSteps: z.int().nonnegative().optional() }),
  emaDecay: z.number().min(0).lt(1),
});

const runSchema = z.strictObject({
  planner: z.record(z.string(), z.unknown()),
  training: trainingSchema,
  seed: z.int().nonnegative().optional(),
});

/**
 * Reads a training config: JSON with `planner` (a PlannerConfig), `training` and optionally `seed`.
 *
 * @throws `corrupt-file` for text that is no JSON, `invalid-config` or `invalid-schedule`, naming the file and the fields
 *   that are wrong.
 */
export function parseRunConfig(text: string, path: string): PlannerPreset & { readonly seed: number } {
  const json = parseJson(path, new TextEncoder().encode(text));
  const parsed = runSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) {
    throw new DiffusionForcingError(
      "invalid-config",
      `${path} is no training config:\n${describeIssues(parsed.error)}`,
    );
  }
  const { training, seed = 0 } = parsed.data;
  const { schedule } = training;
  const planner = parsePlanner(parsed.data.planner, path);
  const longest = (planner.lengths.at(-1) as number) * planner.frameStack;
  if (training.dataSteps < longest) {
    throw new DiffusionForcingError(
      "invalid-config",
      `${path}: training.dataSteps is ${training.dataSteps}; expected at least ${longest}, the frames of the longest window.`,
    );
  }
  return {
    planner,
    training: {
      ...training,
      schedule: {
        kind: schedule.kind,
        ...(schedule.warmupSteps === undefined ? {} : { warmupSteps: schedule.warmupSteps }),
      },
    },
    seed,
  };
}

function parsePlanner(value: unknown, path: string): PlannerConfig {
  try {
    return parsePlannerConfig(value);
  } catch (cause) {
    if (!isDiffusionForcingError(cause)) throw cause;
    throw new DiffusionForcingError(cause.code, `${path}: ${cause.message}`, { cause });
  }
}
