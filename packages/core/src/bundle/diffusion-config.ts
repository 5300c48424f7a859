import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { constant } from "../engine/graph/operations.js";
import { zeros } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { lossWeight } from "../process/gaussian/loss-weight.js";
import { parseObjective } from "../process/gaussian/objective.js";
import { scheduleFromConfig } from "../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../process/loss.js";
import type { ProcessConfig } from "../process/process.js";

const schema = v.strictObject({
  kind: v.literal("variance-preserving", '"variance-preserving"'),
  schedule: v.unknown(),
  objective: v.unknown(),
  noiseClip: schemas.positive(),
});

/** The process of a diffusion as JSON. */
export function processConfigOf({ schedule, objective, clipNoise }: DiffusionProcess): ProcessConfig {
  return { kind: "variance-preserving", schedule: schedule.config, objective, noiseClip: clipNoise };
}

/** The diffusion that stored configurations describe. @throws `invalid-config`, `invalid-schedule` */
export function diffusionFromConfig(model: Model, process: unknown, lossWeighting: unknown): DiffusionProcess {
  const { schedule, objective, noiseClip } = check("process", schema, process, "invalid-config");
  const diffusion = {
    model,
    schedule: scheduleFromConfig(schedule),
    objective: parseObjective(objective),
    lossWeighting: lossWeighting as DiffusionProcess["lossWeighting"],
    clipNoise: noiseClip,
  };
  lossWeight(diffusion.schedule, diffusion.objective, constant(zeros("int32", [1, 1])), diffusion.lossWeighting);
  return diffusion;
}
