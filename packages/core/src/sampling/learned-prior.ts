import * as v from "valibot";
import { diffusionSchema } from "../diffusion/check-diffusion.js";
import type { Diffusion } from "../diffusion/diffusion.js";
import { generated } from "../diffusion/generator.js";
import { backendSchema } from "../engine/backend/backend-schema.js";
import type { Backend } from "../engine/backend/contract.js";
import { check, schemas } from "../engine/check.js";
import { buildGraph } from "../engine/graph/graph.js";
import { mul } from "../engine/graph/operations.js";
import {
  disposeTensor,
  type HostTensor,
  type HostTensorRecord,
  readTensor,
  type Tensor,
} from "../engine/tensor/tensor.js";
import { weightsOf } from "../models/data-range.js";
import { checkParameters } from "../models/parameters.js";
import type { StartPrior } from "./start.js";
import { parameterName, WalkInputs } from "./walk-inputs.js";

export interface LearnedPriorOptions {
  readonly backend: Backend;
  /** What was trained, and its weights, as of the sampler. */
  readonly diffusion: Diffusion;
  readonly parameters: HostTensorRecord;
}

const schema = v.strictObject({
  backend: backendSchema,
  diffusion: diffusionSchema,
  parameters: schemas.having<HostTensorRecord>("weights by parameter name"),
});

/**
 * The prior that `truncatedTraining` trains: the network itself makes the tokens to start from, in one run. The graph is
 * compiled anew for every call.
 *
 * @throws `invalid-argument`, `checkpoint-mismatch` for weights of another model, or with the discriminator's among them
 */
export function learnedPrior(options: LearnedPriorOptions): StartPrior {
  const { backend, diffusion, parameters } = check("learnedPrior", schema, options);
  checkParameters(diffusion.model, parameters);
  const weights = Object.entries(weightsOf(diffusion.model, parameters));
  const constants = Object.fromEntries(weights.map(([name, value]) => [parameterName(name), value]));
  return async ({ noise, condition }): Promise<HostTensor> => {
    const inputs = new WalkInputs(diffusion);
    const x = inputs.float("x", ...noise.shape);
    const given = condition && inputs.float("condition", ...condition.shape);
    const made = generated(diffusion, inputs.parameters, x, given);
    const executable = await backend.compile(buildGraph(inputs.declared, { made: mul(made, 1) }), { constants });
    try {
      const outputs = await executable.run({ x: noise, ...(condition === undefined ? {} : { condition }) });
      const result = await readTensor(outputs.made as Tensor);
      disposeTensor(outputs.made as Tensor);
      return result;
    } finally {
      executable.dispose();
    }
  };
}
