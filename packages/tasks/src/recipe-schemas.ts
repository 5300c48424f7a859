import { schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";

/** The size of a transformer, as recipes give it. */
export const transformerSizeSchema: v.GenericSchema<{ width: number; layers: number; heads: number }> = v.strictObject({
  width: schemas.integer(8, 1024),
  layers: schemas.integer(1, 64),
  heads: schemas.integer(1, 64),
});

/** `TaskTraining`, as recipes give it. */
export const trainingSchema: v.GenericSchema<{
  steps: number;
  learningRate: number;
  schedule: { kind: "constant" | "cosine"; warmupSteps?: number | undefined };
  emaDecay: number;
}> = v.strictObject({
  steps: schemas.integer(1, 1e9),
  learningRate: schemas.positive(),
  schedule: v.strictObject({
    kind: schemas.choice("constant", "cosine"),
    warmupSteps: v.optional(schemas.integer(0)),
  }),
  emaDecay: schemas.number(0, 1 - 1e-12),
});
