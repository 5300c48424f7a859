import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import type { ParameterSpec } from "../models/model.js";

/** How the optimiser treats some of the parameters. */
export interface ParameterGroup {
  /** Factor on the learning rate; 0 freezes them. Default 1. */
  readonly learningRate?: number;
  /** Decoupled weight decay in place of the optimiser's. */
  readonly weightDecay?: number;
}

/** The group of a parameter, called once for each. */
export type ParameterGrouping = (name: string, spec: ParameterSpec) => ParameterGroup;

/**
 * What the field does: weights decay; biases, gains of norms and other tensors with fewer than two axes do not, nor does
 * what its specification exempts. To decay a gain is to pull it from 1, where it belongs, to 0.
 */
export const decayWeightsOnly: ParameterGrouping = (_name, { shape, decays = shape.length >= 2 }) =>
  decays ? {} : { weightDecay: 0 };

/** A group complete, with the rate of ascent of its parameters, 0 where they descend. */
export interface CompleteParameterGroup extends Required<ParameterGroup> {
  readonly ascent: number;
}

/** The distinct groups of a model's parameters, and which of them each is in. */
export interface ParameterGroups {
  readonly groups: readonly CompleteParameterGroup[];
  /** Index into `groups` by parameter name. */
  readonly indexOf: Readonly<Record<string, number>>;
}

const groupSchema = v.strictObject({
  learningRate: v.optional(schemas.number(0), 1),
  weightDecay: v.optional(schemas.number(0)),
});

/** @throws `invalid-argument` for what is no group, naming the parameter */
export function parameterGroups(
  specs: Readonly<Record<string, ParameterSpec>>,
  groupOf: ParameterGrouping,
  weightDecay: number,
): ParameterGroups {
  const groups: CompleteParameterGroup[] = [];
  const indices = Object.entries(specs).map(([name, spec]): [string, number] => {
    const { ascent = 0 } = spec;
    const own = check(`train: optimizer.group of "${name}"`, groupSchema, groupOf(name, spec));
    const group = {
      learningRate: own.learningRate,
      weightDecay: ascent > 0 ? 0 : (own.weightDecay ?? weightDecay),
      ascent,
    };
    const known = groups.findIndex(
      (other) =>
        other.learningRate === group.learningRate && other.weightDecay === group.weightDecay && other.ascent === ascent,
    );
    return [name, known >= 0 ? known : groups.push(group) - 1];
  });
  return { groups, indexOf: Object.fromEntries(indices) };
}
