import * as v from "valibot";
import type { Diffusion } from "../diffusion/diffusion.js";
import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { add, mul, square, sub } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { checkHostTensor, type HostTensorRecord } from "../engine/tensor/tensor.js";
import type { ParameterSpec, Parameters } from "../models/model.js";
import { withAdded } from "./added-loss.js";
import type { Batch, BatchSource } from "./batch.js";
import { splitWeights } from "./prefixed-weights.js";
import type { LossTensors, Trainable } from "./trainable.js";
import { asTrainable } from "./trainable-diffusion.js";

/** The loss on some data is to stay below a bound. */
export interface Constraint {
  /** Names it in states and messages. */
  readonly name: string;
  /** Largest loss, in the units of the training loss. */
  readonly bound: number;
  readonly batches: BatchSource;
}

export interface ConstrainedTrainingOptions {
  /** What is trained: a diffusion of any process, or anything with a loss. */
  readonly subject: Diffusion | Trainable;
  readonly constraints: readonly Constraint[];
  /** eta: how fast multipliers climb. Default 0.1. */
  readonly rate?: number;
  /**
   * alpha of the resilient variant: a constraint may be missed by u at the cost alpha u^2 / 2 and then is, where it is hard
   * to keep; its multiplier settles at alpha u. Default: none may be missed in the end.
   */
  readonly resilience?: number;
}

/** A training under constraints: what to train, and its batches. */
export interface ConstrainedTraining {
  readonly trainable: Trainable;
  /** The main batches, with those of the constraints drawn beside them. */
  batches(main: BatchSource): BatchSource;
}

const schema = v.strictObject({
  subject: schemas.having<Diffusion | Trainable>("a diffusion, or what has parameters and a loss of its own"),
  constraints: v.custom<readonly Constraint[]>(
    (value) => Array.isArray(value) && value.length > 0,
    "at least one constraint { name, bound, batches }",
  ),
  rate: v.optional(schemas.positive(), 0.1),
  resilience: v.optional(schemas.positive()),
});
const constraintSchema = v.strictObject({
  name: schemas.satisfying<string>(
    "a name of letters, digits and - _",
    (name) => typeof name === "string" && /^[\w-]{1,64}$/.test(name),
  ),
  bound: schemas.number(),
  batches: schemas.function<BatchSource>(),
});

const PREFIX = "multiplier.";

/**
 * Training under constraints by duality (Khalafi, Ding and Ribeiro 2024): the weights descend L_0 + sum lambda_i (L_i - b_i)
 * while every multiplier climbs, lambda_i <- [lambda_i + eta (L_i - b_i)]+. For given multipliers the best model is that of
 * the mixture (q_0 + sum lambda_i q_i) / (1 + sum lambda_i). Multipliers are parameters of the run: they are saved,
 * averaged and resumed like any. The form of the resilient variant is a reconstruction.
 *
 * @throws `invalid-argument`
 */
export function constrainedTraining(options: ConstrainedTrainingOptions): ConstrainedTraining {
  const { subject, constraints, rate, resilience } = check("constrainedTraining", schema, options);
  for (const constraint of constraints) check("constrainedTraining: a constraint", constraintSchema, constraint);
  const names = constraints.map(({ name }) => name);
  if (new Set(names).size < names.length) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `constrainedTraining: two constraints share a name: ${names.join(", ")}.`,
    );
  }
  const inner = asTrainable(subject);
  const multiplier: ParameterSpec = { shape: [], initializer: { kind: "zeros" }, ascent: rate };
  const settings = constraints.map(({ name, bound }) => ({ name, bound }));
  const batchOf = (batch: Batch, name: string): Batch => {
    const found = batch.constraints?.[name];
    if (typeof found === "object" && found !== null) return found;
    throw new DiffusionForcingError(
      "invalid-data",
      `constrainedTraining: the batch has no data of the constraint "${name}"; give train the batches that this function wraps.`,
    );
  };
  const trainable: Trainable = {
    ...inner,
    config: { kind: "constrained", rate, resilience, constraints: settings, subject: inner.config },
    parameters: { ...inner.parameters, ...Object.fromEntries(names.map((name) => [PREFIX + name, multiplier])) },
    checkBatch(batch) {
      const { constraints: _, ...main } = batch;
      inner.checkBatch(main);
      for (const name of names) {
        const own = batchOf(batch, name);
        if (own.tokens?.data?.length === 0) {
          throw new DiffusionForcingError(
            "invalid-data",
            `constrainedTraining: the data of the constraint "${name}" are empty.`,
          );
        }
        inner.checkBatch(own);
      }
    },
    inputs(batch, random) {
      // A trainable may fill the same buffers again and again: what the constraints draw is copied, what it draws last is not.
      const ofConstraints = names.flatMap((name) => {
        const own = inner.inputs(batchOf(batch, name), random.split(`constraint/${name}`));
        return Object.entries(own).map(([input, value]) => {
          return [`constraint/${name}/${input}`, { ...value, data: value.data.slice() }] as const;
        });
      });
      return { ...inner.inputs(batch, random), ...Object.fromEntries(ofConstraints) } as LossTensors;
    },
    loss(parameters, inputs) {
      const part = (prefix: string): Parameters =>
        Object.fromEntries(
          Object.entries(inputs).flatMap(([name, value]) =>
            name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
          ),
        );
      const own = Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith("constraint/")));
      const main = inner.loss(parameters, own);
      const terms = constraints.map(({ name, bound }): Value => {
        const lambda = parameters[PREFIX + name] as Value;
        const { loss } = inner.loss(parameters, part(`constraint/${name}/`));
        const missed = mul(lambda, sub(loss, bound));
        return resilience === undefined ? missed : sub(missed, mul(square(lambda), 0.5 / resilience));
      });
      const extra = terms.reduce((total, term) => add(total, term));
      return withAdded(main, extra);
    },
  };
  return {
    trainable,
    batches: (main) => async (step, random) => {
      const drawn = constraints.map(
        async ({ name, batches }) => [name, await batches(step, random.split("constraint").split(name))] as const,
      );
      return { ...(await main(step, random)), constraints: Object.fromEntries(await Promise.all(drawn)) };
    },
  };
}

/** The multipliers among the weights of a run under constraints, by name, and the weights without them. */
export function multipliersOf(parameters: HostTensorRecord): {
  readonly multipliers: Readonly<Record<string, number>>;
  readonly weights: HostTensorRecord;
} {
  const { beside, others } = splitWeights("multipliersOf", parameters, PREFIX);
  const multipliers = Object.entries(beside).map(([name, value]) => {
    return [name, checkHostTensor(`multipliersOf: the multiplier ${describe(name)}`, value).data[0] as number];
  });
  return { multipliers: Object.fromEntries(multipliers), weights: others };
}
