import { type HostTensor, type RandomStream, tensor, zeros } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { checkRandom } from "../../option-schemas.js";
import { actionFeatures } from "../world.js";
import { checkPlan, type FloorPlan } from "./floor-plan.js";
import { type Pose, renderView } from "./ray-caster.js";
import { act, type MazeAction, mazeActions, randomPose, wanderer } from "./walker.js";

/** Walks and what was seen on them. */
export interface MazeVideos {
  /** float32 [batch, length, 3, size, size], colours from -1 to 1. */
  readonly frames: HostTensor<"float32">;
  /** Of each frame the action that led to it, by `mazeActions`, float32 [batch, length, 3]. */
  readonly condition: HostTensor<"float32">;
  /** [batch][length] */
  readonly poses: readonly (readonly Pose[])[];
}

const sizesSchema = v.strictObject({
  batch: schemas.integer(1),
  length: schemas.integer(1),
  size: schemas.integer(1),
});

/** Videos of wanderers that start anywhere. The same stream gives the same videos. @throws `invalid-argument` */
export function mazeVideos(
  plan: FloorPlan,
  sizes: { readonly batch: number; readonly length: number; readonly size: number },
  random: RandomStream,
): MazeVideos {
  const { batch, length, size } = check("mazeVideos", sizesSchema, sizes);
  checkPlan("mazeVideos", plan);
  checkRandom("mazeVideos", random);
  const frames = zeros("float32", [batch, length, 3, size, size]).data;
  const condition = zeros("float32", [batch, length, mazeActions.length]).data;
  const poses = Array.from({ length: batch }, (_, b) => {
    const next = wanderer(plan, random);
    let pose = randomPose(plan, random);
    let action: MazeAction | undefined;
    return Array.from({ length }, (_, t) => {
      if (t > 0) {
        action = next(pose);
        pose = act(plan, pose, action);
      }
      const at = b * length + t;
      condition.set(actionFeatures(mazeActions, action), at * mazeActions.length);
      frames.set(renderView(plan, pose, size), at * 3 * size * size);
      return pose;
    });
  });
  return {
    frames: tensor(frames, [batch, length, 3, size, size]),
    condition: tensor(condition, [batch, length, mazeActions.length]),
    poses,
  };
}
