import { isDiffusionForcingError } from "@diffusion-forcing/core";
import {
  checkOptionValues,
  type OptionSchema,
  type OptionSchemas,
  type OptionValue,
  type OptionValues,
} from "@diffusion-forcing/tasks";
import { type Command, Option } from "commander";
import { readInput } from "./files/input.js";
import { decimal, UsageError } from "./options.js";

/** An option's name on the command line. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

const placeholders = { choice: "name", integer: "n", number: "x", text: "text", file: "file" } as const;

function optionOf(name: string, schema: OptionSchema): Option {
  const { kind, summary } = schema;
  if (kind === "flag") return new Option(flagOf(name), summary);
  const option = new Option(`${flagOf(name)} <${placeholders[kind]}>`, summary);
  if (kind === "file") return option;
  if (schema.default !== undefined) option.default(schema.default);
  if (kind === "text") return option;
  if (kind === "choice") return option.choices([...schema.choices]);
  return option.argParser((text) => numberFrom(flagOf(name), text, schema));
}

type Numeric = Extract<OptionSchema, { kind: "integer" | "number" }>;

function numberFrom(
  flag: string,
  text: string,
  { kind, low = kind === "integer" ? 0 : undefined, high }: Numeric,
): number {
  const value = decimal(text);
  const isNumber = kind === "integer" ? /^\d+$/.test(text) && Number.isSafeInteger(value) : Number.isFinite(value);
  if (isNumber && value >= (low ?? value) && value <= (high ?? value)) return value;
  const what = kind === "integer" ? "a whole number" : "a number";
  const bounds = `${low === undefined ? "" : ` from ${low}`}${high === undefined ? "" : ` to ${high}`}`;
  throw new UsageError(`${flag} is "${text}"; expected ${what}${bounds}.`);
}

/** Offers a task's options. */
export function addTaskOptions(command: Command, options: OptionSchemas): Command {
  for (const [name, schema] of Object.entries(options)) command.addOption(optionOf(name, schema));
  return command;
}

/** Options as a command line gives them: files by their paths. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/** What was said on the command line itself: no defaults. */
export function optionsSaid(command: Command): GivenOptions {
  return Object.fromEntries(
    Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === "cli"),
  );
}

/**
 * The values of a task's options among those of a parsed command, files read. A number beyond what the model was trained
 * for gets a warning on stderr.
 *
 * @throws UsageError, and what {@link readInput} throws
 */
export async function taskOptionValues(options: OptionSchemas, given: GivenOptions): Promise<OptionValues> {
  const own: Record<string, OptionValue> = {};
  for (const [name, value] of Object.entries(given)) {
    const schema = Object.hasOwn(options, name) ? options[name] : undefined;
    if (schema?.kind === "file" && typeof value === "string") {
      own[name] = { name: value, bytes: await readInput(value, schema.maxBytes) };
    } else if (schema !== undefined) own[name] = value as OptionValue;
  }
  const values = checked(options, own);
  for (const [name, schema] of Object.entries(options)) warnBeyondTraining(name, schema, values[name]);
  return values;
}

/** The paths of the files among options' values. */
export function filesAmong(values: OptionValues): string[] {
  return Object.values(values).flatMap((value) => (typeof value === "object" ? [value.name] : []));
}

function warnBeyondTraining(name: string, schema: OptionSchema, value: OptionValue): void {
  if ((schema.kind !== "integer" && schema.kind !== "number") || typeof value !== "number") return;
  const [low, high] = schema.trained ?? [value, value];
  if (value >= low && value <= high) return;
  process.stderr.write(
    `warning: ${flagOf(name)} is ${value}; the model was trained on ${low} to ${high}, ${schema.beyond ?? "and knows nothing beyond"}\n`,
  );
}

/** Parsing has seen to all but the bounds that the model sets, and what must be given. */
function checked(options: OptionSchemas, values: OptionValues): OptionValues {
  for (const [name, schema] of Object.entries(options)) {
    if (schema.kind === "file" && schema.required && values[name] === undefined) {
      throw new UsageError(`${flagOf(name)} is missing: ${schema.summary}.`);
    }
  }
  try {
    return checkOptionValues("", options, values);
  } catch (cause) {
    if (!isDiffusionForcingError(cause)) throw cause;
    throw new UsageError(cause.message.replace(/^: (\w+)/, (_, name: string) => flagOf(name)));
  }
}

/** A task's options as help text. */
export function describeTaskOptions(options: OptionSchemas): string {
  const lines = Object.entries(options).map(([name, schema]) => {
    const { flags, description, defaultValue, argChoices } = optionOf(name, schema);
    const choices = argChoices ? ` (choices: ${argChoices.join(", ")})` : "";
    const usual = defaultValue === undefined ? "" : ` (default: ${String(defaultValue)})`;
    return `  ${flags.padEnd(28)}${description}${choices}${usual}`;
  });
  return lines.join("\n");
}
