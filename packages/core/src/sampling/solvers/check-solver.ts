import * as v from "valibot";
import { schemas } from "../../engine/check.js";
import { configSchema } from "../../engine/check-config.js";
import type { Solver } from "./solver.js";

/** Far beyond any solver; the steps of a graph are unrolled with all their draws and evaluations. */
const MOST = 64;

const shape = v.looseObject({
  config: configSchema,
  // Or what gives the number for a process.
  draws: v.union([schemas.integer(0, MOST), schemas.function()]),
  law: v.optional(schemas.function()),
  evaluations: schemas.integer(1, MOST),
  needsPath: v.boolean(),
  memory: v.optional(schemas.function()),
  step: schemas.function(),
});

/** A solver of the library's or of one's own, kept as the object it is. */
export const solverSchema: v.GenericSchema<Solver> = schemas.satisfying<Solver>(
  "a solver, such as ddim(): config, draws, evaluations, needsPath and step",
  (value) => v.is(shape, value),
);
