import { add, mul } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { TrainableLoss } from "./trainable.js";

/** A loss with something beside it that is a mean already, such as a penalty: parts of a batch still add up. */
export function withAdded({ loss, total, denominator }: TrainableLoss, extra: Value): TrainableLoss {
  return { loss: add(loss, extra), total: add(total, mul(extra, denominator)), denominator };
}
