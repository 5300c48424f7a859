import * as v from "valibot";
import { describe } from "./describe.js";
import { DiffusionForcingError, type ErrorCode } from "./errors.js";

/**
 * The one mechanism by which public options and stored configurations are validated: a valibot schema, and an error that
 * names the option, what was given and what was expected. Unknown keys are refused by name, so schemas are
 * `v.strictObject`s; numbers are finite unless a schema says otherwise.
 *
 * @param what the function or file whose options these are, as the message begins.
 * @returns the value with the schema's defaults filled in.
 * @throws `code`
 */
export function check<Schema extends v.GenericSchema>(
  what: string,
  schema: Schema,
  value: unknown,
  code: ErrorCode = "invalid-argument",
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  throw new DiffusionForcingError(code, `${what}: ${explain(result.issues[0] as v.BaseIssue<unknown>, schema)}`);
}

/**
 * As {@link check}, for an object of options that may all be left out, by the schema of each: for packages that bring no
 * library of schemas.
 */
export function checkOptions(what: string, entries: Readonly<Record<string, v.GenericSchema>>, value: unknown): void {
  const optional = Object.entries(entries).map(([name, schema]) => [name, v.optional(schema)] as const);
  check(what, v.strictObject(Object.fromEntries(optional)), value);
}

function explain(issue: v.BaseIssue<unknown>, schema: v.GenericSchema): string {
  const path = (issue.path ?? []).map(({ key }) => String(key)).join(".");
  if (issue.type === "strict_object" && issue.expected === "never") {
    const known = "entries" in schema ? Object.keys(schema.entries as object) : [];
    const hint = known.length > 0 && !path.includes(".") ? ` The known ones are ${known.join(", ")}.` : "";
    return `there is no option ${path}.${hint}`;
  }
  if (issue.type === "strict_object" && issue.input === undefined && path !== "") {
    const wanted = issue.path?.length === 1 ? expectedOf(schema, path) : undefined;
    return `${path} is missing.${wanted === undefined ? "" : ` Expected ${wanted}.`}`;
  }
  // A schema's own words say what was expected; valibot's defaults repeat what was received.
  const said = issue.message.startsWith("Invalid") ? (issue.expected ?? "another value") : issue.message;
  const expected = said === "Object" ? "an object" : said;
  return `${path === "" ? "the value" : path} is ${describe(issue.input)}; expected ${expected}.`;
}

/** What the schema of an option that it must have asks for, in its own words. */
function expectedOf(schema: v.GenericSchema, name: string): string | undefined {
  const entries = ("entries" in schema ? schema.entries : {}) as Readonly<Record<string, v.GenericSchema>>;
  const { message } = (entries[name] ?? {}) as { readonly message?: unknown };
  return typeof message === "string" ? message : undefined;
}

type Custom<T> = v.CustomSchema<T, v.ErrorMessage<v.CustomIssue>>;

/**
 * Schemas that options share. Each message says what is expected, and follows "expected".
 *
 * `integer`, `number`: from `low` to `high`, finite. `positive`: finite, above 0. `having`: an object of any kind that
 * has these members, such as a backend, a signal or a model. `satisfying`: whatever a test of one's own lets through.
 */
export const schemas: {
  integer(low: number, high?: number): Custom<number>;
  number(low?: number, high?: number): Custom<number>;
  positive(): Custom<number>;
  choice<const Words extends readonly string[]>(...words: Words): Custom<Words[number]>;
  function<F>(): Custom<F>;
  having<T>(what: string, ...members: readonly string[]): Custom<T>;
  satisfying<T>(what: string, holds: (value: unknown) => boolean): Custom<T>;
} = {
  integer: (low, high = Number.MAX_SAFE_INTEGER) =>
    v.custom(
      (value) => Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high,
      high === Number.MAX_SAFE_INTEGER ? `a whole number from ${low}` : `a whole number from ${low} to ${high}`,
    ),
  number: (low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY) =>
    v.custom(
      (value) => Number.isFinite(value) && (value as number) >= low && (value as number) <= high,
      Number.isFinite(low) || Number.isFinite(high) ? `a number ${range(low, high)}` : "a finite number",
    ),
  positive: () => v.custom((value) => Number.isFinite(value) && (value as number) > 0, "a positive number"),
  choice: (...words) =>
    v.custom((value) => words.includes(value as string), words.map((word) => JSON.stringify(word)).join(" or ")),
  function: () => v.custom((value) => typeof value === "function", "a function"),
  having: (what, ...members) =>
    v.custom((value) => typeof value === "object" && value !== null && members.every((name) => name in value), what),
  satisfying: (what, holds) => v.custom(holds, what),
};

function range(low: number, high: number): string {
  if (!Number.isFinite(high)) return `from ${low}`;
  return Number.isFinite(low) ? `from ${low} to ${high}` : `up to ${high}`;
}
