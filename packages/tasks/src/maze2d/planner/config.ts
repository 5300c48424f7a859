import {
  type Diffusion,
  DiffusionForcingError,
  type LossWeighting,
  modelFromConfig,
  variancePreserving,
} from "@diffusion-forcing/core";
import { describe } from "@diffusion-forcing/core/backend";
import { shapesEqual } from "@diffusion-forcing/core/graph";
import type { ModelConfig } from "@diffusion-forcing/core/models";
import { checkLossWeighting, type NoiseScheduleConfig, scheduleFromConfig } from "@diffusion-forcing/core/process";
import { type DrawnMaze, drawnMaze } from "../drawn-maze.js";
import { type Maze, type MazeName, mazes } from "../mazes.js";
import { type FrameField, featuresPerFrame, frameFields } from "./frames.js";

/** What a planner is, as JSON: `config.json` beside its weights. */
export interface PlannerConfig {
  readonly kind: "maze2d-planner";
  readonly maze: MazeName | DrawnMaze;
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

const knownFields: Readonly<Record<keyof PlannerConfig, true>> = {
  kind: true,
  maze: true,
  fields: true,
  frameStack: true,
  lengths: true,
  model: true,
  schedule: true,
  objective: true,
  lossWeighting: true,
  clipNoise: true,
};

/** Far beyond any planner; a config from elsewhere must not make its reader allocate without end. */
const largestModelSize = 65_536;

function refuse(field: string, given: unknown, expected: string): never {
  throw new DiffusionForcingError(
    "invalid-config",
    `Planner config: ${field} is ${given === undefined ? "missing" : describe(given)}; expected ${expected}.`,
  );
}

function refuseUnknown(prefix: string, given: object, known: object): void {
  for (const [field, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, field)) {
      refuse(`${prefix}${field}`, value, `no such field (known: ${Object.keys(known).join(", ")})`);
    }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Checks parsed JSON.
 *
 * @throws `invalid-config` or `invalid-schedule` naming the field, what was given and what was expected.
 */
export function parsePlannerConfig(value: unknown): PlannerConfig {
  if (!isObject(value)) refuse("the file", value, "a JSON object");
  refuseUnknown("", value, knownFields);
  const config = value as unknown as PlannerConfig;
  if (config.kind !== "maze2d-planner") refuse("kind", config.kind, '"maze2d-planner"');
  if (!isMaze(config.maze)) {
    refuse("maze", config.maze, `${Object.keys(mazes).join(", ")}, or an object with kind "drawn" and a layout`);
  }
  mazeOf(config.maze);
  const { fields, lengths, frameStack, model, clipNoise } = config;
  const ordered =
    Array.isArray(fields) && fields.every((field, i) => field === frameFields.filter((f) => fields.includes(f))[i]);
  if (!ordered || fields[0] !== "position")
    refuse("fields", fields, '"position", then optionally "velocity", "action"');
  if (!Number.isInteger(frameStack) || frameStack < 1) refuse("frameStack", frameStack, "a positive integer");
  const rising = Array.isArray(lengths) && lengths.every((n, i) => Number.isInteger(n) && n > (lengths[i - 1] ?? 2));
  if (!rising || lengths.length === 0) refuse("lengths", lengths, "rising integers from 3");
  if (typeof clipNoise !== "number" || !(clipNoise > 0)) refuse("clipNoise", clipNoise, "a positive number");
  if (!isObject(model)) refuse("model", model, "an object");
  for (const [field, size] of Object.entries(model)) {
    if (typeof size === "number" && size > largestModelSize) {
      refuse(`model.${field}`, size, `at most ${largestModelSize}`);
    }
  }

  const diffusion = plannerDiffusion(config);
  const features = frameStack * featuresPerFrame(fields);
  const { tokenShape } = diffusion.model;
  if (!shapesEqual(tokenShape, [features])) refuse("model.features", model.features, `${features}`);
  if (diffusion.model.conditionFeatures !== 0)
    refuse("model.conditionFeatures", diffusion.model.conditionFeatures, "0");
  return config;
}

function isMaze(maze: unknown): maze is PlannerConfig["maze"] {
  if (typeof maze === "string") return Object.hasOwn(mazes, maze);
  return isObject(maze) && maze.kind === "drawn" && typeof maze.layout === "string" && Object.keys(maze).length === 2;
}

/** The maze that a config names or draws. @throws `invalid-data` for a drawing that is none */
export function mazeOf(maze: PlannerConfig["maze"]): Maze {
  return typeof maze === "string" ? mazes[maze] : drawnMaze(maze.layout);
}

/** The diffusion of a planner. @throws what its parts throw for illegal values */
export function plannerDiffusion({ model, schedule, objective, lossWeighting, clipNoise }: PlannerConfig): Diffusion {
  return {
    model: modelFromConfig(model),
    process: variancePreserving(scheduleFromConfig(schedule), { objective, noiseClip: clipNoise }),
    lossWeighting: checkLossWeighting(lossWeighting),
  };
}
