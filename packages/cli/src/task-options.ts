import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { checkOptionValues, type OptionSchema, type OptionSchemas, type OptionValues } from "@diffusion-forcing/tasks";
import { type Command, Option } from "commander";
import { UsageError } from "./options.js";

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function optionOf(name: string, schema: OptionSchema): Option {
  const { kind, summary } = schema;
  if (kind === "flag") return new Option(flagOf(name), summary);
  const option = new Option(
    `${flagOf(name)} <${kind === "choice" ? "name" : kind === "integer" ? "n" : "x"}>`,
    summary,
  );
  if (schema.default !== undefined) option.default(schema.default);
  if (kind === "choice") return option.choices([...schema.choices]);
  return option.argParser((text) => numberFrom(flagOf(name), text, schema));
}

type Numeric = Extract<OptionSchema, { kind: "integer" | "number" }>;

function numberFrom(
  flag: string,
  text: string,
  { kind, low = kind === "integer" ? 0 : undefined, high }: Numeric,
): number {
  const value = Number(text);
  const isNumber =
    text.trim() !== "" &&
    (kind === "integer" ? /^\d+$/.test(text) && Number.isSafeInteger(value) : Number.isFinite(value));
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

/**
 * The values of a task's options among those of a parsed command. A number beyond what the model was trained for gets a
 * warning on stderr.
 */
export function taskOptionValues(options: OptionSchemas, given: Readonly<Record<string, unknown>>): OptionValues {
  const own = Object.entries(given).filter(([name]) => Object.hasOwn(options, name));
  const values = checked(options, Object.fromEntries(own) as OptionValues);
  for (const [name, schema] of Object.entries(options)) {
    const value = values[name];
    if (schema.kind === "flag" || schema.kind === "choice" || typeof value !== "number" || schema.trained === undefined)
      continue;
    const [low, high] = schema.trained;
    if (value >= low && value <= high) continue;
    process.stderr.write(
      `warning: ${flagOf(name)} is ${value}; the model was trained on ${low} to ${high}, and knows nothing beyond\n`,
    );
  }
  return values;
}

/** Parsing has seen to all but the bounds that the model sets. */
function checked(options: OptionSchemas, values: OptionValues): OptionValues {
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
