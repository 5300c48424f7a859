import {
  DiffusionForcingError,
  type DiffusionProcess,
  type LossWeighting,
  type ModelConfig,
  modelFromConfig,
  type NoiseScheduleConfig,
  parseObjective,
  scheduleFromConfig,
} from "@diffusion-forcing/core";
import { type MazeName, mazes } from "../mazes.js";
import { type FrameField, featuresPerFrame, frameFields } from "./frames.js";

/** What a planner is, as JSON: `config.json` beside its weights. */
export interface PlannerConfig {
  readonly kind: "maze2d-planner";
  readonly maze: MazeName;
  /** What each frame holds; positions come first. */
  readonly fields: readonly FrameField[];
  /** Frames (simulation steps of 0.01 s) stacked in a token. */
  readonly frameStack: number;
  /** Numbers of tokens trained on, start and goal token included, rising. */
  readonly lengths: readonly number[];
  readonly model: ModelConfig;
  readonly schedule: NoiseScheduleConfig;
  readonly objective: "noise" | "x0" | "v";
  readonly lossWeighting: LossWeighting;
  readonly clipNoise: number;
}

function refuse(field: string, given: unknown, expected: string): never {
  throw new DiffusionForcingError(
    "invalid-config",
    `Planner config: ${field} is ${JSON.stringify(given)}; expected ${expected}.`,
  );
}

/** Checks parsed JSON. @throws `invalid-config` naming the field, what was given and what was expected. */
export function parsePlannerConfig(value: unknown): PlannerConfig {
  if (typeof value !== "object" || value === null) refuse("the file", value, "a JSON object");
  const config = value as PlannerConfig;
  if (config.kind !== "maze2d-planner") refuse("kind", config.kind, '"maze2d-planner"');
  if (!Object.hasOwn(mazes, config.maze)) refuse("maze", config.maze, Object.keys(mazes).join(", "));
  const { fields, lengths, frameStack } = config;
  const ordered =
    Array.isArray(fields) && fields.every((field, i) => field === frameFields.filter((f) => fields.includes(f))[i]);
  if (!ordered || fields[0] !== "position")
    refuse("fields", fields, '"position", then optionally "velocity", "action"');
  if (!Number.isInteger(frameStack) || frameStack < 1) refuse("frameStack", frameStack, "a positive integer");
  const rising = Array.isArray(lengths) && lengths.every((n, i) => Number.isInteger(n) && n > (lengths[i - 1] ?? 2));
  if (!rising || lengths.length === 0) refuse("lengths", lengths, "rising integers from 3");
  const process = plannerProcess(config);
  const features = frameStack * featuresPerFrame(fields);
  if (process.model.features !== features) refuse("model.features", process.model.features, `${features}`);
  return config;
}

/** The diffusion process of a planner. @throws what its parts throw for illegal values */
export function plannerProcess(config: PlannerConfig): DiffusionProcess {
  return {
    model: modelFromConfig(config.model ?? refuse("model", config.model, "an object")),
    schedule: scheduleFromConfig(config.schedule),
    objective: parseObjective(config.objective),
    lossWeighting: config.lossWeighting,
    clipNoise: config.clipNoise,
  };
}
