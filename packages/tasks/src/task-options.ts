import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { optionSchemas } from "./option-schemas.js";

/** An option that a task offers, as plain data: `--help` prints it, and its values are checked by it. */
export type OptionSchema =
  | {
      readonly kind: "integer" | "number";
      readonly summary: string;
      /** Absent: the option may be left out. */
      readonly default?: number;
      /** Bounds, inclusive. */
      readonly low?: number;
      readonly high?: number;
      /** What the model was trained for, inclusive: values outside are worth a warning. */
      readonly trained?: readonly [low: number, high: number];
      /** How that warning ends, where the task knows what to do with such values. */
      readonly beyond?: string;
    }
  | {
      readonly kind: "choice";
      readonly summary: string;
      readonly choices: readonly string[];
      readonly default: string;
    }
  | { readonly kind: "flag"; readonly summary: string }
  | {
      /** Up to a thousand characters: the name of a column, say. */
      readonly kind: "text";
      readonly summary: string;
      /** Absent: the option may be left out. */
      readonly default?: string;
    }
  | {
      /** On a command line the path of a file, which is read; its value is an {@link OptionFile}. */
      readonly kind: "file";
      readonly summary: string;
      /** Whether it must be given. */
      readonly required?: boolean;
      /** Most bytes that are read. */
      readonly maxBytes: number;
    };

/** A file of the user's, read: tasks see no file system, and run in browsers too. */
export interface OptionFile {
  /** For messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Options by name, in camelCase; on a command line `multiTask` is `--multi-task`. */
export type OptionSchemas = Readonly<Record<string, OptionSchema>>;

export type OptionValue = number | string | boolean | OptionFile | undefined;
export type OptionValues = Readonly<Record<string, OptionValue>>;

const offeredSchema = v.record(
  v.string(),
  v.looseObject(
    { kind: schemas.choice("integer", "number", "choice", "flag", "text", "file") },
    "an option { kind, summary }",
  ),
  "options by name",
);

/** Checks values against their schemas and fills in defaults. @throws `invalid-argument` naming the option */
export function checkOptionValues(what: string, options: OptionSchemas, values: OptionValues): OptionValues {
  check(`${what}: the options that there are`, offeredSchema, options);
  const entries = Object.entries(options).map(([name, option]) => [name, schemaOf(option)] as const);
  return check(what, v.strictObject(Object.fromEntries(entries)), values) as OptionValues;
}

function schemaOf(option: OptionSchema): v.GenericSchema {
  switch (option.kind) {
    case "flag":
      return v.optional(v.boolean("true or false"), false);
    case "choice":
      return v.optional(schemas.choice(...option.choices), option.default);
    case "integer":
      return v.optional(schemas.integer(option.low ?? 0, option.high), option.default as number);
    case "number":
      return v.optional(schemas.number(option.low, option.high), option.default as number);
    case "text":
      return v.optional(shortText, option.default as string);
    case "file": {
      const file = optionSchemas.file(option.maxBytes);
      return option.required ? file : v.optional(file);
    }
  }
}

const shortText: v.GenericSchema<string> = schemas.satisfying<string>(
  "a text of 1 to 1000 characters",
  (value) => typeof value === "string" && value.length >= 1 && value.length <= 1000,
);
