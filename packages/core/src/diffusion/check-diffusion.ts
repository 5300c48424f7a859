import * as v from "valibot";
import { schemas } from "../engine/check.js";
import { modelSchema } from "../models/check-model.js";
import { processSchema } from "../process/check-process.js";
import type { Diffusion } from "./diffusion.js";

const shape = v.looseObject({ model: modelSchema, process: processSchema });

/** A diffusion, kept as the object it is. */
export const diffusionSchema: v.GenericSchema<Diffusion> = schemas.satisfying<Diffusion>(
  "a diffusion, as diffusionForcing() makes one, of a model and a process",
  (value) => v.is(shape, value),
);
