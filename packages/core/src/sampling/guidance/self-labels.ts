import * as v from "valibot";
import { prototypePrefix, type SelfLabels, selfLabelsSchema } from "../../diffusion/self-labels.js";
import { backendSchema } from "../../engine/backend/backend-schema.js";
import { BoundedExecutables } from "../../engine/backend/bounded-executables.js";
import type { Backend } from "../../engine/backend/contract.js";
import { check, schemas } from "../../engine/check.js";
import { describe } from "../../engine/describe.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import { formatType } from "../../engine/graph/ops/helpers.js";
import { trace } from "../../engine/graph/trace.js";
import { createRandom, type RandomStream } from "../../engine/random/index.js";
import {
  checkHostTensor,
  disposeTensor,
  type HostTensor,
  type HostTensorRecord,
  readTensor,
  type Tensor,
  tensor,
  zeros,
} from "../../engine/tensor/tensor.js";
import { weightsOf } from "../../models/data-range.js";
import { checkParameters } from "../../models/parameters.js";
import { checkTokens } from "../request.js";

export interface SelfLabelerOptions {
  readonly backend: Backend;
  readonly labels: SelfLabels;
  /** The weights that `selfLabelTraining` came to, of the model and of the head. */
  readonly parameters: HostTensorRecord;
}

/** Gives labels to sequences, and conditions of labels. */
export interface SelfLabeler {
  /**
   * The prototype that each sequence, or each token, looks most like.
   *
   * @param tokens clean, float32 [B, T, ...].
   * @param seed draws the little noise they are looked at through.
   * @returns int32 [B], or [B, T] where tokens have labels.
   * @throws `shape-mismatch`, `invalid-data`, `disposed`
   */
  label(tokens: HostTensor, seed: number | RandomStream): Promise<HostTensor<"int32">>;
  /**
   * What a model is conditioned on to make, or to learn, tokens of these labels: their prototypes, float32 [B, T, D].
   *
   * @param labels int32 [B] or [B, T].
   * @param length T, where labels are those of sequences.
   * @throws `shape-mismatch`, `invalid-argument` for a label that is none
   */
  condition(labels: HostTensor<"int32">, length?: number): HostTensor<"float32">;
  dispose(): Promise<void>;
}

const schema = v.strictObject({
  backend: backendSchema,
  labels: selfLabelsSchema,
  parameters: schemas.having<HostTensorRecord>("a record of tensors"),
});

/** Graphs of labelling are small beside the weights; a few batch sizes stay compiled. */
const KEPT_BYTES = 2 ** 28;

/**
 * Labels without annotation for classifier-free guidance (Hu et al. 2023): the second stage trains the model with
 * `condition(label(tokens))`, dropped for some sequences (`dropCondition`, 15 % in the paper), and samples with
 * `condition(labels)` and `classifierFreeGuidance({ scale: 1 + s })`, s = 0.4 in the paper. The labels here are those of
 * weights that no longer move; the paper's code lets an average of them follow the second stage.
 *
 * @throws `invalid-argument`, `checkpoint-mismatch`
 */
export function selfLabeler(options: SelfLabelerOptions): SelfLabeler {
  const { backend, labels, parameters } = check("selfLabeler", schema, options);
  const { diffusion, head, per } = labels;
  const { model, process } = diffusion;
  const network = { ...model, parameters: labels.parameters };
  checkParameters(network, parameters);
  const constants = weightsOf(network, parameters);
  const ofHead = Object.entries(parameters).flatMap(([name, value]) =>
    name.startsWith(prototypePrefix) ? [[name.slice(prototypePrefix.length), value] as const] : [],
  );
  const rows = head.prototypesOf(Object.fromEntries(ofHead));
  const executables = new BoundedExecutables(backend, { bytes: KEPT_BYTES });

  return {
    async label(tokens, seed) {
      checkTokens("selfLabeler", "tokens", model, tokens);
      const noise = zeros("float32", tokens.shape);
      createRandom(seed).fillNormal(noise.data, { clip: process.noiseClip });
      const graph = () =>
        trace({ ...constants, tokens, noise }, (values) => ({
          scores: labels.scores(values, values.tokens, values.noise),
        }));
      const scores = await executables.use(tokens.shape.join(), graph, constants, async (executable) => {
        const result = (await executable.run({ tokens, noise })).scores as Tensor;
        const { data } = await readTensor(result);
        disposeTensor(result);
        return data;
      });
      const kinds = head.prototypes;
      const best = Int32Array.from({ length: scores.length / kinds }, (_, item) => {
        const own = Array.from(scores.subarray(item * kinds, (item + 1) * kinds));
        return own.reduce((most, score, k) => (score > (own[most] as number) ? k : most), 0);
      });
      return tensor(best, tokens.shape.slice(0, per === "sequence" ? 1 : 2));
    },
    condition(chosen, length) {
      checkHostTensor("selfLabeler: labels", chosen);
      const { dtype, shape, data } = chosen;
      if (dtype !== "int32" || shape.length < 1 || shape.length > 2) {
        throw new DiffusionForcingError(
          "shape-mismatch",
          `selfLabeler: the labels are ${formatType(chosen)}; expected int32[B] or int32[B, T].`,
        );
      }
      const [batch, tokens = length] = shape as [number, number?];
      if (tokens === undefined || (length !== undefined && length !== tokens)) {
        throw new DiffusionForcingError(
          "invalid-argument",
          `selfLabeler: labels ${formatType(chosen)} and the length ${describe(length)}; labels of sequences need the length of the condition as the second argument, those of tokens have it.`,
        );
      }
      const { size, prototypes } = head;
      const condition = zeros("float32", [batch, tokens, size]);
      const ofEach = shape.length === 1 ? tokens : 1;
      data.forEach((label, i) => {
        const row = rows[label];
        if (row === undefined) {
          throw new DiffusionForcingError(
            "invalid-argument",
            `selfLabeler: there is no label ${label}; expected 0 to ${prototypes - 1}.`,
          );
        }
        for (let t = 0; t < ofEach; t++) condition.data.set(row, (i * ofEach + t) * size);
      });
      return condition;
    },
    dispose: () => executables.dispose(),
  };
}
