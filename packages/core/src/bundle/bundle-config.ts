import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";

/** What a bundle tells people and programs about itself; nothing of it changes what the model computes. */
export interface BundleCard {
  readonly name?: string;
  readonly description?: string;
  readonly license?: string;
  /** Free-form: steps, seed, data, time. */
  readonly training?: Readonly<Record<string, unknown>>;
}

/** What the model was trained on, for bounds and warnings. */
export interface TrainedOn {
  /** Shortest and longest sequences, in tokens. */
  readonly tokens?: readonly [fewest: number, most: number];
  /** Smallest and largest value in a token. */
  readonly values?: readonly [smallest: number, largest: number];
}

/** The job that a model is for, as the task that evaluates it records it. */
export interface TaskRecord {
  readonly kind: string;
  readonly [field: string]: unknown;
}

interface ConfigParts {
  readonly version: 1;
  readonly model: { readonly kind: string };
  readonly codec?: unknown;
  readonly task?: TaskRecord;
  readonly trainedOn?: TrainedOn;
  readonly card?: BundleCard;
}

/** `config.json` of a bundle: of a diffusion, or of a model that predicts symbols. */
export type BundleConfig = ConfigParts &
  (
    | { readonly kind: "diffusion-forcing"; readonly process: unknown; readonly lossWeighting: unknown }
    | { readonly kind: "multi-token"; readonly head: unknown }
  );

const text = (most: number) => v.pipe(v.string("a text"), v.maxLength(most, `at most ${most} characters`));
const ofKind = (what: string) => v.looseObject({ kind: v.string("a text") }, `${what}, an object with its kind`);

/** From the smaller to the larger. */
const range = (item: v.GenericSchema<number>) =>
  v.pipe(
    v.strictTuple([item, item]),
    v.check(([low, high]) => low <= high, "the smaller number first"),
  );

export const cardSchema: v.GenericSchema<BundleCard> = v.strictObject({
  name: v.optional(text(200)),
  description: v.optional(text(10_000)),
  license: v.optional(text(200)),
  training: v.optional(v.record(v.string(), v.unknown())),
}) as v.GenericSchema<BundleCard>;

export const trainedOnSchema: v.GenericSchema<TrainedOn> = v.strictObject({
  tokens: v.optional(range(schemas.integer(1, 2 ** 31))),
  values: v.optional(range(schemas.number())),
}) as v.GenericSchema<TrainedOn>;

export const taskSchema: v.GenericSchema<TaskRecord> = ofKind("a task");

const common = {
  version: v.literal(1, "1, the version that this library reads"),
  model: ofKind("a model"),
  codec: v.optional(ofKind("a codec")),
  task: v.optional(taskSchema),
  trainedOn: v.optional(trainedOnSchema),
  card: v.optional(cardSchema),
};
const kinds: readonly BundleConfig["kind"][] = ["diffusion-forcing", "multi-token"];
/** A kind of bundle that this library knows. */
export const bundleKindSchema: v.GenericSchema<BundleConfig["kind"]> = schemas.choice(...kinds);
const diffusionSchema = v.strictObject({
  kind: bundleKindSchema,
  process: ofKind("a process"),
  lossWeighting: ofKind("a loss weighting"),
  ...common,
});
const multiTokenSchema = v.strictObject({ kind: bundleKindSchema, head: ofKind("a head"), ...common });

/** Far beyond any model; a file from elsewhere must not make its reader allocate without end. */
const LARGEST_SIZE = 65_536;

/** @throws `invalid-config` naming the field, what was given and what was expected */
export function parseBundleConfig(what: string, value: unknown): BundleConfig {
  const isModelAlone =
    typeof value === "object" && value !== null && "kind" in value && !("version" in value) && !("process" in value);
  if (isModelAlone) {
    throw new DiffusionForcingError(
      "invalid-config",
      `${what}: this is no bundle's configuration but one of kind ${describe(value.kind)}. A bundle of an earlier layout is brought up to date by \`dforce convert FOLDER --out NEW\`.`,
    );
  }
  const isMultiToken = typeof value === "object" && value !== null && "kind" in value && value.kind === "multi-token";
  const schema = isMultiToken ? multiTokenSchema : diffusionSchema;
  const config = check(what, schema, value, "invalid-config") as BundleConfig;
  checkSizes(what, config.model, "model");
  return config;
}

/** @param depth of nesting allowed: a file may hold millions of brackets */
function checkSizes(what: string, value: unknown, path: string, depth = 8): void {
  if (typeof value === "number" && !(Math.abs(value) <= LARGEST_SIZE)) {
    throw new DiffusionForcingError(
      "invalid-config",
      `${what}: ${path} is ${value}; expected at most ${LARGEST_SIZE}.`,
    );
  }
  if (typeof value !== "object" || value === null) return;
  if (depth === 0) {
    throw new DiffusionForcingError("invalid-config", `${what}: ${path} is nested too deep for a model.`);
  }
  for (const [key, part] of Object.entries(value)) checkSizes(what, part, `${path}.${key.slice(0, 40)}`, depth - 1);
}
