import * as v from "valibot";
import { diffusionSchema } from "../../diffusion/check-diffusion.js";
import type { Diffusion } from "../../diffusion/diffusion.js";
import { check, schemas } from "../../engine/check.js";
import { describe } from "../../engine/describe.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import type { HostTensorRecord } from "../../engine/tensor/tensor.js";
import { drawsOf, type Solver } from "../solvers/solver.js";

/** Another model of the same tokens and process, quicker than the one that is sampled. */
export interface DraftModel {
  readonly diffusion: Diffusion;
  /** Its weights, by name. */
  readonly parameters: HostTensorRecord;
}

export interface SpeculativeOptions {
  /**
   * Who drafts: "frozen", the model itself, whose estimate of the clean tokens at a window's start is kept for all of the
   * window (De Bortoli et al. 2025; its first step is always right); "recent", likewise, but with the last estimate that
   * was computed anyway, so that a window costs one run of the model and not two; or another model. Default "recent".
   */
  readonly draft?: "frozen" | "recent" | DraftModel;
  /** L: steps drafted in a row, and checked in one run of the model. Default 5. */
  readonly length?: number;
}

/** How steps are drafted and checked; see {@link speculative}. */
export type Speculation = Required<SpeculativeOptions>;

const draftSchema = v.strictObject({
  diffusion: diffusionSchema,
  parameters: schemas.having<HostTensorRecord>("weights by parameter name"),
});
const schema = v.strictObject({
  draft: v.optional(
    v.custom<NonNullable<SpeculativeOptions["draft"]>>(
      (draft) => draft === "frozen" || draft === "recent" || v.is(draftSchema, draft),
      '"frozen", "recent" or a draft model { diffusion, parameters }',
    ),
    "recent",
  ),
  length: v.optional(schemas.integer(1, 1000), 5),
});

/**
 * Speculative sampling (De Bortoli et al. 2025) of any random solver: steps are drafted cheaply, the model looks at all of
 * them in one batched run, and each is kept or mirrored so that samples follow the law of the plain walk exactly. Fewer
 * runs in sequence, more evaluations in all: it pays where a batch of L costs less than L runs, as on a GPU.
 *
 * @throws `invalid-argument`
 */
export function speculative(options: SpeculativeOptions = {}): Speculation {
  return check("speculative", schema, options) as Speculation;
}

/** @throws `invalid-argument` for a solver that draws nothing, or a draft that does not fit the model. */
export function checkSpeculation({ draft }: Speculation, solver: Solver, { model, process }: Diffusion): void {
  const refuse = (message: string): never => {
    throw new DiffusionForcingError("invalid-argument", `speculative: ${message}.`);
  };
  if (solver.law === undefined || drawsOf(solver, process) === 0) {
    refuse(
      `the solver ${describe(solver.config.kind)}, as it is set, draws nothing that could be coupled; take one that does: ancestral(), or ddim({ eta: 1 })`,
    );
  }
  if (!solver.needsPath && process.posterior === undefined) {
    refuse(`a process of kind ${describe(process.config.kind)} takes no normal steps; sample it without speculation`);
  }
  if (typeof draft === "string") return;
  const given = draft.diffusion;
  if (JSON.stringify(given.process.config) !== JSON.stringify(process.config)) {
    refuse("the draft model has another process than the model; train both with the same");
  }
  const tokens = ({ tokenShape, conditionFeatures }: Diffusion["model"]) =>
    String([...tokenShape, "/", conditionFeatures]);
  if (tokens(given.model) !== tokens(model)) refuse("the draft model takes other tokens or conditions than the model");
}
