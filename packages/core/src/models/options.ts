import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { sizeOf } from "../engine/tensor/shape.js";
import type { ParameterSpec } from "./model.js";
import type { NamedSpec } from "./parameter-specs.js";

/** Features of a vector or of a layer: far beyond what fits in memory, and far below where sizes lose digits. */
const MOST_FEATURES = 2 ** 20;
/** Numbers in one token. */
const LARGEST_TOKEN = 2 ** 28;
/** Values of all parameters together: 8 GiB of float32. */
const MOST_PARAMETERS = 2 ** 31;

type Integer = ReturnType<typeof schemas.integer>;

/** Schemas of what models have in common. A stored config is read by them too, so every size has an upper limit. */
export const modelSchemas: {
  /** Of a config: absent in options. */
  kind<const Kind extends string>(kind: Kind): v.OptionalSchema<ReturnType<typeof schemas.choice>, undefined>;
  features(low: 0 | 1): Integer;
  width(low: number): Integer;
  /** How many times something stands behind or beside the other: layers, heads, cells. */
  count(low?: number): Integer;
  flag(): v.BooleanSchema<string>;
  /** Token shapes with that many axes. */
  tokenShape(
    expected: string,
    ...axes: readonly number[]
  ): v.CustomSchema<readonly number[], v.ErrorMessage<v.CustomIssue> | undefined>;
} = {
  kind: (kind) => v.optional(schemas.choice(kind)),
  features: (low) => schemas.integer(low, MOST_FEATURES),
  width: (low) => schemas.integer(low, 2 ** 16),
  count: (low = 1) => schemas.integer(low, 1000),
  flag: () => v.boolean("true or false"),
  tokenShape: (expected, ...axes) =>
    v.custom<readonly number[]>(
      (value) =>
        Array.isArray(value) &&
        axes.includes(value.length) &&
        value.every((size) => Number.isSafeInteger(size) && size > 0) &&
        sizeOf(value) <= LARGEST_TOKEN,
      `${expected}, positive integers whose product is at most ${LARGEST_TOKEN}`,
    ),
};

/** Whether fields suit each other: throws `invalid-config` naming the field, what it is and what it may be. */
export type FieldRule<Options> = (legal: boolean, field: keyof Options & string, expected: string) => void;

/**
 * Options or a stored config of a kind of model, and a rule for what a schema cannot say.
 *
 * @throws `invalid-config`
 */
export function checkModelOptions<Schema extends v.GenericSchema>(kind: string, schema: Schema, options: unknown) {
  return check(kind, schema, options, "invalid-config") as v.InferOutput<Schema>;
}

/** The rule for the fields of a completed config. */
export function fieldRule<Options>(kind: string, config: Options): FieldRule<Options> {
  return (legal, field, expected) => {
    if (legal) return;
    throw new DiffusionForcingError(
      "invalid-config",
      `${kind}: ${field} is ${describe(config[field])}; expected ${expected}.`,
    );
  };
}

/**
 * Specifications by name.
 *
 * @throws `invalid-config` if there are more parameters than any machine here holds.
 */
export function specsByName(kind: string, specs: readonly NamedSpec[]): Record<string, ParameterSpec> {
  const count = specs.reduce((total, [, { shape }]) => total + sizeOf(shape), 0);
  if (count <= MOST_PARAMETERS) return Object.fromEntries(specs);
  throw new DiffusionForcingError(
    "invalid-config",
    `${kind}: these sizes make ${count} parameters; expected at most ${MOST_PARAMETERS}. Take fewer or narrower layers.`,
  );
}
