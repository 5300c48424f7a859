import { DiffusionForcingError, type HostTensorRecord } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import {
  type Bundle,
  type BundleSource,
  bundleFiles,
  chainCodecs,
  encodeBundle,
  frameStackCodec,
  loadBundle,
  normalizationCodec,
  type TaskRecord,
} from "@diffusion-forcing/core/bundle";
import * as v from "valibot";
import { type Normalizer, parseNormalizer } from "../../planning/frames.js";
import { type MazeName, mazeLayout, mazes } from "../mazes.js";
import { mazeOf, type PlannerConfig, parsePlannerConfig, plannerDiffusion } from "./config.js";
import { type FrameField, featuresPerFrame } from "./frames.js";

/** A trained planner: everything a {@link MazePlanner} needs but a backend. */
export interface PlannerBundle {
  readonly config: PlannerConfig;
  readonly parameters: HostTensorRecord;
  readonly normalizer: Normalizer;
}

/** The files of a planner: those of any bundle. */
export const plannerFiles: typeof bundleFiles = bundleFiles;

/** What a bundle says of the job of a planner. */
interface MazeTaskRecord extends TaskRecord {
  readonly kind: "maze2d";
  /** The maze by name and by its walls: another one of the same name is noticed. "own" is one that somebody drew. */
  readonly maze: { readonly name: MazeName | "own"; readonly layout: string };
  readonly fields: readonly FrameField[];
  readonly lengths: readonly number[];
}

const taskSchema = v.strictObject({
  kind: v.literal("maze2d", '"maze2d"'),
  maze: v.strictObject({
    name: schemas.choice(...(Object.keys(mazes) as MazeName[]), "own"),
    layout: v.string("a text"),
  }),
  fields: v.array(v.string("a text")),
  lengths: v.array(schemas.integer(3)),
});

/** A planner as a bundle: its frames' normalisation and stacking are the codec, its maze is the task. */
export function bundleOfPlanner({ config, parameters, normalizer }: PlannerBundle): Bundle {
  const { maze, fields, lengths, frameStack } = config;
  const name = typeof maze === "string" ? maze : "own";
  const task: MazeTaskRecord = { kind: "maze2d", maze: { name, layout: mazeLayout(mazeOf(maze)) }, fields, lengths };
  return {
    diffusion: plannerDiffusion(config),
    parameters,
    codec: chainCodecs([normalizationCodec(normalizer), frameStackCodec(frameStack)]),
    task,
    trainedOn: { tokens: [lengths[0] as number, lengths.at(-1) as number] },
    card: {
      name: `maze2d-${name}`,
      description: `A Diffusion Forcing planner for ${name === "own" ? "a maze of your own" : `Maze2D's ${name} maze`}.`,
    },
  };
}

/**
 * The planner that a bundle is.
 *
 * @throws `invalid-config` for a bundle of another task, of another maze, or whose parts do not fit a planner.
 */
export function plannerOfBundle({ diffusion, parameters, codec, task }: Bundle): PlannerBundle {
  const { maze, fields, lengths } = check("A planner's task", taskSchema, task, "invalid-config");
  if (maze.name !== "own" && maze.layout !== mazeLayout(mazes[maze.name])) {
    throw new DiffusionForcingError(
      "invalid-config",
      `The planner was trained in a maze "${maze.name}" with the walls ${maze.layout.slice(0, 200)}; the maze of this name is ${mazeLayout(mazes[maze.name])}. Another maze's plans are of no use in it.`,
    );
  }
  const { normalization, frames } = codecParts(codec?.config);
  const { schedule, objective, noiseClip } = diffusion.process.config;
  const config = parsePlannerConfig({
    kind: "maze2d-planner",
    maze: maze.name === "own" ? { kind: "drawn", layout: maze.layout } : maze.name,
    fields,
    frameStack: frames,
    lengths,
    model: diffusion.model.config,
    schedule,
    objective,
    lossWeighting: diffusion.lossWeighting,
    clipNoise: noiseClip,
  });
  return { config, parameters, normalizer: parseNormalizer(normalization, featuresPerFrame(config.fields)) };
}

const codecSchema = v.strictObject({
  kind: v.literal("chain", '"chain"'),
  codecs: v.strictTuple([
    v.looseObject({ kind: v.literal("normalization", '"normalization"') }),
    v.strictObject({ kind: v.literal("frame-stack", '"frame-stack"'), frames: schemas.integer(1) }),
  ]),
});

function codecParts(config: unknown): { readonly normalization: unknown; readonly frames: number } {
  const [{ kind: _, ...normalization }, { frames }] = check(
    "A planner's codec",
    codecSchema,
    config,
    "invalid-config",
  ).codecs;
  return { normalization, frames };
}

/** A planner as files by name. */
export function encodePlannerBundle(planner: PlannerBundle): Record<string, Uint8Array<ArrayBuffer>> {
  return encodeBundle(bundleOfPlanner(planner));
}

/** Reads a planner. @throws what `loadBundle` and {@link plannerOfBundle} throw */
export async function readPlannerBundle(source: BundleSource): Promise<PlannerBundle> {
  return plannerOfBundle(await loadBundle(source));
}
