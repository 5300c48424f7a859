import { DiffusionForcingError, type Model, tensor } from "@diffusion-forcing/core";
import { constant, mul, neg, sum, type Value } from "@diffusion-forcing/core/graph";
import { queryOutputs } from "@diffusion-forcing/core/models";
import { checkBatch, type Trainable } from "@diffusion-forcing/core/training";

/**
 * What query-CTC is compared with: the same network and queries, of which the n-th must say the target's n-th symbol, and
 * those after its end nothing. The loss is in nats per sequence.
 */
export function positionwiseTraining(options: {
  readonly model: Model;
  readonly categories: number;
  readonly queries: number;
}): Trainable {
  const { model, categories, queries } = options;
  return {
    config: { kind: "position-wise", categories, queries, model: model.config },
    tokenShape: model.tokenShape,
    parameters: model.parameters,
    checkBatch({ targets = [], ...rest }) {
      checkBatch(model, 1, rest);
      const tooLong = targets.findIndex((target) => target.length > queries);
      if (targets.length === rest.tokens.shape[0] && tooLong < 0) return;
      throw new DiffusionForcingError(
        "invalid-data",
        tooLong < 0
          ? `positionwiseTraining: ${targets.length} targets for ${rest.tokens.shape[0]} sequences; expected one for each.`
          : `positionwiseTraining: target ${tooLong} has ${targets[tooLong]?.length} symbols; there are ${queries} queries.`,
      );
    },
    inputs({ tokens, targets = [] }) {
      const width = categories + 1;
      const wanted = new Float32Array(targets.length * queries * width);
      for (const [b, target] of targets.entries()) {
        for (let n = 0; n < queries; n++) wanted[(b * queries + n) * width + (target[n] ?? -1) + 1] = 1;
      }
      return { tokens, wanted: tensor(wanted, [targets.length, queries, width]) };
    },
    loss(parameters, { tokens, wanted }) {
      const said = queryOutputs(model, parameters, tokens as Value, queries);
      const nats = neg(sum(mul(said, wanted as Value)));
      const batch = said.shape[0] as number;
      return { total: nats, denominator: constant(batch), loss: mul(nats, 1 / batch) };
    },
  };
}
