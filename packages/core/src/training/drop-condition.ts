import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import type { RandomStream } from "../engine/random/index.js";
import { checkHostTensor, type HostTensor } from "../engine/tensor/tensor.js";

const schema = v.strictObject({
  probability: schemas.number(0, 1),
  random: schemas.satisfying<RandomStream>(
    "a RandomStream",
    (value) => typeof (value as RandomStream | undefined | null)?.uniform === "function",
  ),
});

/**
 * The condition with whole sequences of it replaced by zeros, the null condition, each with probability `probability`:
 * what a model has to see in training for classifier-free guidance (Ho and Salimans 2022).
 *
 * @param condition float32 [B, T, D]; not changed.
 * @param probability 0..1
 * @param random draws one number for each sequence of the batch.
 * @throws `invalid-argument`, `shape-mismatch`
 */
export function dropCondition(condition: HostTensor, probability: number, random: RandomStream): HostTensor {
  check("dropCondition", schema, { probability, random });
  checkHostTensor("dropCondition: the condition", condition);
  if (condition.dtype !== "float32" || condition.shape.length !== 3) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `dropCondition: the condition is ${formatType(condition)}; expected float32[B, T, D].`,
    );
  }
  const data = Float32Array.from(condition.data);
  const [batch] = condition.shape as [number];
  const size = data.length / batch;
  for (let b = 0; b < batch; b++) {
    if (random.uniform() < probability) data.fill(0, b * size, (b + 1) * size);
  }
  return { dtype: "float32", shape: condition.shape, data };
}
